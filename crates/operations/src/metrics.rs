//! `/metrics`: numbers in the text format of Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use kernel::db::system::{self, FollowerRow, WorkerRow};
use kernel::http::{BreakerMode, BreakerState};
use kernel::queue::{LaneStats, lane_stats};
use shell::{App, AppError};

/// What is measured.
struct Measured {
    lanes: Vec<LaneStats>,
    counters: Vec<(String, i64)>,
    workers: Vec<WorkerRow>,
    followers: Vec<FollowerRow>,
    breakers: Vec<BreakerState>,
}

/// Every number there is.
pub(crate) async fn show(State(app): State<App>) -> Result<impl IntoResponse, AppError> {
    let db = &app.kernel().db;
    let measured = Measured {
        lanes: lane_stats(db).await?,
        counters: system::counters(db).await?,
        workers: system::workers(db).await?,
        followers: system::followers(db).await?,
        breakers: app.kernel().http.breakers(),
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&measured)))
}

fn text(measured: &Measured) -> String {
    let mut out = String::new();
    let lanes = |of: fn(&LaneStats) -> f64| {
        measured.lanes.iter().map(|lane| (lane.lane.as_str(), of(lane))).collect::<Vec<_>>()
    };
    family(
        &mut out,
        "recoup_jobs_ready",
        "gauge",
        "Jobs that could run now.",
        "lane",
        &lanes(|lane| lane.ready as f64),
    );
    family(
        &mut out,
        "recoup_jobs_scheduled",
        "gauge",
        "Jobs that wait for their time.",
        "lane",
        &lanes(|lane| lane.scheduled as f64),
    );
    family(&mut out, "recoup_jobs_running", "gauge", "Jobs that run now.", "lane", &lanes(|lane| lane.running as f64));
    family(
        &mut out,
        "recoup_dead_letters",
        "gauge",
        "Jobs that failed for good.",
        "lane",
        &lanes(|lane| lane.dead as f64),
    );
    family(
        &mut out,
        "recoup_job_oldest_seconds",
        "gauge",
        "Age of the oldest job that could run.",
        "lane",
        &lanes(|lane| lane.oldest_s),
    );
    let counters: Vec<_> = measured.counters.iter().map(|(name, value)| (name.as_str(), *value as f64)).collect();
    family(&mut out, "recoup_events_total", "counter", "Named counters of the installation.", "name", &counters);
    let behind: Vec<_> =
        measured.followers.iter().map(|row| (row.name.as_str(), f64::from(u8::from(row.behind)))).collect();
    family(&mut out, "recoup_follower_behind", "gauge", "Whether a view has events to read.", "follower", &behind);
    let open: Vec<_> = measured
        .breakers
        .iter()
        .map(|state| (state.service.as_str(), f64::from(u8::from(state.mode != BreakerMode::Closed))))
        .collect();
    family(&mut out, "recoup_breaker_open", "gauge", "Whether calls to a service are held back.", "service", &open);
    out.push_str("# HELP recoup_workers Workers signed on.\n# TYPE recoup_workers gauge\n");
    out.push_str(&format!("recoup_workers {}\n", measured.workers.len()));
    out
}

fn family(out: &mut String, name: &str, kind: &str, help: &str, label: &str, rows: &[(&str, f64)]) {
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    for (value, number) in rows {
        out.push_str(&format!("{name}{{{label}=\"{}\"}} {number}\n", escaped(value)));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_the_format() {
        let mut out = String::new();
        family(&mut out, "recoup_events_total", "counter", "Named.", "name", &[("a\"b\nc\\", 2.0)]);
        assert_eq!(out.lines().last(), Some("recoup_events_total{name=\"a\\\"b\\nc\\\\\"} 2"));
    }
}
