//! `POST /v2/ingestion/trigger`: a run by hand.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::store::{self, NewRun};
use crate::connections::store::{self as connections, Connection};
use crate::core::Core;
use crate::kinds::Kind;

/// What to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriggerIn {
    /// One connection.
    pub connection_id: Option<ConnectionId>,
    /// Or every connection of a kind; every connection when neither is named.
    pub kind: Option<Kind>,
    /// `incremental` reads what is new, `backfill` everything again, from the beginning.
    #[serde(default = "incremental")]
    pub mode: String,
    /// Read and count, and write nothing.
    #[serde(default)]
    pub dry_run: bool,
}

fn incremental() -> String {
    "incremental".to_owned()
}

/// The run that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriggerOut {
    /// The first of them; ask for its state with `GET /v2/ingestion/{job}/status`.
    pub job_id: RunId,
    /// All of them.
    pub job_ids: Vec<RunId>,
}

/// Read sources now. Reading again what was read changes nothing.
#[utoipa::path(post, path = "/v2/ingestion/trigger", tag = "ingestion", request_body = TriggerIn, responses((status = 202, body = TriggerOut)))]
pub(crate) async fn trigger_ingestion(
    by: Allowed<ManageChannels>,
    State(_core): State<Core>,
    Json(given): Json<TriggerIn>,
) -> Result<(StatusCode, Json<TriggerOut>), AppError> {
    if !matches!(given.mode.as_str(), "incremental" | "backfill") {
        return Err(AppError::field("mode", "is incremental or backfill"));
    }
    let mut tx = by.tx().await?;
    let wanted: Vec<Connection> = if let Some(id) = given.connection_id {
        vec![connections::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?]
    } else {
        let fits = |one: &Connection| one.kind.is_read() && given.kind.is_none_or(|kind| one.kind == kind);
        let all = connections::list(&mut tx).await?;
        all.into_iter().filter(|one| fits(one) && one.state != "paused").collect()
    };
    let mut job_ids = Vec::new();
    let mut busy = None;
    for connection in &wanted {
        match make(&mut tx, connection, &given.mode, by.actor().to_string(), given.dry_run).await {
            Ok(id) => job_ids.push(id),
            Err(error) => busy = Some(error),
        }
    }
    let Some(&job_id) = job_ids.first() else {
        return Err(busy.unwrap_or_else(|| AppError::field("kind", "nothing of this kind is connected")));
    };
    let detail = json!({ "runs": job_ids.len(), "mode": given.mode, "dry_run": given.dry_run });
    audit::record(&mut tx, AuditEntry::new(by.actor(), "ingestion.triggered").about(job_id).detail(detail)).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(TriggerOut { job_id, job_ids })))
}

/// Makes a run of a connection; it says why not.
pub(crate) async fn make(
    tx: &mut OrgTx,
    connection: &Connection,
    mode: &str,
    trigger: String,
    dry_run: bool,
) -> Result<RunId, AppError> {
    if !connection.kind.is_read() {
        return Err(AppError::conflict(
            "what comes to this connection is taken when it comes; there is nothing to read",
        ));
    }
    if connection.state == "reconnect" {
        return Err(AppError::conflict("the permission is missing or gone: connect first; what was read is kept"));
    }
    let new = NewRun {
        connection: Some(connection.id),
        file: None,
        mode,
        trigger,
        dry_run,
        total_bytes: None,
        streams: None,
    };
    store::make(tx, new).await?.ok_or_else(|| AppError::conflict("a run of this connection is under way already"))
}
