//! `/health/live` and `/health/ready`: for load balancers and supervisors.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::db::system;
use kernel::queue::lane_stats;
use serde::Serialize;
use shell::App;

/// Work that has waited longer than this does not flow.
const STUCK_S: f64 = 300.0;

/// Whether one thing is well.
#[derive(Serialize)]
pub(crate) struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

/// What readiness rests on.
#[derive(Serialize)]
pub(crate) struct Ready {
    ready: bool,
    checks: Vec<Check>,
}

/// The process runs.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The database answers, somebody works, and no work is stuck. A process that drains is not ready.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    let checks = checks(&app).await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, checks }))
}

async fn checks(app: &App) -> Vec<Check> {
    let db = &app.kernel().db;
    let draining = app.drain().is_cancelled();
    let mut checks = vec![Check {
        name: "taking_requests",
        ok: !draining,
        detail: if draining { "stopping" } else { "yes" }.to_owned(),
    }];
    let (workers, lanes) = match (system::workers(db).await, lane_stats(db).await) {
        (Ok(workers), Ok(lanes)) => (workers, lanes),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "the database does not answer the health check");
            checks.push(Check { name: "database", ok: false, detail: "does not answer".to_owned() });
            return checks;
        }
    };
    checks.push(Check { name: "database", ok: true, detail: "answers".to_owned() });
    checks.push(Check { name: "workers", ok: !workers.is_empty(), detail: format!("{} signed on", workers.len()) });
    let oldest = lanes.iter().map(|lane| lane.oldest_s).fold(0.0, f64::max);
    checks.push(Check { name: "queue", ok: oldest < STUCK_S, detail: format!("oldest ready job waits {oldest:.0} s") });
    checks
}
