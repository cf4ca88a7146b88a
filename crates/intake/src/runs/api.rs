//! `/v2/ingestion/{job}/…`: how a run does, and what is done to it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, OrgId, RunId, UploadId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use shell::auth::permission::{Export, ManageChannels, View};
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path, Query};
use utoipa::{IntoParams, ToSchema};

use super::store::{self, Run};
use crate::core::Core;
use crate::files;
use crate::rejects;

/// A run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunOut {
    pub job_id: RunId,
    pub connection_id: Option<ConnectionId>,
    /// The file it reads, where it reads one.
    pub upload_id: Option<UploadId>,
    /// `incremental`, `backfill` or `file`.
    pub mode: String,
    /// Who began it: an actor, `schedule`, `notice` or `drop`.
    pub trigger: String,
    pub dry_run: bool,
    /// `queued`, `running`, `paused`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Rows or records that were read.
    pub rows: i64,
    /// Signals that were new; of a dry run, what would be told.
    pub landed: i64,
    pub corrected: i64,
    pub unchanged: i64,
    /// Rows that gave no signal.
    pub rejected: i64,
    /// The same as `rejected`.
    pub errors: i64,
    pub bytes: i64,
    pub total_bytes: Option<i64>,
    /// What the outside says it has; an estimate.
    pub total_rows: Option<i64>,
    /// Rows a second, over the last half minute.
    pub rate: f64,
    /// 0 to 100, where it can be known.
    pub percent: Option<f64>,
    /// Seconds that are left at this rate.
    pub eta_s: Option<i64>,
    /// Why it failed, what was kept, what to do.
    pub error: Option<String>,
    /// The outside asks us to wait until then.
    pub waits_until: Option<DateTime<Utc>>,
    /// Where the rejected rows are, as CSV.
    #[schema(example = "/v2/ingestion/run_01h455vb4pex5vsknk084sn02q/errors")]
    pub error_file: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<Run> for RunOut {
    fn from(run: Run) -> Self {
        let running = run.state == "running";
        let seconds = run.recent_s.max(0.5);
        let rate = if running { run.recent_rows as f64 / seconds } else { 0.0 };
        let share = match (run.state.as_str(), run.total_bytes, run.total_rows) {
            ("done", ..) => Some(1.0),
            (_, Some(bytes), _) if bytes > 0 => Some(run.bytes as f64 / bytes as f64),
            // A total that is less than what came is a lie: nothing is said then.
            (_, None, Some(rows)) if rows >= run.rows_read && rows > 0 => Some(run.rows_read as f64 / rows as f64),
            _ => None,
        };
        let byte_rate = run.recent_bytes as f64 / seconds;
        let eta_s = match (running, run.total_bytes, run.total_rows) {
            (true, Some(bytes), _) if byte_rate > 0.0 => Some(((bytes - run.bytes).max(0) as f64 / byte_rate) as i64),
            (true, None, Some(rows)) if rate > 0.0 && rows >= run.rows_read => {
                Some(((rows - run.rows_read) as f64 / rate) as i64)
            }
            _ => None,
        };
        Self {
            job_id: run.id,
            connection_id: run.connection_id,
            upload_id: run.file_id,
            mode: run.mode,
            trigger: run.trigger,
            dry_run: run.dry_run,
            state: run.state,
            rows: run.rows_read,
            landed: run.landed,
            corrected: run.corrected,
            unchanged: run.unchanged,
            rejected: run.rejected,
            errors: run.rejected,
            bytes: run.bytes,
            total_bytes: run.total_bytes,
            total_rows: run.total_rows,
            rate: (rate * 10.0).round() / 10.0,
            percent: share.map(|share| (share.min(1.0) * 1_000.0).round() / 10.0),
            eta_s,
            error: run.error,
            waits_until: run.waits_until,
            error_file: (run.rejected > 0).then(|| format!("/v2/ingestion/{}/errors", run.id)),
            created_at: run.created_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
        }
    }
}

/// Which runs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct RunsOf {
    /// Those of one connection.
    connection_id: Option<ConnectionId>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/v2/ingestion/runs", tag = "ingestion", params(PageParams, RunsOf), responses((status = 200, body = Listed<RunOut>)))]
pub(crate) async fn list_runs(
    by: Allowed<View>,
    page: Page<RunId>,
    Query(of): Query<RunsOf>,
) -> Result<Json<Listed<RunOut>>, AppError> {
    let mut tx = by.tx().await?;
    let runs = store::list(&mut tx, of.connection_id, page.after, page.fetch()).await?;
    let runs: Vec<RunOut> = runs.into_iter().map(RunOut::from).collect();
    Ok(Json(Listed::new(&page, runs, |run| run.job_id)?))
}

/// How a run does.
#[utoipa::path(get, path = "/v2/ingestion/{job}/status", tag = "ingestion", responses((status = 200, body = RunOut)))]
pub(crate) async fn run_status(by: Allowed<View>, Path(job): Path<RunId>) -> Result<Json<RunOut>, AppError> {
    let mut tx = by.tx().await?;
    let run = store::find(&mut tx, job).await?.ok_or_else(|| AppError::not_found("run"))?;
    Ok(Json(run.into()))
}

