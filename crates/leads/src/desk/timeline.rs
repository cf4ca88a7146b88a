//! `GET /v2/leads/{id}/timeline`: the facts of the contact, the conversation and the lead as one story.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{EventId, LeadId};
use kernel::ledger::{Recorded, Subject, timeline};
use serde::Serialize;
use serde_json::Value;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use super::store::{self, LeadRow};
use super::words;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    pub id: EventId,
    pub at: DateTime<Utc>,
    /// Such as `message.received` or `lead.scored`.
    pub kind: String,
    /// `contact`, `conversation` or `lead`.
    pub about: String,
    /// In words, for people.
    pub line: String,
    /// `member`, `API key`, `contact`, `Recoup` or `system`.
    pub by: String,
    /// Ids and numbers of what happened.
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl TimelineEntry {
    fn of(event: &Recorded) -> Option<Self> {
        let mut fact = serde_json::to_value(&event.fact).ok()?;
        Some(Self {
            id: event.id,
            at: event.at,
            kind: event.fact.kind().to_owned(),
            about: event.subject.kind().to_owned(),
            line: words::line_of(&event.fact)?,
            by: words::who(event.actor).to_owned(),
            detail: fact.get_mut("payload").map(Value::take).unwrap_or_default(),
        })
    }
}

/// The newest facts below a cursor, at most `limit`.
pub(crate) async fn read(
    tx: &mut OrgTx,
    lead: &LeadRow,
    limit: i64,
    before: Option<EventId>,
) -> Result<Vec<TimelineEntry>, sqlx::Error> {
    let mut subjects = vec![Subject::Lead(lead.id), Subject::Contact(lead.contact_id)];
    subjects.extend(lead.conversation_id.map(Subject::Conversation));
    let mut facts = Vec::new();
    for subject in subjects {
        // Facts that say nothing to a person are left out; ten of them in a row are rarely seen, an empty page never ends a story.
        facts.extend(timeline(tx, subject, limit + 10, before).await?.iter().filter_map(TimelineEntry::of));
    }
    facts.sort_by_key(|entry| std::cmp::Reverse(entry.id));
    facts.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(facts)
}

/// The lead's story, newest first.
#[utoipa::path(get, path = "/v2/leads/{id}/timeline", tag = "leads", params(PageParams),
    responses((status = 200, body = Listed<TimelineEntry>)))]
pub(crate) async fn lead_timeline(
    by: Allowed<View>,
    page: Page<EventId>,
    Path(id): Path<LeadId>,
) -> Result<Json<Listed<TimelineEntry>>, AppError> {
    let mut tx = by.tx().await?;
    let lead = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let rows = read(&mut tx, &lead, page.fetch(), page.after).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?))
}
