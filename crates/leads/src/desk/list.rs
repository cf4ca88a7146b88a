//! `GET /v2/leads`.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId, MemberId};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Query};
use utoipa::{IntoParams, ToSchema};

use super::store::{self, LeadRow, Wanted};
use super::words;
use crate::contacts::{self, Card};
use crate::core::Core;

/// Which leads.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `HOT`, `WARM` or `COLD`.
    pub tag: Option<String>,
    /// `new`, `contacted`, `qualified`, `proposal`, `won` or `lost`.
    pub stage: Option<String>,
    /// A contact's name, handle, e-mail address or number.
    pub q: Option<String>,
}

/// Most contacts a search looks at.
const SEARCHED: i64 = 200;

impl Filter {
    /// The rows the filter wants; a name is looked up first.
    pub(crate) async fn wanted(&self, tx: &mut OrgTx, vault: &OrgVault) -> Result<Wanted, AppError> {
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (tag, stage) = (given(&self.tag), given(&self.stage));
        if tag.as_deref().is_some_and(|tag| words::tag_of(tag).is_none()) {
            return Err(AppError::field("tag", "is HOT, WARM or COLD"));
        }
        if stage.as_deref().is_some_and(|stage| !words::STAGES.iter().any(|(word, _)| *word == stage)) {
            return Err(AppError::field("stage", "is new, contacted, qualified, proposal, won or lost"));
        }
        let contacts = match given(&self.q) {
            Some(words) => Some(contacts::find(tx, vault, &words, SEARCHED).await?),
            None => None,
        };
        Ok(Wanted { tag, stage, contacts, ..Wanted::default() })
    }
}

/// A signal that moved the score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignalOut {
    /// Its name, such as `price_or_buying`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The points it gave, negative for a loss.
    pub points: i32,
}

/// A lead.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeadOut {
    pub id: LeadId,
    pub contact_id: ContactId,
    /// The contact's name, or a word for a person without one.
    pub contact_name: String,
    pub conversation_id: Option<ConversationId>,
    /// Where the contact wrote.
    pub channel: Option<String>,
    pub stage: String,
    /// 0 to 100: the sum of the signals, kept in that range.
    pub score: i32,
    /// `HOT`, `WARM` or `COLD`.
    pub tag: String,
    /// `rules`, a CRM, or who set it by hand.
    pub tag_by: String,
    /// When the tag last changed.
    pub tag_at: DateTime<Utc>,
    /// What the score is made of.
    pub signals: Vec<SignalOut>,
    pub topic: Option<String>,
    pub intent: Option<String>,
    /// What to do next.
    pub recommended_action: String,
    pub summary: Option<String>,
    /// In the currency's smallest unit.
    pub value_minor: Option<i64>,
    pub currency: String,
    pub owner_id: Option<MemberId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// When it was won or lost.
    pub closed_at: Option<DateTime<Utc>>,
}

impl LeadOut {
    pub(crate) fn of(row: LeadRow, cards: &HashMap<ContactId, Card>) -> Self {
        let LeadRow {
            id,
            contact_id,
            conversation_id,
            channel_kind,
            stage,
            score,
            tag,
            tag_by,
            tag_at,
            signals,
            topic,
            intent,
            recommended_action,
            summary,
            value_minor,
            currency,
            owner_id,
            created_at,
            updated_at,
            closed_at,
        } = row;
        let contact_name = cards.get(&contact_id).map_or_else(|| "Erased contact".to_owned(), Card::shown_name);
        let signals = signals.0.into_iter().map(|signal| SignalOut {
            label: words::signal_label(&signal.name),
            name: signal.name,
            points: signal.points,
        });
        let recommended_action = recommended_action.unwrap_or_else(|| words::next_step(&tag, &stage).to_owned());
        Self {
            id,
            contact_id,
            contact_name,
            conversation_id,
            channel: channel_kind,
            stage,
            score,
            tag,
            tag_by,
            tag_at,
            signals: signals.collect(),
            topic,
            intent,
            recommended_action,
            summary,
            value_minor,
            currency,
            owner_id,
            created_at,
            updated_at,
            closed_at,
        }
    }
}

impl LeadOut {
    /// What it may be worth as a page shows it; empty when nobody said.
    pub(crate) fn value(&self) -> String {
        self.value_minor.map(|minor| shell::page::amount(minor, &self.currency)).unwrap_or_default()
    }
}

/// A page of leads with the cards of their contacts.
pub(crate) async fn read(tx: &mut OrgTx, vault: &OrgVault, wanted: &Wanted) -> Result<Vec<LeadOut>, AppError> {
    let rows = store::list_rows(tx, wanted).await?;
    let ids: Vec<ContactId> = rows.iter().map(|row| row.contact_id).collect();
    let cards = contacts::cards(tx, vault, &ids).await?;
    Ok(rows.into_iter().map(|row| LeadOut::of(row, &cards)).collect())
}

/// List leads, the one that changed last first.
#[utoipa::path(get, path = "/v2/leads", tag = "leads", params(PageParams, Filter), responses((status = 200, body = Listed<LeadOut>)))]
pub(crate) async fn list_leads(
    by: Allowed<View>,
    State(core): State<Core>,
    page: Page<(DateTime<Utc>, LeadId)>,
    Query(filter): Query<Filter>,
) -> Result<Json<Listed<LeadOut>>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let mut wanted = filter.wanted(&mut tx, &vault).await?;
    (wanted.after, wanted.limit) = (page.after, page.fetch());
    let rows = read(&mut tx, &vault, &wanted).await?;
    Ok(Json(Listed::new(&page, rows, |row| (row.updated_at, row.id))?))
}
