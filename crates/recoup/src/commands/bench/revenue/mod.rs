//! Signals: a table from the upload to committed rows, views made anew, one signal until its scores changed, the pages over them,
//! and the advisor in front of a model.

mod advice;
mod table;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use kernel::config::Config;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::ledger::{Follower, catch_up};
use kernel::queue::{Handlers, Queue};
use serde_json::{Value, json};
use shell::{App, Settings};
use sqlx::{Connection, PgConnection};
use tower::ServiceExt;

use super::measured::{Samples, say};
use super::memory::{forget_peak, now_mb, peak_mb};
use super::place::Place;
use crate::rooms::Rooms;
use crate::runtime::{Role, Runtime};

/// How much.
#[derive(clap::Args)]
pub struct Revenue {
    /// Rows of the table, each a signal.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Reads a table of about so many gigabytes instead, made while it is sent, and measures nothing else.
    #[arg(long, conflicts_with = "rows")]
    gigabytes: Option<f64>,
    /// Keeps the views while the table is read, as a process at work does; without it they are made anew afterwards.
    #[arg(long)]
    views: bool,
    /// Single signals afterwards.
    #[arg(long, default_value_t = 40)]
    signals: usize,
    /// Requests of each page.
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// Questions to the advisor.
    #[arg(long, default_value_t = 40)]
    questions: usize,
}

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a bench of long words";
/// Longer than this nothing here may take, but for a large table.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// What the parts of the bench share.
struct Desk {
    place: Place,
    router: Router,
    signed: Mutex<Signed>,
    org: OrgId,
}

/// What a sign-in or its renewal gave.
#[derive(Default)]
struct Signed {
    access: String,
    refresh: String,
}

impl Revenue {
    /// Measures and prints.
    pub async fn run(self, mut config: Config) -> anyhow::Result<()> {
        let model = advice::model(&mut config).await?;
        let place = Place::new(config, "revenue").await?;
        let new = identity::registration::NewOrganisation {
            organisation: "Bench".to_owned(),
            name: "Bench Person".to_owned(),
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        };
        let org = identity::registration::register(&place.kernel, new).await.map_err(super::super::told)?.org;
        let rooms = Rooms::open(&place.kernel).await?;
        let settings = Settings { rate_factor: 0, sign_in_per_minute: 1_000_000, ..Settings::default() };
        let app = App::new(place.kernel.clone(), rooms.identity().authenticator(), settings);
        let router = shell::assemble(&app, rooms.plug(&app));
        let desk = Desk { place, router, signed: Mutex::default(), org };
        desk.sign("/v2/auth/login", &json!({ "email": EMAIL, "password": PASSWORD })).await?;
        if let Some(gigabytes) = self.gigabytes {
            self.large(&desk, &rooms, gigabytes).await?;
        } else {
            self.table(&desk, &rooms).await?;
            self.views(&desk).await?;
            self.one_by_one(&desk).await?;
            self.visible(&desk, &rooms).await?;
            self.pages(&desk).await?;
            advice::measure(&desk, &model, self.questions).await?;
        }
        drop((app, rooms));
        let Desk { place, router, .. } = desk;
        drop(router);
        place.close().await
    }

    /// A table through the API of the intake, beside a plain `COPY` of as many rows.
    async fn table(&self, desk: &Desk, rooms: &Rooms) -> anyhow::Result<()> {
        let file = table::write(&desk.place, self.rows)?;
        let took = self.read(desk, rooms, file.form().await?, self.rows, PATIENCE).await?;
        let copy = file.copied().await?;
        say("revenue_reference_copy_rows_per_s", format!("{:.0}", self.rows as f64 / copy.as_secs_f64()));
        say("revenue_csv_over_copy", format!("{:.3}", copy.as_secs_f64() / took));
        file.remove()
    }

    /// A large table through the same API: it lies on the disk as often as any upload does, and in memory nowhere.
    async fn large(&self, desk: &Desk, rooms: &Rooms, gigabytes: f64) -> anyhow::Result<()> {
        let rows = table::rows_of(&desk.place, (gigabytes * 1e9) as u64)?;
        let patience = PATIENCE.mul_f64(1.0 + gigabytes);
        self.read(desk, rooms, table::made(&desk.place, rows), rows, patience).await?;
        Ok(())
    }

