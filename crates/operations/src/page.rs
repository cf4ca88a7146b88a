//! `/operations`: everything the operator looks at when something is slow.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::db::system::{self, FollowerRow, WorkerRow};
use kernel::http::{BreakerMode, BreakerState};
use kernel::ids::JobId;
use kernel::queue::{DeadLetter, lane_stats_of, list_dead};
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::page::count;
use shell::{Allowed, App, AppError, Form, Frame, Path, Toast, show};

use crate::dead_letters::revive;
use crate::queues::{QueueOut, queues};

/// More dead letters than this are not on the page; the API lists all.
const MOST: i64 = 50;

#[derive(Template)]
#[template(path = "operations/show.html")]
struct OperationsPage {
    frame: Frame,
    live: Live,
}

/// The part of the page that is refreshed.
#[derive(Template)]
#[template(path = "operations/_live.html")]
struct Live {
    sentence: String,
    tone: &'static str,
    queues: Vec<Row>,
    dead: Vec<Letter>,
    providers: Vec<Provider>,
    breakers: Vec<Breaker>,
    workers: Vec<WorkerRow>,
    followers: Vec<FollowerRow>,
    counters: Vec<(String, String)>,
}

/// A lane, as it is written.
struct Row {
    lane: String,
    ready: String,
    running: String,
    scheduled: String,
    dead: String,
    has_dead: bool,
    oldest: String,
    concurrency: usize,
}

struct Letter {
    id: JobId,
    lane: String,
    kind: String,
    attempts: i32,
    error: String,
    died_at: DateTime<Utc>,
}

struct Provider {
    name: String,
    place: String,
    models: String,
}

struct Breaker {
    service: String,
    word: &'static str,
    tone: &'static str,
    detail: String,
    retry_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn show_page(State(app): State<App>, by: Allowed<ManageChannels>) -> Result<Response, AppError> {
    let live = live(&app, &by).await?;
    Ok(show(&OperationsPage { frame: by.frame("Operations"), live })?.into_response())
}

pub(crate) async fn show_live(State(app): State<App>, by: Allowed<ManageChannels>) -> Result<Response, AppError> {
    Ok(show(&live(&app, &by).await?)?.into_response())
}

pub(crate) async fn retry(
    State(app): State<App>,
    by: Allowed<ManageChannels>,
    Path(id): Path<JobId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    revive(&by, id).await?;
    Ok((Toast::done("Put back to work"), show(&live(&app, &by).await?)?).into_response())
}

async fn live(app: &App, by: &Allowed<ManageChannels>) -> Result<Live, AppError> {
    let kernel = app.kernel();
    let mut tx = by.tx().await?;
    let queues = queues(&lane_stats_of(&mut tx).await?);
    let dead: Vec<Letter> = list_dead(&mut tx, MOST, None).await?.into_iter().map(letter).collect();
    drop(tx);
    let workers = system::workers(&kernel.db).await?;
    let followers = system::followers(&kernel.db).await?;
    let breakers: Vec<Breaker> = kernel.http.breakers().into_iter().map(breaker).collect();
    let (sentence, tone) = summary(&queues, dead.len(), workers.len(), &breakers);
    Ok(Live {
        sentence,
        tone,
        queues: queues.into_iter().map(row).collect(),
        dead,
        providers: providers(app),
        breakers,
        workers,
        followers,
        counters: system::counters(&kernel.db).await?.into_iter().map(|(name, value)| (name, count(value))).collect(),
    })
}

fn row(queue: QueueOut) -> Row {
    let QueueOut { lane, ready, scheduled, running, dead, oldest_s, concurrency } = queue;
    Row {
        lane,
        ready: count(ready),
        running: count(running),
        scheduled: count(scheduled),
        dead: count(dead),
        has_dead: dead > 0,
        oldest: format!("{oldest_s:.0} s"),
        concurrency,
    }
}

fn letter(letter: DeadLetter) -> Letter {
    let DeadLetter { id, lane, kind, attempts, error, died_at, .. } = letter;
    let error = error.chars().take(240).collect();
    Letter { id, lane, kind, attempts, error, died_at }
}

/// Who answers for models: the configured providers in order, the local one last.
fn providers(app: &App) -> Vec<Provider> {
    let configured = app.kernel().config.ai.providers.iter().map(|provider| Provider {
        name: provider.name.clone(),
        place: provider.base_url.clone(),
        models: provider
            .quality_model
            .as_ref()
            .map_or_else(|| provider.fast_model.clone(), |quality| format!("{}, {quality}", provider.fast_model)),
    });
    let local = Provider {
        name: "local".to_owned(),
        place: "this process".to_owned(),
        models: "rules and retrieval".to_owned(),
    };
    configured.chain(std::iter::once(local)).collect()
}

fn breaker(state: BreakerState) -> Breaker {
    let BreakerState { service, mode, failures, retry_at, last_failure, .. } = state;
    let (word, tone) = match mode {
        BreakerMode::Closed => ("closed", "won"),
        BreakerMode::HalfOpen => ("trying", "wait"),
        BreakerMode::Open => ("open", "risk"),
    };
    let detail = match (failures, last_failure) {
        (0, None) => "no failures".to_owned(),
        (_, Some(reason)) => format!("{failures} in a row, last: {reason}"),
        (_, None) => format!("{failures} in a row"),
    };
    Breaker { service, word, tone, detail, retry_at }
}

/// The state of things in one sentence, the worst first.
fn summary(queues: &[QueueOut], dead: usize, workers: usize, breakers: &[Breaker]) -> (String, &'static str) {
    let ready: i64 = queues.iter().map(|queue| queue.ready).sum();
    let oldest = queues.iter().map(|queue| queue.oldest_s).fold(0.0, f64::max);
    let open: Vec<&str> =
        breakers.iter().filter(|breaker| breaker.tone == "risk").map(|breaker| breaker.service.as_str()).collect();
    if workers == 0 {
        return ("No worker is signed on: nothing is answered until one starts.".to_owned(), "risk");
    }
    if !open.is_empty() {
        return (
            format!("Calls to {} are held back after failures; what waits for it is tried again.", open.join(", ")),
            "risk",
        );
    }
    if oldest > 60.0 {
        return (
            format!(
                "{} jobs wait, the oldest for {oldest:.0} s: more is coming in than the workers take.",
                count(ready)
            ),
            "wait",
        );
    }
    if dead > 0 {
        return (format!("Work flows, and {dead} jobs failed for good: look at them below."), "wait");
    }
    ("Everything flows: nothing waits long, nothing failed.".to_owned(), "won")
}
