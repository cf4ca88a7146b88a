//! What waits where, for the operator's pages and metrics.

use serde::Serialize;

use crate::db::{Db, OrgTx};

/// One lane at an instant.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct LaneStats {
    /// The lane's name.
    pub lane: String,
    /// Jobs that could run now.
    pub ready: i64,
    /// Jobs that wait for their time.
    pub scheduled: i64,
    /// Jobs that run now.
    pub running: i64,
    /// Jobs in the dead letters.
    pub dead: i64,
    /// Age of the oldest job that could run, in seconds.
    pub oldest_s: f64,
}

/// The one statement, over the rows its role may see.
const STATS: &str = "with live as (select lane, count(*) filter (where worker is null and run_at <= now()) as ready, \
       count(*) filter (where worker is null and run_at > now()) as scheduled, \
       count(*) filter (where worker is not null) as running, \
       coalesce(extract(epoch from now() - min(run_at) filter (where worker is null and run_at <= now())), 0)::float8 as oldest_s \
       from jobs group by lane), \
     dead as (select lane, count(*) as dead from dead_letters group by lane) \
     select lane, coalesce(ready, 0) as ready, coalesce(scheduled, 0) as scheduled, coalesce(running, 0) as running, \
       coalesce(dead, 0) as dead, coalesce(oldest_s, 0)::float8 as oldest_s \
     from live full join dead using (lane) order by lane";

/// Counts of every lane that has any job, over all organisations.
pub async fn lane_stats(db: &Db) -> Result<Vec<LaneStats>, sqlx::Error> {
    sqlx::query_as(STATS).fetch_all(db.system_pool()).await
}

/// Counts of every lane in which the organisation has any job.
pub async fn lane_stats_of(tx: &mut OrgTx) -> Result<Vec<LaneStats>, sqlx::Error> {
    // Row-level security confines the same statement to the organisation.
    sqlx::query_as(STATS).fetch_all(tx.conn()).await
}
