//! `GET /v2/crm/sync/status` and `POST /v2/crm/sync/{lead}`.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::LeadId;
use serde::Serialize;
use shell::auth::permission::{Reply, View};
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::sync::SyncJob;
use super::{SYSTEM, connection};
use crate::desk::store;

/// How the sync is doing.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct SyncStatus {
    /// `hubspot`, or none when no CRM is connected.
    pub system: Option<String>,
    /// `connected`, `reauthorise`, `paused` or `disconnected`.
    pub status: String,
    pub last_error: Option<String>,
    pub last_synced_at: Option<DateTime<Utc>>,
    /// Open leads.
    pub leads: i64,
    /// Open leads that the CRM holds.
    pub synced: i64,
    /// Leads whose last write failed.
    pub failed: i64,
}

/// What the CRM holds of one lead.
#[derive(Clone, Debug, Default, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct LinkOut {
    pub remote_contact_id: Option<String>,
    pub remote_deal_id: Option<String>,
    pub remote_note_id: Option<String>,
    /// The lead status as the CRM has it, as far as we know.
    pub remote_status: Option<String>,
    pub synced_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// Counts both sides of the links.
pub(crate) async fn status_of(tx: &mut OrgTx) -> Result<SyncStatus, sqlx::Error> {
    let Some(known) = connection::find(tx).await? else {
        return Ok(SyncStatus { status: "disconnected".to_owned(), ..SyncStatus::default() });
    };
    let (leads, synced, failed): (i64, i64, i64) = sqlx::query_as(
        "select count(*), count(k.synced_at), count(*) filter (where k.attempts > 0) from leads l \
         left join crm_links k on k.org_id = l.org_id and k.lead_id = l.id and k.system = $2 \
         where l.org_id = $1 and l.closed_at is null",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .fetch_one(tx.conn())
    .await?;
    Ok(SyncStatus {
        system: Some(SYSTEM.to_owned()),
        status: known.status,
        last_error: known.last_error,
        last_synced_at: known.last_synced_at,
        leads,
        synced,
        failed,
    })
}

/// What the CRM holds of a lead.
pub(crate) async fn link_of(tx: &mut OrgTx, lead: LeadId) -> Result<Option<LinkOut>, sqlx::Error> {
    sqlx::query_as(
        "select remote_contact_id, remote_deal_id, remote_note_id, remote_status, synced_at, last_error from crm_links \
         where org_id = $1 and system = $2 and lead_id = $3",
    )
    .bind(tx.org())
    .bind(SYSTEM)
    .bind(lead)
    .fetch_optional(tx.conn())
    .await
}

/// Asks for a write of one lead, changed or not.
pub(crate) async fn force(tx: &mut OrgTx, lead: LeadId) -> Result<(), AppError> {
    store::find(tx, lead).await?.ok_or_else(|| AppError::not_found("lead"))?;
    if !connection::find(tx).await?.is_some_and(|known| known.is_live()) {
        return Err(AppError::conflict("no CRM is connected; connect one in the settings"));
    }
    tx.enqueue(SyncJob::of(lead, true));
    Ok(())
}

/// How the CRM sync is doing.
#[utoipa::path(get, path = "/v2/crm/sync/status", tag = "crm", responses((status = 200, body = SyncStatus)))]
pub(crate) async fn sync_status(by: Allowed<View>) -> Result<Json<SyncStatus>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(status_of(&mut tx).await?))
}

/// Write a lead into the CRM now, changed or not.
#[utoipa::path(post, path = "/v2/crm/sync/{lead}", tag = "crm", responses((status = 202)))]
pub(crate) async fn force_sync(by: Allowed<Reply>, Path(lead): Path<LeadId>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    force(&mut tx, lead).await?;
    tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}
