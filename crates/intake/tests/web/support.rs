//! A house with the intake in it, a place where signals land, and its queue.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, header};
use chrono::{DateTime, Utc};
use connectors::signal::Signal;
use intake::{Core, Landed, Landing};
use kernel::config::Config;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::queue::{Handlers, Lane, run_waiting};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use serde_json::Value;
use shell::testing::{Answer, TestWeb};
use shell::{Role, Settings};

/// The instant of the tests: 21 September 2026.
pub const NOW: i64 = 1_790_000_000;

/// Writes signals as the room that keeps them would, as far as the intake can see.
pub struct Shelf;

#[async_trait]
impl Landing for Shelf {
    async fn land(&self, tx: &mut OrgTx, signals: Vec<Signal>) -> anyhow::Result<Landed> {
        let mut landed = Landed::default();
        let mut rows: HashMap<(String, String), Signal> = HashMap::new();
        for (place, signal) in signals.into_iter().enumerate() {
            if signal.data.get("refuse").is_some() {
                landed.rejected.push((place, "the shelf refuses it".to_owned()));
            } else if rows.insert((signal.source.clone(), signal.external_id.clone()), signal).is_some() {
                landed.unchanged += 1;
            }
        }
        let rows: Vec<Signal> = rows.into_values().collect();
        let written: Vec<bool> = sqlx::query_scalar(
            "insert into signals as s (org_id, id, at, kind, source, external_id, minor, batch) \
             select $1, md5(n.source || '/' || n.external_id)::uuid, n.at, n.kind, n.source, n.external_id, n.minor, $1 \
             from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bigint[]) \
               as n (at, kind, source, external_id, minor) \
             on conflict (org_id, id) do update set at = excluded.at, kind = excluded.kind, minor = excluded.minor \
             where (s.at, s.kind, s.minor) is distinct from (excluded.at, excluded.kind, excluded.minor) returning xmax = 0",
        )
        .bind(tx.org())
        .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.source.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.external_id.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.value.map(|value| value.minor)).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
        landed.new += written.iter().filter(|new| **new).count() as u64;
        landed.corrected += written.iter().filter(|new| !**new).count() as u64;
        landed.unchanged += (rows.len() - written.len()) as u64;
        Ok(landed)
    }
}

pub struct House {
    pub web: TestWeb,
    pub core: Core,
    pub org: OrgId,
    pub admin: String,
}

impl House {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::new().await;
        let clock = Clock::manual(now());
        let kernel = db
            .kernel_with(clock, |config| {
                config.intake.allow_private = true;
                change(config);
            })
            .await;
        let core = Core::new(kernel.clone(), Arc::new(Shelf));
        let web = TestWeb::over(db, kernel, Settings::default(), |app| vec![intake::room(&core, app)]);
        let org = web.org("Northwind").await;
        let admin = web.token(org, Role::Admin);
        Self { web, core, org, admin }
    }

    pub fn kernel(&self) -> &Kernel {
        &self.web.kernel
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.web.get(&self.admin, path).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.web.post(&self.admin, path, body).await
    }

    /// Sends a form with a file.
    pub async fn upload(&self, file: &[u8], fields: &[(&str, &str)]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
            );
        }
        body.extend(b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../table.csv\"\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--XX--\r\n");
        let request = Request::post("/v2/ingestion/csv")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.admin))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .body(Body::from(body))
            .expect("a valid request");
        self.web.send(request).await
    }

    /// Runs jobs until none is left; how many ran.
    pub async fn drain(&self) -> usize {
        let mut ran = 0;
        for _ in 0..50 {
            let now = self.stint().await;
            if now == 0 {
                return ran;
            }
            ran += now;
        }
        panic!("the queue does not come to rest");
    }

    /// Runs what waits now, once.
    pub async fn stint(&self) -> usize {
        let mut handlers = Handlers::default();
        intake::handlers(&self.core, &mut handlers);
        run_waiting(&self.kernel().db, &handlers, Lane::Ingest).await.expect("jobs run")
    }

    pub async fn status(&self, job: &str) -> Value {
        let answer = self.get(&format!("/v2/ingestion/{job}/status")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.web.db.owner().await).await.expect("a count")
    }

    /// Connects something; gives what the API answered.
    pub async fn connect(&self, body: &Value) -> Value {
        let answer = self.post("/v2/ingestion/connections", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Begins a run of a connection.
    pub async fn trigger(&self, connection: &Value, mode: &str) -> String {
        let body = serde_json::json!({ "connection_id": connection["id"], "mode": mode });
        let answer = self.post("/v2/ingestion/trigger", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()["job_id"].as_str().expect("a job").to_owned()
    }
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).expect("a valid instant")
}
