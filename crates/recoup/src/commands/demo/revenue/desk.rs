//! What somebody at Northwind did at the desk, through the product's own API: places, settings, plays, connections, a table of
//! the till, reports and their schedules.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use chrono::{DateTime, Days, Utc};
use chrono_tz::Tz;
use kernel::CanFail;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::business::OWNER_EMAIL;
use super::spots::SPOTS;
use super::till;

/// The time zone of the organisation.
const ZONE: Tz = Tz::America__New_York;

/// Somebody who is signed in.
pub struct Desk {
    router: Router,
    token: String,
}

impl Desk {
    /// Signs the owner in.
    pub async fn open(router: Router, password: &str) -> anyhow::Result<Self> {
        let mut desk = Self { router, token: String::new() };
        let body = json!({ "email": OWNER_EMAIL, "password": password });
        let answer = desk.ask("POST", "/v2/auth/login", Some(&body)).await?;
        answer["access_token"].as_str().unwrap_or_default().clone_into(&mut desk.token);
        Ok(desk)
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = body.map_or_else(String::new, Value::to_string);
        self.send(method, path, "application/json", body).await
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: String) -> anyhow::Result<Value> {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let Ok(response) = self.router.clone().oneshot(request.body(Body::from(body))?).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 16 << 20).await?;
        let said = String::from_utf8_lossy(&bytes);
        anyhow::ensure!(status.is_success(), "{method} {path} was answered with {status}: {said}");
        Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
    }

    /// The places with their hours, what the scores are set to, and the plays that run.
    pub async fn arrange(&self) -> anyhow::Result<()> {
        self.ask("PATCH", "/v2/organisation", Some(&json!({ "time_zone": ZONE.name() }))).await?;
        let settings = json!({ "industry": "dental", "size": "medium", "pay_days": 30 });
        self.ask("PUT", "/v2/scoring/settings", Some(&settings)).await?;
        for spot in &SPOTS {
            let place = json!({ "name": spot.name, "time_zone": spot.zone, "monthly_capacity": spot.capacity });
            let made = self.ask("POST", "/v2/locations", Some(&place)).await?;
            let id = made["id"].as_str().unwrap_or_default();
            let hours = spot.hours.map(|hours| hours.map(|(from, to)| json!({ "from": from, "to": to })));
            let path = format!("/v2/scoring/settings?location_id={id}");
            self.ask("PUT", &path, Some(&json!({ "hours": hours }))).await?;
        }
        for (factor, own, rivals) in [
            ("profile", 82.0, [91.0, 76.0]),
            ("on_page", 64.0, [70.0, 58.0]),
            ("links", 41.0, [66.0, 52.0]),
            ("citations", 38.0, [44.0, 47.0]),
        ] {
            let fact = json!({ "factor": factor, "own": own, "rivals": rivals });
            self.ask("PUT", "/v2/scoring/visibility", Some(&fact)).await?;
        }
        let text_back = json!({
            "enabled": true, "holdout_percent": 25,
            "message": "Sorry we missed your call at Northwind. Tell us what it is about, and we find you a time.",
        });
        self.ask("PATCH", "/v2/plays/missed_call_text_back", Some(&text_back)).await?;
        let abandoned = json!({
            "enabled": true, "holdout_percent": 5,
            "message": "We missed you at Northwind. Would another day suit you better? Just answer here.",
        });
        self.ask("PATCH", "/v2/plays/abandoned_booking", Some(&abandoned)).await?;
        Ok(())
    }

    /// Connections, the till's table and reports. One that does not come about is told of and leaves the rest alone.
    pub async fn furnish(&self, now: DateTime<Utc>) {
        for connection in connections() {
            self.ask("POST", "/v2/ingestion/connections", Some(&connection))
                .await
                .can_fail("connecting a source of the demo; the others go on");
        }
        self.import(now).await.can_fail("importing the till's table of the demo");
        self.report(now).await.can_fail("making the reports of the demo");
    }

    /// A finished import: last week's sales at Riverside's till, some rows of which cannot be read.
    async fn import(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        const LINE: &str = "northwind-till-table";
        let table = till::table(now);
        let body = format!(
            "--{LINE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"riverside-till.csv\"\r\n\
             content-type: text/csv\r\n\r\n{table}\r\n--{LINE}\r\ncontent-disposition: form-data; name=\"start\"\r\n\r\n\
             true\r\n--{LINE}--\r\n"
        );
        let kind = format!("multipart/form-data; boundary={LINE}");
        self.send("POST", "/v2/ingestion/csv", &kind, body).await?;
        Ok(())
    }

    /// Yesterday's briefing, a report of one's own, and when both are sent.
    async fn report(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let org = self.ask("GET", "/v2/organisation", None).await?;
        let org = org["id"].as_str().unwrap_or_default();
        let yesterday = now.with_timezone(&ZONE).date_naive() - Days::new(1);
        let briefing = json!({ "kind": "briefing", "format": "pdf", "to": yesterday });
        self.ask("POST", "/v2/reports/generate", Some(&briefing)).await?;
        let design = json!({
            "name": "Leads, bookings and revenue by place",
            "design": {
                "metrics": ["leads", "missed_calls", "bookings", "revenue"], "group": "location", "chart": "bars", "days": 28,
                "compare": true,
            },
        });
        let saved = self.ask("POST", "/v2/reports/definitions", Some(&design)).await?;
        let schedule = format!("/v2/reports/{org}/schedule");
        let weekly = json!({
            "kind": "custom", "report_id": saved["id"], "name": "Monday numbers", "days": [1], "time": "08:00",
            "recipients": [OWNER_EMAIL], "formats": ["pdf", "xlsx"],
        });
        self.ask("POST", &schedule, Some(&weekly)).await?;
        let daily =
            json!({ "kind": "briefing", "name": "Morning briefing", "time": "07:00", "recipients": [OWNER_EMAIL] });
        self.ask("POST", &schedule, Some(&daily)).await?;
        Ok(())
    }
}

/// What is connected: payments and calls work, the website posts to us, and Google waits for somebody to agree again.
fn connections() -> [Value; 4] {
    let stripe = standins::stripe::StripeConfig::default();
    let calls = standins::callrail::CallRailConfig::default();
    [
        json!({ "kind": "stripe", "name": "Stripe", "secrets": { "key": stripe.keys.first() } }),
        json!({
            "kind": "callrail", "name": "CallRail, all three lines", "settings": { "account_id": calls.account },
            "secrets": { "key": calls.keys.first() },
        }),
        json!({ "kind": "webhook", "name": "Forms of the website" }),
        json!({ "kind": "google_business", "name": "Google Business Profile" }),
    ]
}
