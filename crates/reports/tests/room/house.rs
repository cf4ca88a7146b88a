//! A room with an organisation in Berlin, sixty days of figures, a mail server, and a clock that stands.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::Clock;
use kernel::config::{MailConfig, MailTls};
use kernel::ids::OrgId;
use kernel::queue::{Handlers, Lane, run_waiting};
use kernel::testing::TestDb;
use reports::Core;
use serde_json::{Value, json};
use shell::testing::TestWeb;
use shell::{Role, Settings};
use standins::Handle;
use standins::mail::Mail;
use tower::ServiceExt as _;

use crate::figures::Tables;

/// Friday, 27 November 2026, 07:00 in Berlin.
pub(crate) const NOW: &str = "2026-11-27T06:00:00Z";

pub(crate) struct House {
    pub web: TestWeb,
    pub core: Core,
    pub org: OrgId,
    pub mail: Handle<Mail>,
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

impl House {
    pub(crate) async fn new() -> Self {
        let mail = Mail::start(standins::mail::MailConfig::default(), ([127, 0, 0, 1], 0).into())
            .await
            .expect("a mail server");
        let smtp = mail.smtp();
        let db = TestDb::new().await;
        let kernel = db
            .kernel_with(Clock::manual(at(NOW)), |config| {
                config.http.public_url = Some("https://recoup.example".to_owned());
                config.mail = MailConfig {
                    host: smtp.ip().to_string(),
                    port: Some(smtp.port()),
                    tls: MailTls::None,
                    from: "recoup@example.com".to_owned(),
                    ..MailConfig::default()
                };
            })
            .await;
        let core = Core::new(kernel.clone(), Arc::new(Tables));
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![reports::room(&core, app)]);
        let org = web.org("Northwind Dental").await;
        let house = Self { web, core, org, mail };
        house.owner("update organisations set time_zone = 'Europe/Berlin'").await;
        house
    }

    /// The same with figures: ten leads a day, €1,000 a day, €1,500 in the last week; what is at risk grew by €1,120.
    pub(crate) async fn furnished() -> Self {
        let house = Self::new().await;
        let today = day("2026-11-27");
        for back in 1..=60_u64 {
            let date = today - Days::new(back);
            let paid = if back <= 7 { 150_000 } else { 100_000 };
            for (source, metric, n, amount) in [
                ("whatsapp", "leads", 6, 0),
                ("=web", "leads", 4, 0),
                ("csv", "revenue", 2, paid),
                ("whatsapp", "answered", 5, 1_500),
                ("whatsapp", "booked", 3, 0),
                ("whatsapp", "leaked:respond", 1, 12_000),
            ] {
                house.metric(date, source, metric, (n, amount)).await;
            }
        }
        for back in 0..=20_u64 {
            let risk = if back < 7 { 1_248_000.0 } else { 1_136_000.0 };
            house.score(today - Days::new(back), "revenue_at_risk", Some(risk)).await;
            house.score(today - Days::new(back), "response_velocity", Some(if back < 7 { 72.0 } else { 76.0 })).await;
        }
        house
    }

    async fn metric(&self, day: NaiveDate, source: &str, metric: &str, (n, amount): (i64, i64)) {
        sqlx::query(
            "insert into daily_metrics (org_id, day, source, metric, n, amount) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(self.org)
        .bind(day)
        .bind(source)
        .bind(metric)
        .bind(n)
        .bind(amount)
        .execute(&mut self.web.db.owner().await)
        .await
        .expect("a sum");
    }

    pub(crate) async fn score(&self, day: NaiveDate, kind: &str, value: Option<f64>) {
        sqlx::query(
            "insert into scores (org_id, type, day, value, unit, low, high, coverage, version, detail, calculated_at) \
             values ($1, $2, $3, $4, 'points', $4 * 0.8, $4 * 1.2, 0.9, 1, '{}', now())",
        )
        .bind(self.org)
        .bind(kind)
        .bind(day)
        .bind(value)
        .execute(&mut self.web.db.owner().await)
        .await
        .expect("a score");
    }

    /// A statement of the database's owner.
    pub(crate) async fn owner(&self, statement: &'static str) {
        sqlx::query(statement).execute(&mut self.web.db.owner().await).await.expect("a statement");
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&mut self.web.db.owner().await).await.expect("a count")
    }

    pub(crate) fn token(&self, role: Role) -> String {
        self.web.token(self.org, role)
    }

    /// Runs what waits in a lane; how many jobs ran.
    pub(crate) async fn run(&self, lane: Lane) -> usize {
        let mut handlers = Handlers::default();
        reports::handlers(&self.core, &mut handlers);
        run_waiting(&self.web.kernel.db, &handlers, lane).await.expect("the lane runs")
    }

    /// Looks at the schedules, as the clock does.
    pub(crate) async fn look(&self) {
        for reconciler in reports::reconcilers(&self.core) {
            reconciler.run().await.expect("a look");
        }
    }

    pub(crate) fn set(&self, now: &str) {
        self.web.kernel.clock.set(at(now));
    }

    /// Asks for a report and makes it; its id.
    pub(crate) async fn made(&self, given: &Value) -> String {
        let answer = self.web.post(&self.token(Role::Analyst), "/v2/reports/generate", given).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert_eq!(self.run(Lane::Report).await, 1);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn briefing(&self) -> String {
        self.made(&json!({ "kind": "briefing", "format": "pdf" })).await
    }

    /// A file's bytes, its kind and its name.
    pub(crate) async fn file(&self, path: &str) -> (Vec<u8>, String, String) {
        let token = self.token(Role::Owner);
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).expect("a request");
        let Ok(response) = self.web.router.clone().oneshot(request).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let head = |name: header::HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (kind, name) = (head(header::CONTENT_TYPE), head(header::CONTENT_DISPOSITION));
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (bytes.to_vec(), kind, name)
    }
}

/// The text of a PDF without spaces: where a reader puts spaces is its own affair.
pub(crate) fn text_of(pdf: &[u8]) -> String {
    let read = lopdf::Document::load_mem(pdf).expect("a PDF");
    let pages: Vec<u32> = read.get_pages().keys().copied().collect();
    read.extract_text(&pages).expect("text").split_whitespace().collect()
}
