//! `PATCH /v2/leads/{id}/tag`. A tag set by hand stays: the rules go on scoring but no longer tag.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{LeadId, NoteId};
use kernel::ledger::{Actor, Event, Fact, Subject, Tag};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::show::{LeadShown, load};
use super::store::{self, LeadRow};
use super::words;
use crate::core::Core;

/// The new tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagIn {
    /// `HOT`, `WARM` or `COLD`.
    pub tag: String,
}

/// Sets the tag within a transaction; what the rules had said is kept as a correction.
pub(crate) async fn change(tx: &mut OrgTx, id: LeadId, actor: Actor, word: &str) -> Result<(), AppError> {
    let tag = words::tag_of(word).ok_or_else(|| AppError::field("tag", "is HOT, WARM or COLD"))?;
    let lead = store::lock(tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let now = tx.clock().now();
    write(tx, &lead, tag, &actor.to_string(), now).await?;
    if lead.tag != tag.word() {
        correct(tx, &lead, tag, &actor.to_string()).await?;
        announce(tx, &lead, tag, actor);
    }
    Ok(())
}

/// Writes the tag with who set it and when.
pub(crate) async fn write(
    tx: &mut OrgTx,
    lead: &LeadRow,
    tag: Tag,
    by: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update leads set tag = $3, tag_by = $4, tag_at = $5, updated_at = now() where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(lead.id)
    .bind(tag.word())
    .bind(by)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps the change as a labelled example to learn from; one without a conversation has nothing to learn.
pub(crate) async fn correct(tx: &mut OrgTx, lead: &LeadRow, tag: Tag, by: &str) -> Result<(), sqlx::Error> {
    let Some(conversation) = lead.conversation_id else { return Ok(()) };
    let id = NoteId::new(tx.clock()).uuid();
    sqlx::query(
        "insert into corrections (org_id, id, conversation_id, kind, was, became, by_actor) values ($1, $2, $3, 'tag', $4, $5, $6)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(conversation)
    .bind(&lead.tag)
    .bind(tag.word())
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Tells the ledger.
pub(crate) fn announce(tx: &mut OrgTx, lead: &LeadRow, tag: Tag, actor: Actor) {
    let was = words::tag_of(&lead.tag).unwrap_or(Tag::Cold);
    tx.append(Event::new(
        Subject::Lead(lead.id),
        actor,
        Fact::LeadTagged { lead: lead.id, contact: lead.contact_id, tag, was },
    ));
}

/// Set a lead's tag by hand.
#[utoipa::path(patch, path = "/v2/leads/{id}/tag", tag = "leads", request_body = TagIn, responses((status = 200, body = LeadShown)))]
pub(crate) async fn set_tag(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<LeadId>,
    Json(given): Json<TagIn>,
) -> Result<Json<LeadShown>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    change(&mut tx, id, by.actor(), &given.tag).await?;
    let shown = load(&mut tx, &vault, id).await?;
    tx.commit().await?;
    Ok(Json(shown))
}