    /// Sends a table and has real workers read it; the seconds that they took.
    async fn read(
        &self,
        desk: &Desk,
        rooms: &Rooms,
        (kind, body): (String, Body),
        rows: u64,
        patience: Duration,
    ) -> anyhow::Result<f64> {
        let workers = Workers::start(desk, rooms, self.views).await?;
        say("revenue_csv_rows", rows);
        say("revenue_csv_memory_before_mb", now_mb()?);
        forget_peak();
        let began = Instant::now();
        let (_, started) = desk.send("POST", "/v2/ingestion/csv", &kind, body).await?;
        let started: Value = serde_json::from_slice(&started)?;
        say("revenue_csv_mb", started["bytes"].as_u64().unwrap_or_default() / 1_000_000);
        say("revenue_csv_sent_in_s", format!("{:.2}", began.elapsed().as_secs_f64()));
        say("revenue_csv_sent_peak_memory_mb", peak_mb()?);
        let job = started["job_id"].as_str().with_context(|| format!("no run was started: {started}"))?.to_owned();
        let read = Instant::now();
        let mut signed = Instant::now();
        let done = loop {
            // A large table takes longer than a token is good for.
            if signed.elapsed() > Duration::from_secs(300) {
                let refresh = desk.signed().refresh.clone();
                desk.sign("/v2/auth/refresh", &json!({ "refresh_token": refresh })).await?;
                signed = Instant::now();
            }
            let (_, status) = desk.json("GET", &format!("/v2/ingestion/{job}/status"), None).await?;
            let state = status["state"].as_str().unwrap_or_default().to_owned();
            match state.as_str() {
                "queued" | "running" => tokio::time::sleep(Duration::from_millis(50)).await,
                "done" => break status,
                _ => anyhow::bail!("the run did not end well: {status}"),
            }
            anyhow::ensure!(began.elapsed() < patience, "the table is not read in time");
        };
        let took = read.elapsed().as_secs_f64();
        anyhow::ensure!(done["landed"].as_u64() == Some(rows), "not every row landed: {done}");
        say("revenue_csv_rows_per_s", format!("{:.0}", rows as f64 / took));
        say("revenue_csv_peak_memory_mb", peak_mb()?);
        if self.views {
            at_rest(desk, patience).await?;
            say("revenue_csv_views_kept_in_s", format!("{:.2}", read.elapsed().as_secs_f64()));
            say("revenue_csv_views_peak_memory_mb", peak_mb()?);
        }
        workers.drain().await;
        Ok(took)
    }

    /// Every view of the signals made anew.
    async fn views(&self, desk: &Desk) -> anyhow::Result<()> {
        let mut owner = PgConnection::connect(&desk.place.url).await?;
        sqlx::query("vacuum analyze signals, journeys, daily_metrics").execute(&mut owner).await?;
        owner.close().await?;
        forget_peak();
        let began = Instant::now();
        let mut tx = desk.place.kernel.db.begin(desk.org).await?;
        let made = revenue::journeys::rebuild(&mut tx).await?;
        tx.commit().await?;
        say("revenue_rebuild_s", format!("{:.2}", began.elapsed().as_secs_f64()));
        say("revenue_rebuilt_signals", made.signals);
        say("revenue_rebuilt_journeys", made.journeys);
        say("revenue_rebuild_peak_memory_mb", peak_mb()?);
        let began = Instant::now();
        let difference = revenue::journeys::check(&mut desk.place.kernel.db.begin(desk.org).await?).await?;
        anyhow::ensure!(difference.rows() == 0, "the views made anew are other than the signals say:\n{difference}");
        say("revenue_check_s", format!("{:.2}", began.elapsed().as_secs_f64()));
        // What the followers were told of the table is behind them, so that only single signals are measured below.
        catch_up(&desk.place.kernel.db, &revenue::journeys::Journeys).await?;
        catch_up(&desk.place.kernel.db, &revenue::scores::Refresher).await?;
        let mut owner = PgConnection::connect(&desk.place.url).await?;
        sqlx::query("vacuum analyze").execute(&mut owner).await?;
        Ok(owner.close().await?)
    }

    /// What the followers need for one signal, each by hand: the views, then the stored scores.
    async fn one_by_one(&self, desk: &Desk) -> anyhow::Result<()> {
        let (mut views, mut scores) = (Vec::new(), Vec::new());
        for number in 0..self.signals + 5 {
            desk.tell(&format!("single-{number}")).await?;
            let began = Instant::now();
            until_applied(desk, &revenue::journeys::Journeys).await?;
            let folded = began.elapsed();
            let began = Instant::now();
            until_applied(desk, &revenue::scores::Refresher).await?;
            // The first ones warm the caches.
            if number >= 5 {
                views.push(folded);
                scores.push(began.elapsed());
            }
        }
        Samples::new(views).say("revenue_apply");
        Samples::new(scores).say("revenue_scores_of_all_places");
        Ok(())
    }

