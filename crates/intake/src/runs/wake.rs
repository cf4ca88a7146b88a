//! Runs that notices ask for: one waits at a time for each connection, and what comes while one is under way makes the next.

use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, uuid_at};

use super::poll::EVERY;
use super::store::{self, NewRun, Run};
use crate::connections::store as connections;

/// Has streams of a connection read again, soon.
pub(crate) async fn wake(tx: &mut OrgTx, connection: ConnectionId, streams: &[String]) -> Result<(), sqlx::Error> {
    ask(tx, connection, streams, Some(streams.to_vec())).await
}

async fn ask(
    tx: &mut OrgTx,
    connection: ConnectionId,
    streams: &[String],
    only: Option<Vec<String>>,
) -> Result<(), sqlx::Error> {
    // The run that is in the way may end between the two looks: then there is none to wait for.
    for _ in 0..2 {
        let new = NewRun {
            connection: Some(connection),
            file: None,
            mode: "incremental",
            trigger: "notice".to_owned(),
            dry_run: false,
            total_bytes: None,
            streams: only.clone(),
        };
        if store::make(tx, new).await?.is_some() || join(tx, connection, streams).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Adds streams to the run that waits, or to what follows the one that is under way; false when there is none.
async fn join(tx: &mut OrgTx, connection: ConnectionId, streams: &[String]) -> Result<bool, sqlx::Error> {
    // One that has not begun will read them; one that has may be past them.
    let joined = sqlx::query(
        "update intake_runs set \
           streams = case when state = 'queued' and started_at is null and not dry_run and streams is not null \
             then array(select distinct s from unnest(streams || $3::text[]) as s order by s) else streams end, \
           woken = case when state = 'queued' and started_at is null and not dry_run then woken \
             else array(select distinct s from unnest(woken || $3::text[]) as s order by s) end \
         where org_id = $1 and connection_id = $2 and file_id is null and state in ('queued', 'running', 'paused')",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(streams.to_vec())
    .execute(tx.conn())
    .await?;
    Ok(joined.rows_affected() > 0)
}

/// Makes the run that notices asked for while another was under way. Where notices never end, everything is read whenever it is
/// due, so that no stream waits for ever.
pub(crate) async fn again(tx: &mut OrgTx, run: &Run) -> Result<(), sqlx::Error> {
    let (Some(id), None) = (run.connection_id, run.file_id) else { return Ok(()) };
    let woken: Option<Vec<String>> =
        sqlx::query_scalar("select woken from intake_runs where org_id = $1 and id = $2 and woken <> '{}'")
            .bind(tx.org())
            .bind(run.id)
            .fetch_optional(tx.conn())
            .await?;
    let Some(woken) = woken else { return Ok(()) };
    let connection = connections::find(tx, id).await?;
    if connection.is_none_or(|one| matches!(one.state.as_str(), "paused" | "reconnect")) {
        return Ok(());
    }
    let before = tx.clock().now() - EVERY;
    let fresh: bool = sqlx::query_scalar(
        "select exists (select from intake_runs where org_id = $1 and connection_id = $2 and id >= $3 and created_at > $4 \
           and file_id is null and streams is null)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(uuid_at(before - EVERY))
    .bind(before)
    .fetch_one(tx.conn())
    .await?;
    ask(tx, id, &woken, fresh.then(|| woken.clone())).await
}