/// The rejected rows as CSV, each with its reason.
#[utoipa::path(get, path = "/v2/ingestion/{job}/errors", tag = "ingestion", responses((status = 200, content_type = "text/csv")))]
pub(crate) async fn run_errors(
    by: Allowed<Export>,
    State(core): State<Core>,
    Path(job): Path<RunId>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let run = store::find(&mut tx, job).await?.ok_or_else(|| AppError::not_found("run"))?;
    let mut columns = vec!["record".to_owned()];
    if let Some(file) = run.file_id
        && let Some(upload) = files::store::find(&mut tx, file).await?
    {
        let preview = core.kernel.vault.open(by.org(), &files::store::place(file), &upload.preview).await?;
        let preview: files::look::PreviewOut = serde_json::from_slice(&preview).map_err(AppError::internal)?;
        columns = preview.columns.into_iter().map(|column| column.name).collect();
    }
    audit::record(&mut tx, AuditEntry::new(by.actor(), "ingestion.errors_exported").about(job)).await?;
    tx.commit().await?;
    Ok(rejects::download(core.kernel.clone(), by.org(), job, &columns))
}

/// What a person does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Pause,
    Resume,
    Cancel,
}

/// Pauses, resumes or cancels a run, and says so in the audit log.
pub(crate) async fn turn(core: &Core, tx: &mut OrgTx, by: Actor, id: RunId, turn: Turn) -> Result<(), AppError> {
    let run = store::find(tx, id).await?.ok_or_else(|| AppError::not_found("run"))?;
    let (turned, action) = match turn {
        Turn::Pause => (store::turn(tx, id, &["queued", "running"], "paused").await?, "ingestion.paused"),
        Turn::Resume => {
            let turned = store::turn(tx, id, &["paused"], "queued").await?;
            if turned {
                tx.enqueue(super::job(id, store::key(id, run.connection_id, run.file_id)));
            }
            (turned, "ingestion.resumed")
        }
        Turn::Cancel => {
            let error = Some("cancelled by a person; what landed before stays");
            (store::end(tx, id, "cancelled", error).await?, "ingestion.cancelled")
        }
    };
    if !turned {
        return Err(AppError::conflict(format!("this run is {}; that cannot be done to it now", run.state)));
    }
    audit::record(tx, AuditEntry::new(by, action).about(id)).await?;
    core.announce(tx.org(), id);
    Ok(())
}

async fn answer(by: &Allowed<ManageChannels>, core: &Core, job: RunId, what: Turn) -> Result<Json<RunOut>, AppError> {
    let mut tx = by.tx().await?;
    turn(core, &mut tx, by.actor(), job, what).await?;
    let run = store::find(&mut tx, job).await?.ok_or_else(|| AppError::not_found("run"))?;
    tx.commit().await?;
    Ok(Json(run.into()))
}

/// Pause a run: it stops behind the batch that is landing.
#[utoipa::path(post, path = "/v2/ingestion/{job}/pause", tag = "ingestion", responses((status = 200, body = RunOut)))]
pub(crate) async fn pause_run(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(job): Path<RunId>,
) -> Result<Json<RunOut>, AppError> {
    answer(&by, &core, job, Turn::Pause).await
}

/// Let a paused run go on, where it stopped.
#[utoipa::path(post, path = "/v2/ingestion/{job}/resume", tag = "ingestion", responses((status = 200, body = RunOut)))]
pub(crate) async fn resume_run(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(job): Path<RunId>,
) -> Result<Json<RunOut>, AppError> {
    answer(&by, &core, job, Turn::Resume).await
}

/// End a run; what landed stays.
#[utoipa::path(post, path = "/v2/ingestion/{job}/cancel", tag = "ingestion", responses((status = 200, body = RunOut)))]
pub(crate) async fn cancel_run(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(job): Path<RunId>,
) -> Result<Json<RunOut>, AppError> {
    answer(&by, &core, job, Turn::Cancel).await
}

/// Forget what the intake keeps to go faster: previews, files that wait, and how far sources were read, so that the next run
/// reads everything anew. Signals stay.
#[utoipa::path(delete, path = "/v2/ingestion/cache/{org}", tag = "ingestion", responses((status = 204)))]
pub(crate) async fn forget_cache(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(org): Path<OrgId>,
) -> Result<StatusCode, AppError> {
    if org != by.org() {
        return Err(AppError::not_found("organisation"));
    }
    let mut tx = by.tx().await?;
    for table in ["intake_cursors", "intake_seen"] {
        let query = format!("delete from {table} where org_id = $1");
        sqlx::query(sqlx::AssertSqlSafe(query)).bind(org).execute(tx.conn()).await?;
    }
    let gone = files::store::sweep(&mut tx, by.now() + chrono::TimeDelta::days(1)).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "ingestion.cache_forgotten").about(org)).await?;
    tx.commit().await?;
    for id in gone {
        files::forget(&core, org, id).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
