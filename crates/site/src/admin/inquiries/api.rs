//! `/v2/site/inquiries`: for programs of the organisation that see to its inquiries.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::{InquiryId, LeadId, MemberId};
use serde::{Deserialize, Serialize};
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Patch, Path, Query};
use utoipa::{IntoParams, ToSchema};

use super::STATES;
use super::change::{self, Change};
use super::store::{self, Key, Row};
use crate::core::Core;

/// Which inquiries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Look {
    /// One state alone: new, open, answered, closed, unconfirmed or spam. Without it all but spam.
    #[param(example = "new")]
    state: Option<String>,
}

/// What a visitor asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteInquiry)]
pub(super) struct InquiryOut {
    id: InquiryId,
    /// contact, audit, booking, letters or chat.
    kind: &'static str,
    topic: String,
    /// new, open, answered, closed, unconfirmed or spam.
    state: String,
    name: String,
    email: String,
    phone: String,
    company: String,
    message: String,
    /// Whether they agreed to letters.
    letters: bool,
    /// Of the audit that came with it, 0 to 100.
    score: Option<i16>,
    lead: Option<LeadId>,
    assignee: Option<MemberId>,
    follow_up_at: Option<DateTime<Utc>>,
    /// What spoke for spam.
    reasons: Vec<String>,
    at: DateTime<Utc>,
}

impl From<Row> for InquiryOut {
    fn from(row: Row) -> Self {
        let is_audit = row.kind == crate::inquiries::Kind::Audit;
        Self {
            id: row.id,
            kind: row.kind.as_str(),
            topic: row.topic,
            state: row.state,
            name: row.letter.name,
            email: row.letter.email,
            phone: row.letter.phone,
            company: row.letter.company,
            // Of an audit it is the way to its result, which is only theirs.
            message: if is_audit { String::new() } else { row.letter.message },
            letters: row.consent,
            score: row.score,
            lead: row.lead,
            assignee: row.assignee,
            follow_up_at: row.follow_up_at,
            reasons: row.spam.into_iter().map(|point| point.reason).collect(),
            at: row.at,
        }
    }
}

/// A change of an inquiry; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteInquiryPatch)]
pub(super) struct InquiryPatch {
    /// new, open, answered, closed or spam.
    #[serde(default)]
    #[schema(example = "answered")]
    state: Option<String>,
    /// A member; null for nobody.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    assignee: Patch<MemberId>,
    /// When to be reminded; null for never.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    follow_up_at: Patch<DateTime<Utc>>,
}

/// What visitors asked, the newest first.
#[utoipa::path(get, path = "/v2/site/inquiries", tag = "site", params(Look, PageParams),
    responses((status = 200, body = Listed<InquiryOut>)))]
pub(super) async fn list(
    by: Allowed<Reply>,
    State(core): State<Core>,
    page: Page<Key>,
    Query(look): Query<Look>,
) -> Result<Json<Listed<InquiryOut>>, AppError> {
    let known: Vec<&str> = STATES.iter().map(|(word, ..)| *word).collect();
    let states: Vec<&str> = match look.state.as_deref() {
        None | Some("") => known.into_iter().filter(|word| *word != "spam").collect(),
        Some(state) if known.contains(&state) => vec![state],
        Some(_) => return Err(AppError::field("state", "is not a state of an inquiry")),
    };
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let rows = store::list(&mut tx, &vault, &states, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| (row.at, row.id))?.map(InquiryOut::from)))
}

/// Change the state of an inquiry, who sees to it, or when.
#[utoipa::path(patch, path = "/v2/site/inquiries/{id}", tag = "site", params(("id" = InquiryId, Path,)),
    request_body = InquiryPatch, responses((status = 200, body = InquiryOut)))]
pub(super) async fn change(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<InquiryId>,
    Json(given): Json<InquiryPatch>,
) -> Result<Json<InquiryOut>, AppError> {
    let InquiryPatch { state, assignee, follow_up_at } = given;
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let row = change::change(&mut tx, &vault, (id, by.actor()), Change { state, assignee, follow_up_at }).await?;
    tx.commit().await?;
    Ok(Json(row.into()))
}
