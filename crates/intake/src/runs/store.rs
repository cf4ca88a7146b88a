//! The rows of runs and of their batches.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, RunId, UploadId, uuid_at};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::pages::Progress;
use crate::core::storable;

/// The rate is that of the last half minute.
const RATE_OVER: TimeDelta = TimeDelta::seconds(30);
/// No system sends a notice again after this.
const NOTICES_KEPT: TimeDelta = TimeDelta::days(35);

/// A run with the sums of its batches.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "a dry run is called so everywhere")]
pub(crate) struct Run {
    pub id: RunId,
    pub connection_id: Option<ConnectionId>,
    pub file_id: Option<UploadId>,
    pub mode: String,
    pub trigger: String,
    pub dry_run: bool,
    /// Only these are read; every stream when absent.
    pub streams: Option<Vec<String>>,
    pub state: String,
    pub error: Option<String>,
    pub waits_until: Option<DateTime<Utc>>,
    pub progress: Json<Progress>,
    pub total_rows: Option<i64>,
    pub total_bytes: Option<i64>,
    pub rows_read: i64,
    pub landed: i64,
    pub corrected: i64,
    pub unchanged: i64,
    pub rejected: i64,
    pub bytes: i64,
    /// Rows of the last half minute.
    pub recent_rows: i64,
    /// Bytes of the last half minute.
    pub recent_bytes: i64,
    /// Seconds that they took.
    pub recent_s: f64,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "select r.id, r.connection_id, r.file_id, r.mode, r.trigger, r.dry_run, r.streams, r.state, r.error, \
     r.waits_until, \
     r.progress, r.total_rows, r.total_bytes, r.rows_read + b.rows_read as rows_read, r.landed + b.landed as landed, \
     r.corrected + b.corrected as corrected, r.unchanged + b.unchanged as unchanged, r.rejected + b.rejected as rejected, \
     r.bytes + b.bytes as bytes, b.recent_rows, b.recent_bytes, b.recent_s, r.created_at, r.started_at, r.finished_at \
     from intake_runs r cross join lateral (select \
       coalesce(sum(rows_read), 0)::bigint as rows_read, coalesce(sum(landed), 0)::bigint as landed, \
       coalesce(sum(corrected), 0)::bigint as corrected, coalesce(sum(unchanged), 0)::bigint as unchanged, \
       coalesce(sum(rejected), 0)::bigint as rejected, coalesce(sum(bytes), 0)::bigint as bytes, \
       coalesce(sum(rows_read) filter (where at > $2), 0)::bigint as recent_rows, \
       coalesce(sum(bytes) filter (where at > $2), 0)::bigint as recent_bytes, \
       coalesce(extract(epoch from $3 - greatest($2, r.started_at)), 0)::float8 as recent_s \
       from intake_batches where org_id = r.org_id and run_id = r.id) b \
     where r.org_id = $1";

/// One run.
pub(crate) async fn find(tx: &mut OrgTx, id: RunId) -> Result<Option<Run>, sqlx::Error> {
    let now = tx.clock().now();
    let query = format!("{SELECT} and r.id = $4");
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(now - RATE_OVER)
        .bind(now)
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// Runs, newest first; of one connection where it is named.
pub(crate) async fn list(
    tx: &mut OrgTx,
    connection: Option<ConnectionId>,
    before: Option<RunId>,
    most: i64,
) -> Result<Vec<Run>, sqlx::Error> {
    let now = tx.clock().now();
    let query = format!(
        "{SELECT} and ($4::uuid is null or r.connection_id = $4) and ($5::uuid is null or r.id < $5) order by r.id desc limit $6"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(now - RATE_OVER)
        .bind(now)
        .bind(connection)
        .bind(before)
        .bind(most)
        .fetch_all(tx.conn())
        .await
}

/// A run to be made.
pub(crate) struct NewRun<'a> {
    pub connection: Option<ConnectionId>,
    pub file: Option<UploadId>,
    pub mode: &'a str,
    pub trigger: String,
    pub dry_run: bool,
    pub total_bytes: Option<i64>,
    /// Only these are read; every stream when absent.
    pub streams: Option<Vec<String>>,
}

/// Makes a run and its job; none when one of the connection is under way already.
pub(crate) async fn make(tx: &mut OrgTx, new: NewRun<'_>) -> Result<Option<RunId>, sqlx::Error> {
    let id = RunId::new(tx.clock());
    let now = tx.clock().now();
    let made = sqlx::query(
        "insert into intake_runs (org_id, id, connection_id, file_id, mode, trigger, dry_run, state, total_bytes, created_at, \
         streams) values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(new.connection)
    .bind(new.file)
    .bind(new.mode)
    .bind(new.trigger)
    .bind(new.dry_run)
    .bind(new.total_bytes)
    .bind(now)
    .bind(new.streams)
    .execute(tx.conn())
    .await?;
    if made.rows_affected() == 0 {
        return Ok(None);
    }
    tx.enqueue(super::job(id, key(id, new.connection, new.file)));
    Ok(Some(id))
}

/// What keeps the jobs of a run in order: its connection, or itself where it reads a file.
pub(crate) fn key(id: RunId, connection: Option<ConnectionId>, file: Option<UploadId>) -> String {
    match (connection, file) {
        (Some(connection), None) => connection.to_string(),
        _ => id.to_string(),
    }
}

/// Says that work on a run goes on; none when it is paused or over.
pub(crate) async fn begin(tx: &mut OrgTx, id: RunId) -> Result<Option<Run>, sqlx::Error> {
    let now = tx.clock().now();
    let begun = sqlx::query(
        "update intake_runs set state = 'running', started_at = coalesce(started_at, $3), waits_until = null \
         where org_id = $1 and id = $2 and state in ('queued', 'running')",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if begun.rows_affected() == 0 { Ok(None) } else { find(tx, id).await }
}

/// Whether a run may go on; with `hold`, nobody pauses it before the end of the transaction.
pub(crate) async fn goes_on(tx: &mut OrgTx, id: RunId, hold: bool) -> Result<bool, sqlx::Error> {
    let query = format!(
        "select state in ('queued', 'running') from intake_runs where org_id = $1 and id = $2{}",
        if hold { " for update" } else { "" }
    );
    let goes = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(goes.unwrap_or(false))
}

/// Moves a run from one of some states to another; false when it was in none of them.
pub(crate) async fn turn(tx: &mut OrgTx, id: RunId, from: &[&str], to: &str) -> Result<bool, sqlx::Error> {
    let turned = sqlx::query("update intake_runs set state = $4 where org_id = $1 and id = $2 and state = any($3)")
        .bind(tx.org())
        .bind(id)
        .bind(from)
        .bind(to)
        .execute(tx.conn())
        .await?;
    Ok(turned.rows_affected() == 1)
}

/// Says until when the outside asks us to wait.
pub(crate) async fn wait(tx: &mut OrgTx, id: RunId, until: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update intake_runs set waits_until = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(until)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a run: its batches become their sums. False when it was over already.
pub(crate) async fn end(tx: &mut OrgTx, id: RunId, state: &str, error: Option<&str>) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let ended = sqlx::query(
        "update intake_runs r set state = $3, error = $4, finished_at = $5, waits_until = null, \
           rows_read = r.rows_read + b.rows_read, landed = r.landed + b.landed, corrected = r.corrected + b.corrected, \
           unchanged = r.unchanged + b.unchanged, rejected = r.rejected + b.rejected, bytes = r.bytes + b.bytes \
         from (select coalesce(sum(rows_read), 0)::bigint as rows_read, coalesce(sum(landed), 0)::bigint as landed, \
             coalesce(sum(corrected), 0)::bigint as corrected, coalesce(sum(unchanged), 0)::bigint as unchanged, \
             coalesce(sum(rejected), 0)::bigint as rejected, coalesce(sum(bytes), 0)::bigint as bytes \
           from intake_batches where org_id = $1 and run_id = $2) b \
         where r.org_id = $1 and r.id = $2 and r.finished_at is null",
    )
    .bind(tx.org())
    .bind(id)
    .bind(state)
    .bind(error.map(storable))
    .bind(now)
    .execute(tx.conn())
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("delete from intake_batches where org_id = $1 and run_id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(true)
}

/// What landed in one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewBatch {
    pub seq: i64,
    pub end_offset: i64,
    pub end_row: i64,
    pub bytes: i64,
    pub rows_read: i64,
    pub landed: i64,
    pub corrected: i64,
    pub unchanged: i64,
    pub rejected: i64,
}

/// Writes a batch; one that is there already stays.
pub(crate) async fn add(tx: &mut OrgTx, run: RunId, batch: NewBatch) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_batches (org_id, run_id, seq, end_offset, end_row, bytes, rows_read, landed, corrected, unchanged, \
         rejected, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(run)
    .bind(batch.seq)
    .bind(batch.end_offset)
    .bind(batch.end_row)
    .bind(batch.bytes)
    .bind(batch.rows_read)
    .bind(batch.landed)
    .bind(batch.corrected)
    .bind(batch.unchanged)
    .bind(batch.rejected)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The batches of a run: number, offset and row behind each, and its rows.
pub(crate) async fn batches(tx: &mut OrgTx, run: RunId) -> Result<Vec<(i64, i64, i64, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select seq, end_offset, end_row, rows_read from intake_batches where org_id = $1 and run_id = $2 order by seq",
    )
    .bind(tx.org())
    .bind(run)
    .fetch_all(tx.conn())
    .await
}

/// Writes how far a run came.
pub(crate) async fn progress(tx: &mut OrgTx, id: RunId, progress: &Progress, total: Option<i64>) -> anyhow::Result<()> {
    let value: Value = serde_json::to_value(progress)?;
    sqlx::query(
        "update intake_runs set progress = $3, total_rows = coalesce($4, total_rows) where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(value)
    .bind(total)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes runs that nobody began and nobody asks for any more: those that found nothing after a week, the others after a quarter
/// of a year; and what names events, once no system sends them again.
pub(crate) async fn sweep(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    let (idle, old) = (now - TimeDelta::days(7), now - TimeDelta::days(90));
    sqlx::query(
        "delete from intake_runs where org_id = $1 and id < $2 and trigger in ('schedule', 'notice') and finished_at is not null \
           and (finished_at < $4 or (finished_at < $3 and state = 'done' and landed + corrected + rejected = 0))",
    )
    .bind(tx.org())
    .bind(uuid_at(idle))
    .bind(idle)
    .bind(old)
    .execute(tx.conn())
    .await?;
    sqlx::query("delete from intake_notices where org_id = $1 and at < $2")
        .bind(tx.org())
        .bind(now - NOTICES_KEPT)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How far a stream was read; null where it never was.
pub(crate) async fn cursor(tx: &mut OrgTx, connection: ConnectionId, stream: &str) -> Result<Value, sqlx::Error> {
    let found = sqlx::query_scalar(
        "select cursor from intake_cursors where org_id = $1 and connection_id = $2 and stream = $3",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(stream)
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.unwrap_or(Value::Null))
}

/// Says how far a stream was read.
pub(crate) async fn set_cursor(
    tx: &mut OrgTx,
    connection: ConnectionId,
    stream: &str,
    cursor: &Value,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_cursors (org_id, connection_id, stream, cursor, read_at) values ($1, $2, $3, $4, $5) \
         on conflict (org_id, connection_id, stream) do update set cursor = excluded.cursor, read_at = excluded.read_at",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(stream)
    .bind(cursor)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ids of runs that are paused or under way and of one connection: for taking it away.
pub(crate) async fn open_of(tx: &mut OrgTx, connection: ConnectionId) -> Result<Vec<RunId>, sqlx::Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select id from intake_runs where org_id = $1 and connection_id = $2 and finished_at is null",
    )
    .bind(tx.org())
    .bind(connection)
    .fetch_all(tx.conn())
    .await?;
    Ok(ids.into_iter().map(RunId::from_uuid).collect())
}
