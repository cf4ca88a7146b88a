//! `GET` and `POST /v2/conversations/{id}/notes`: private, never sent.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, MemberId, NoteId};
use kernel::ledger::{Event, Fact, Subject};
use serde::{Deserialize, Serialize};
use shell::auth::permission::{Reply, View};
use shell::{Allowed, AppError, Json, Listed, Path};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;

/// A note to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteIn {
    /// What to remember, up to 10,000 characters.
    pub body: String,
}

/// A private note.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct NoteOut {
    pub id: NoteId,
    pub author_id: MemberId,
    pub body: String,
    pub created_at: DateTime<Utc>,
}

/// A conversation's notes, oldest first.
pub(crate) async fn all(tx: &mut OrgTx, id: ConversationId) -> Result<Vec<NoteOut>, sqlx::Error> {
    sqlx::query_as("select id, author_id, body, created_at from notes where org_id = $1 and conversation_id = $2 order by id limit 200")
        .bind(tx.org())
        .bind(id)
        .fetch_all(tx.conn())
        .await
}

/// Writes a note.
pub(crate) async fn write(by: &Allowed<Reply>, id: ConversationId, body: &str) -> Result<NoteId, AppError> {
    let body = crate::ingest::clean(body.trim());
    if body.is_empty() || body.chars().count() > 10_000 {
        return Err(AppError::field("body", "must have 1 to 10,000 characters"));
    }
    let mut tx = by.tx().await?;
    store::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    let note = NoteId::new(&by.kernel().clock);
    sqlx::query("insert into notes (org_id, id, conversation_id, author_id, body) values ($1, $2, $3, $4, $5)")
        .bind(tx.org())
        .bind(note)
        .bind(id)
        .bind(by.member().map_or(Uuid::nil(), MemberId::uuid))
        .bind(body)
        .execute(tx.conn())
        .await?;
    tx.append(Event::new(Subject::Conversation(id), by.actor(), Fact::ConversationNoted { conversation: id, note }));
    tx.commit().await?;
    Ok(note)
}

/// List a conversation's notes.
#[utoipa::path(get, path = "/v2/conversations/{id}/notes", tag = "conversations", responses((status = 200, body = Listed<NoteOut>)))]
pub(crate) async fn list_notes(
    by: Allowed<View>,
    Path(id): Path<ConversationId>,
) -> Result<Json<Listed<NoteOut>>, AppError> {
    let mut tx = by.tx().await?;
    store::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    Ok(Json(Listed::whole(all(&mut tx, id).await?)))
}

/// Write a private note.
#[utoipa::path(post, path = "/v2/conversations/{id}/notes", tag = "conversations", request_body = NoteIn, responses((status = 201)))]
pub(crate) async fn create_note(
    by: Allowed<Reply>,
    Path(id): Path<ConversationId>,
    Json(given): Json<NoteIn>,
) -> Result<StatusCode, AppError> {
    write(&by, id, &given.body).await?;
    Ok(StatusCode::CREATED)
}
