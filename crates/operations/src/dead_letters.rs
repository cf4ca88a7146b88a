//! `GET /v2/dead-letters` and `POST /v2/dead-letters/{id}/retry`.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::ids::JobId;
use kernel::queue::{DeadLetter, Lane, list_dead, retry_dead};
use serde::Serialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

/// A job after its last failure. Its payload holds ids and is not shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterOut {
    id: JobId,
    /// `inbound`, `outbound`, `ai`, … or `follower`.
    lane: String,
    /// Such as `outbound.send`.
    kind: String,
    /// How often it was tried.
    attempts: i32,
    /// How often a worker died on it.
    crashes: i32,
    /// Its last error.
    error: String,
    enqueued_at: DateTime<Utc>,
    died_at: DateTime<Utc>,
    /// How often it was brought back since.
    retries: i32,
}

impl From<DeadLetter> for DeadLetterOut {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, lane, kind, attempts, crashes, error, enqueued_at, died_at, retries, .. } = letter;
        Self { id, lane, kind, attempts, crashes, error, enqueued_at, died_at, retries }
    }
}

/// List the jobs that failed for good, newest first.
#[utoipa::path(get, path = "/v2/dead-letters", tag = "operations", params(PageParams), responses((status = 200, body = Listed<DeadLetterOut>)))]
pub(crate) async fn list_dead_letters(
    by: Allowed<ManageChannels>,
    page: Page<JobId>,
) -> Result<Json<Listed<DeadLetterOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = list_dead(&mut tx, page.fetch(), page.after).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?.map(DeadLetterOut::from)))
}

/// Put a job that failed for good back to work.
#[utoipa::path(post, path = "/v2/dead-letters/{id}/retry", tag = "operations", params(("id" = JobId, Path,)), responses((status = 204)))]
pub(crate) async fn retry_dead_letter(
    by: Allowed<ManageChannels>,
    Path(id): Path<JobId>,
) -> Result<StatusCode, AppError> {
    revive(&by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts one dead letter back to work, with its row in the audit log; 404 when the organisation has none of that id.
pub(crate) async fn revive(by: &Allowed<ManageChannels>, id: JobId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    if !retry_dead(&mut tx, id).await? {
        return Err(AppError::not_found("dead letter"));
    }
    audit::record(&mut tx, AuditEntry::new(by.actor(), "dead_letter.retried").about(id)).await?;
    tx.commit().await?;
    for lane in Lane::ALL {
        by.kernel().db.signals().lane(*lane);
    }
    Ok(())
}
