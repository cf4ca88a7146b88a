//! `GET /v2/operations/queues`.

use kernel::queue::{Lane, LaneStats, lane_stats_of};
use serde::Serialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

/// A lane of background work, as the organisation sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QueueOut {
    /// `inbound`, `outbound`, `ai`, `crm`, …
    pub lane: String,
    /// Jobs that could run now.
    pub ready: i64,
    /// Jobs that wait for their time.
    pub scheduled: i64,
    /// Jobs that run now.
    pub running: i64,
    /// Jobs that failed for good.
    pub dead: i64,
    /// Age of the oldest job that could run, in seconds.
    pub oldest_s: f64,
    /// How many jobs a process runs at once.
    pub concurrency: usize,
}

/// Every lane.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queues {
    data: Vec<QueueOut>,
}

/// Show the queues of background work: what of this organisation waits, runs and failed.
#[utoipa::path(get, path = "/v2/operations/queues", tag = "operations", responses((status = 200, body = Queues)))]
pub(crate) async fn list_queues(by: Allowed<ManageChannels>) -> Result<Json<Queues>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(Queues { data: queues(&lane_stats_of(&mut tx).await?) }))
}

/// Every lane in its order, also those without jobs; dead events of followers stand at the end.
pub(crate) fn queues(stats: &[LaneStats]) -> Vec<QueueOut> {
    let known = Lane::ALL.iter().map(|lane| (lane.name(), lane.concurrency()));
    let others = stats.iter().filter(|row| Lane::from_name(&row.lane).is_none()).map(|row| (row.lane.as_str(), 1));
    known
        .chain(others)
        .map(|(lane, concurrency)| {
            let found = stats.iter().find(|row| row.lane == lane);
            let count = |of: fn(&LaneStats) -> i64| found.map_or(0, of);
            QueueOut {
                lane: lane.to_owned(),
                ready: count(|row| row.ready),
                scheduled: count(|row| row.scheduled),
                running: count(|row| row.running),
                dead: count(|row| row.dead),
                oldest_s: found.map_or(0.0, |row| row.oldest_s.max(0.0)),
                concurrency,
            }
        })
        .collect()
}
