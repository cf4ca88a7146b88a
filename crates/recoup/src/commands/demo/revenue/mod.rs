//! The revenue side of the demo: three places, 90 days of signals with what plays changed of them, scores of every day, and what
//! somebody did at the desk. Made once; afterwards only the live part goes on.

mod chance;
mod desk;
mod lead;
pub mod live;
mod spots;
mod tell;
mod till;
mod walk;

#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::Kernel;
use kernel::ids::OrgId;

use crate::rooms::Rooms;
use desk::Desk;
use walk::Counts;

/// Days of the history, today included.
const DAYS: usize = 90;
/// The markers among the settings: the history, and what was done at the desk.
const MARKERS: [&str; 2] = ["demo_revenue", "demo_desk"];

/// Whether the history is there.
pub async fn is_there(kernel: &Kernel, org: OrgId) -> Result<bool, sqlx::Error> {
    is_marked(kernel, org, MARKERS[0]).await
}

/// Makes places, settings and plays where they are not there.
pub async fn arrange(kernel: &Kernel, rooms: &Rooms, org: OrgId, password: &str) -> anyhow::Result<()> {
    let mut tx = kernel.db.begin(org).await?;
    let done: bool = sqlx::query_scalar("select exists (select 1 from locations where org_id = $1)")
        .bind(org)
        .fetch_one(tx.conn())
        .await?;
    drop(tx);
    if done {
        return Ok(());
    }
    let (_, router) = rooms.web();
    Desk::open(router, password).await?.arrange().await
}

/// Has what the conversations told folded, so that the scores of each day know it. The workers must run.
pub async fn catch_up(kernel: &Kernel, rooms: &Rooms, org: OrgId) -> anyhow::Result<()> {
    walk::catch_up_with(kernel, &rooms.followers(), org).await
}

/// Makes the history; says what was made. Nobody else works meanwhile, and `url` is of the database that `kernel` is over.
pub async fn past(kernel: &Kernel, url: &str, org: OrgId) -> anyhow::Result<Counts> {
    let counts = walk::through(kernel, url, org, DAYS).await?;
    mark(kernel, org, MARKERS[0], &serde_json::to_value(counts)?).await?;
    Ok(counts)
}

/// Does what somebody did at the desk, where it was not done. The workers must run.
pub async fn present(kernel: &Kernel, rooms: &Rooms, org: OrgId, password: &str) -> anyhow::Result<()> {
    if is_marked(kernel, org, MARKERS[1]).await? {
        return Ok(());
    }
    let (_, router) = rooms.web();
    let desk = Desk::open(router, password).await?;
    desk.furnish(kernel.clock.now()).await;
    mark(kernel, org, MARKERS[1], &serde_json::Value::Bool(true)).await
}

/// How long the live part waits between two signals, when customers write every so often.
pub fn pace(every: Duration) -> Duration {
    every.mul_f64(3.0).max(Duration::from_secs(1))
}

/// Whether something of the demo is there: a marker among the settings.
pub(super) async fn is_marked(kernel: &Kernel, org: OrgId, marker: &str) -> Result<bool, sqlx::Error> {
    let mut tx = kernel.db.begin(org).await?;
    sqlx::query_scalar("select exists (select 1 from settings where org_id = $1 and name = $2)")
        .bind(org)
        .bind(marker)
        .fetch_one(tx.conn())
        .await
}

/// Says that it is there now.
pub(super) async fn mark(kernel: &Kernel, org: OrgId, marker: &str, value: &serde_json::Value) -> anyhow::Result<()> {
    let mut tx = kernel.db.begin(org).await?;
    sqlx::query("insert into settings (org_id, name, value) values ($1, $2, $3) on conflict do nothing")
        .bind(org)
        .bind(marker)
        .bind(value)
        .execute(tx.conn())
        .await?;
    Ok(tx.commit().await?)
}