    /// From the request that tells a signal until the stored score changed, with a process at work.
    async fn visible(&self, desk: &Desk, rooms: &Rooms) -> anyhow::Result<()> {
        let runtime = Runtime::start(&desk.place.kernel, rooms, &[Role::Worker].into_iter().collect()).await?;
        at_rest(desk, PATIENCE).await?;
        let mut took = Vec::new();
        for number in 0..self.signals {
            let before = desk.scored_at().await?;
            let began = Instant::now();
            desk.tell(&format!("visible-{number}")).await?;
            while desk.scored_at().await? == before {
                anyhow::ensure!(began.elapsed() < Duration::from_secs(60), "the scores do not change");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            took.push(began.elapsed());
        }
        Samples::new(took).say("revenue_visible_after");
        runtime.drain().await;
        Ok(())
    }

    /// The Command centre and a score, whole and in the server.
    async fn pages(&self, desk: &Desk) -> anyhow::Result<()> {
        for (metric, path) in [
            ("revenue_command_centre_api", "/v2/command-centre"),
            ("revenue_command_centre_page", "/"),
            ("revenue_score_page", "/revenue/scores/lead_leakage"),
        ] {
            let mut took = Vec::with_capacity(self.requests);
            for number in 0..self.requests + 10 {
                let (time, _) = desk.send("GET", path, "application/json", Body::empty()).await?;
                // The first ones warm the caches.
                if number >= 10 {
                    took.push(time);
                }
            }
            Samples::new(took).say(metric);
        }
        Ok(())
    }
}

/// Who works meanwhile.
enum Workers {
    Queue(kernel::queue::Running),
    All(Box<Runtime>),
}

impl Workers {
    /// Those of the queue; with `views`, the followers too.
    async fn start(desk: &Desk, rooms: &Rooms, views: bool) -> anyhow::Result<Self> {
        let kernel = &desk.place.kernel;
        if views {
            let roles = [Role::Worker].into_iter().collect();
            return Ok(Self::All(Box::new(Runtime::start(kernel, rooms, &roles).await?)));
        }
        let mut handlers = Handlers::default();
        rooms.handlers(&mut handlers);
        Ok(Self::Queue(Queue::new(kernel.db.clone(), handlers).start("worker").await?))
    }

    async fn drain(self) {
        match self {
            Self::Queue(queue) => queue.drain(Duration::from_secs(60)).await,
            Self::All(runtime) => runtime.drain().await,
        }
    }
}

/// Applies what waits for a follower: a commit a moment ago may still be above the oldest transaction of the cluster.
async fn until_applied(desk: &Desk, follower: &dyn Follower) -> anyhow::Result<()> {
    let began = Instant::now();
    while catch_up(&desk.place.kernel.db, follower).await? == 0 {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(10), "{} has nothing to do", follower.name());
    }
    Ok(())
}

/// Waits until no job is left and no follower is behind.
async fn at_rest(desk: &Desk, patience: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let lanes = kernel::queue::lane_stats(&desk.place.kernel.db).await?;
        let waiting: i64 = lanes.iter().map(|lane| lane.ready + lane.running).sum();
        if waiting == 0 && !system::followers(&desk.place.kernel.db).await?.iter().any(|follower| follower.behind) {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < patience, "the workers do not come to rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Desk {
    /// Tells one lead with its answer to come, as a program does.
    async fn tell(&self, id: &str) -> anyhow::Result<()> {
        let signal = json!({
            "external_id": id, "at": self.place.kernel.clock.now(), "kind": "lead", "source": "website", "location": "North",
            "contact": format!("{id}@example.com"), "lead": id,
        });
        self.json("POST", "/v2/signals", Some(&json!({ "signals": [signal] }))).await?;
        Ok(())
    }

    /// When the scores of the whole organisation were stored last.
    async fn scored_at(&self) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
        let mut tx = self.place.kernel.db.begin(self.org).await?;
        Ok(sqlx::query_scalar(
            "select max(calculated_at) from scores where org_id = $1 and type = 'lead_leakage' \
             and location_id = '00000000-0000-0000-0000-000000000000'",
        )
        .bind(self.org)
        .fetch_one(tx.conn())
        .await?)
    }

    fn signed(&self) -> MutexGuard<'_, Signed> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs in, or renews it.
    async fn sign(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let (_, given) = self.json("POST", path, Some(body)).await?;
        let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        *self.signed() = Signed { access: text("access_token"), refresh: text("refresh_token") };
        Ok(())
    }

    /// Asks with JSON for JSON.
    async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(Duration, Value)> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let (took, bytes) = self.send(method, path, "application/json", body).await?;
        Ok((took, serde_json::from_slice(&bytes)?))
    }

    /// Asks, and reads the whole answer.
    async fn send(&self, method: &str, path: &str, kind: &str, body: Body) -> anyhow::Result<(Duration, Vec<u8>)> {
        let began = Instant::now();
        let response = self.begin(method, path, kind, body).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await?;
        let took = began.elapsed();
        anyhow::ensure!(status.is_success(), "{path} was answered with {status}: {}", String::from_utf8_lossy(&bytes));
        Ok((took, bytes.to_vec()))
    }

    /// Asks; the body of the answer is still to be read.
    async fn begin(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Body,
    ) -> anyhow::Result<axum::response::Response> {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        let access = self.signed().access.clone();
        if !access.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {access}"));
        }
        let Ok(response) = self.router.clone().oneshot(request.body(body)?).await;
        Ok(response)
    }
}
