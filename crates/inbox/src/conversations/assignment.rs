//! `PATCH /v2/conversations/{id}/assign`.

use axum::http::StatusCode;
use kernel::ids::{ConversationId, MemberId};
use kernel::ledger::{Event, Fact, Subject};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

/// Who takes care of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignIn {
    /// A member, or null for nobody.
    pub member_id: Option<MemberId>,
}

/// Gives a conversation to a member, or to nobody.
pub(crate) async fn assign(by: &Allowed<Reply>, id: ConversationId, given: &AssignIn) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    if let Some(member) = given.member_id {
        let known: bool = sqlx::query_scalar("select exists (select 1 from members where org_id = $1 and id = $2)")
            .bind(tx.org())
            .bind(member)
            .fetch_one(tx.conn())
            .await?;
        if !known {
            return Err(AppError::field("member_id", "is no member of this organisation"));
        }
    }
    let changed = sqlx::query("update conversations set assignee_id = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(given.member_id)
        .execute(tx.conn())
        .await?;
    if changed.rows_affected() == 0 {
        return Err(AppError::not_found("conversation"));
    }
    let fact = Fact::ConversationAssigned { conversation: id, member: given.member_id };
    tx.append(Event::new(Subject::Conversation(id), by.actor(), fact));
    tx.commit().await?;
    Ok(())
}

/// Assign a conversation to a member, or to nobody.
#[utoipa::path(patch, path = "/v2/conversations/{id}/assign", tag = "conversations", request_body = AssignIn, responses((status = 204)))]
pub(crate) async fn assign_conversation(
    by: Allowed<Reply>,
    Path(id): Path<ConversationId>,
    Json(given): Json<AssignIn>,
) -> Result<StatusCode, AppError> {
    assign(&by, id, &given).await?;
    Ok(StatusCode::NO_CONTENT)
}
