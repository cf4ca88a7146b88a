//! `GET /v2/conversations`.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, ConversationId, LeadId, MemberId};
use serde::{Deserialize, Serialize};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Query};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, ConversationRow, Wanted};
use crate::contacts::ContactCard;
use crate::core::Core;

/// Which conversations.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `open`, `needs_human`, `snoozed` or `closed`.
    pub status: Option<String>,
    /// A member's id, `me` or `none`.
    pub assignee: Option<String>,
    /// `facebook`, `instagram`, `whatsapp`, `x`, …
    pub channel: Option<String>,
    /// `HOT`, `WARM` or `COLD`.
    pub tag: Option<String>,
    /// Words of a message, or a contact's name, handle, address or number.
    pub q: Option<String>,
    /// Read by `Page`.
    #[param(ignore)]
    pub limit: Option<String>,
    /// Read by `Page`.
    #[param(ignore)]
    pub cursor: Option<String>,
}

/// Most conversations a search looks at.
const SEARCHED: i32 = 500;

impl Filter {
    /// The rows the filter wants; words are looked up first.
    pub(crate) async fn wanted(&self, tx: &mut OrgTx, core: &Core, me: Option<MemberId>) -> Result<Wanted, AppError> {
        let mut wanted = Wanted {
            status: self.status.clone(),
            channel: self.channel.clone(),
            tag: self.tag.clone(),
            ..Wanted::default()
        };
        match self.assignee.as_deref() {
            None | Some("") => {}
            Some("none") => wanted.unassigned = true,
            Some("me") => wanted.assignee = Some(me.map_or(Uuid::nil(), MemberId::uuid)),
            Some(id) => {
                let id: MemberId =
                    id.parse().map_err(|_| AppError::field("assignee", "is a member's id, me or none"))?;
                wanted.assignee = Some(id.uuid());
            }
        }
        if let Some(words) = self.q.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
            let mut among = store::matching(tx, words, SEARCHED).await?;
            let contacts = core.contacts.find(tx, words, 50).await.map_err(AppError::internal)?;
            among.extend(store::of_contacts(tx, &contacts).await?);
            among.sort_unstable();
            among.dedup();
            wanted.among = Some(among);
        }
        Ok(wanted)
    }
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationOut {
    pub id: ConversationId,
    pub channel_id: ChannelId,
    pub channel: String,
    pub contact_id: ContactId,
    /// The contact's name, or a word for a person without one.
    pub contact_name: String,
    /// `open`, `needs_human`, `snoozed` or `closed`.
    pub status: String,
    /// Who holds the pen: `bot` or `human`.
    pub holder: String,
    pub assignee_id: Option<MemberId>,
    pub snoozed_until: Option<DateTime<Utc>>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// Why a person is needed.
    pub escalation: Option<String>,
    pub last_message_at: DateTime<Utc>,
    /// When the contact's oldest unanswered message came.
    pub waiting_since: Option<DateTime<Utc>>,
    pub preview: String,
    pub last_writer: String,
    pub unread: i32,
    pub lead_id: Option<LeadId>,
    /// `HOT`, `WARM` or `COLD`.
    pub lead_tag: Option<String>,
    /// 0 to 100.
    pub lead_score: Option<i32>,
    pub sentiment: Option<String>,
    pub urgency: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl ConversationOut {
    pub(crate) fn of(row: ConversationRow, cards: &HashMap<ContactId, ContactCard>) -> Self {
        let ConversationRow {
            id,
            channel_id,
            channel_kind,
            contact_id,
            status,
            holder,
            assignee_id,
            snoozed_until,
            language,
            escalation,
            last_message_at,
            waiting_since,
            window_from: _,
            preview,
            last_writer,
            unread,
            lead_id,
            lead_tag,
            lead_score,
            sentiment,
            urgency,
            opted_out: _,
            created_at,
        } = row;
        let contact_name = cards.get(&contact_id).map_or_else(|| "Erased contact".to_owned(), |card| card.name.clone());
        Self {
            id,
            channel_id,
            channel: channel_kind,
            contact_id,
            contact_name,
            status,
            holder,
            assignee_id,
            snoozed_until,
            language,
            escalation,
            last_message_at,
            waiting_since,
            preview,
            last_writer,
            unread,
            lead_id,
            lead_tag,
            lead_score,
            sentiment,
            urgency,
            created_at,
        }
    }
}

/// The cards of the contacts of rows.
pub(crate) async fn cards_of(
    tx: &mut OrgTx,
    core: &Core,
    rows: &[ConversationRow],
) -> Result<HashMap<ContactId, ContactCard>, AppError> {
    let contacts: Vec<ContactId> = rows.iter().map(|row| row.contact_id).collect();
    core.contacts.cards(tx, &contacts).await.map_err(AppError::internal)
}

/// List conversations, the one with the latest message first.
#[utoipa::path(get, path = "/v2/conversations", tag = "conversations", params(PageParams, Filter),
    responses((status = 200, body = Listed<ConversationOut>)))]
pub(crate) async fn list_conversations(
    by: Allowed<View>,
    State(core): State<Core>,
    page: Page<(DateTime<Utc>, ConversationId)>,
    Query(filter): Query<Filter>,
) -> Result<Json<Listed<ConversationOut>>, AppError> {
    let mut tx = by.tx().await?;
    let mut wanted = filter.wanted(&mut tx, &core, by.member()).await?;
    wanted.after = page.after;
    wanted.limit = page.fetch();
    let rows = store::list_rows(&mut tx, &wanted).await?;
    let cards = cards_of(&mut tx, &core, &rows).await?;
    let listed = Listed::new(&page, rows, |row| (row.last_message_at, row.id))?;
    Ok(Json(listed.map(|row| ConversationOut::of(row, &cards))))
}
