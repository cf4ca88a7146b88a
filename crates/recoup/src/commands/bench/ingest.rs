//! Durable acknowledgements: signature checked, deduplicated, receipt and job committed, over 64 connections; beside them
//! what pgbench alone reaches with single-row inserts at 64 clients on the same cluster.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use kernel::config::{Config, Secret};
use sqlx::{Connection as _, PgConnection};
use standins::WorldConfig;

use super::super::demo::world::accounts;
use super::load::Connection;
use super::measured::{Samples, say};
use super::place::Place;
use crate::rooms::Rooms;
use crate::runtime::{Role, Runtime};

const SECRET: &str = "standin_meta_app_secret";

/// How long and how wide.
#[derive(clap::Args)]
pub struct Ingest {
    /// Seconds of each side in each round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Rounds; both sides take turns, so that a slow moment of the machine is shared.
    #[arg(long, default_value_t = 4)]
    rounds: u64,
    /// Connections of ours, and clients of pgbench.
    #[arg(long, default_value_t = 64)]
    connections: usize,
}

/// Requests made before the clock runs, a second of the time: whoever sends them signs on a machine of their own. Where more
/// are sent, they are made on the way.
const MADE_PER_S: u64 = 40_000;

impl Ingest {
    /// Measures both sides in turn.
    pub async fn run(self, mut config: Config) -> anyhow::Result<()> {
        config.connectors.meta.app_secret = Secret::new(SECRET);
        let place = Place::new(config, "ingest").await?;
        let org = place.organisation("Bench").await?;
        let account = accounts(&WorldConfig::unlimited()).into_iter().next().context("a page to write to")?;
        place.connect(org, &account).await?;
        let rooms = Rooms::open(&place.kernel).await?;
        let runtime = Runtime::start(&place.kernel, &rooms, &[Role::Web].into_iter().collect()).await?;
        let address = runtime.address().context("the web server has an address")?;
        let script = self.reference(&place).await?;
        let (mut took, mut rates, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            rates.push(self.ours(address, &account.id, &mut took).await?);
            references.push(self.pgbench(&place, &script).await?);
        }
        runtime.drain().await;
        drop(rooms);
        let kept: i64 = count(&place, "select count(*) from receipts").await?;
        let samples = Samples::new(took);
        let mean = |rates: &[f64]| rates.iter().sum::<f64>() / rates.len() as f64;
        say("ingest_acknowledged_per_s", format!("{:.0}", mean(&rates)));
        samples.say("ingest_acknowledgement");
        say("ingest_receipts_kept", kept);
        say("pgbench_single_row_inserts_per_s", format!("{:.0}", mean(&references)));
        let rounds: Vec<String> =
            rates.iter().zip(&references).map(|(ours, theirs)| format!("{:.2}", ours / theirs)).collect();
        say("ingest_over_pgbench_in_each_round", rounds.join(" "));
        say("ingest_over_pgbench", format!("{:.2}", mean(&rates) / mean(&references)));
        anyhow::ensure!(kept == samples.len() as i64, "{} acknowledged, {kept} kept", samples.len());
        place.close().await
    }

    /// Acknowledgements a second of one round; how long each took goes to the others.
    async fn ours(&self, address: SocketAddr, page: &str, took: &mut Vec<Duration>) -> anyhow::Result<f64> {
        let first = took.len() as u64;
        let made = first + MADE_PER_S * self.seconds;
        let requests: Arc<Vec<Vec<u8>>> = Arc::new((first..made).map(|number| request(page, number)).collect());
        let number = Arc::new(AtomicU64::new(first));
        let began = Instant::now();
        let until = began + Duration::from_secs(self.seconds);
        let connections = (0..self.connections).map(|_| {
            let (number, requests, page) = (Arc::clone(&number), Arc::clone(&requests), page.to_owned());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut took = Vec::new();
                while Instant::now() < until {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    let (status, time) = match requests.get((number - first) as usize) {
                        Some(request) => connection.send(request).await?,
                        None => connection.send(&request(&page, number)).await?,
                    };
                    anyhow::ensure!(status == 200, "a webhook was answered with {status}");
                    took.push(time);
                }
                anyhow::Ok(took)
            })
        });
        let before = took.len();
        for connection in connections.collect::<Vec<_>>() {
            took.extend(connection.await??);
        }
        Ok((took.len() - before) as f64 / began.elapsed().as_secs_f64())
    }

    /// Makes the table of the reference; the file with its statement.
    async fn reference(&self, place: &Place) -> anyhow::Result<PathBuf> {
        let mut owner = PgConnection::connect(&place.url).await?;
        let table = "create table pgbench_reference (id bigint generated always as identity primary key, at timestamptz default now(), body text)";
        run(&mut owner, table).await?;
        let script = place.kernel.config.data_dir.0.join("bench").join("insert.sql");
        let body = webhook("104500000000001", 1_000_000);
        std::fs::write(&script, format!("insert into pgbench_reference (body) values ('{body}');\n"))?;
        Ok(script)
    }

    /// What pgbench reaches alone: one row an insert, each in its own transaction.
    async fn pgbench(&self, place: &Place, script: &Path) -> anyhow::Result<f64> {
        let output = tokio::process::Command::new(place.cluster.program("pgbench"))
            .args(["--no-vacuum", "--protocol", "prepared", "--jobs", "2", "--client", &self.connections.to_string()])
            .args(["--time", &self.seconds.to_string(), "--file"])
            .arg(script)
            .arg(&place.url)
            .output()
            .await
            .context("pgbench cannot be run; it comes with PostgreSQL")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.with_context(|| format!("pgbench failed: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

async fn run(owner: &mut PgConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(owner).await.map(drop)
}

async fn count(place: &Place, query: &'static str) -> anyhow::Result<i64> {
    let mut owner = PgConnection::connect(&place.url).await?;
    Ok(sqlx::query_scalar(query).fetch_one(&mut owner).await?)
}

/// A signed delivery of one message.
fn request(page: &str, number: u64) -> Vec<u8> {
    let body = webhook(page, number);
    let signature = standins::sign::meta(SECRET, body.as_bytes());
    let length = body.len();
    let request = format!(
        "POST /webhooks/facebook HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         x-hub-signature-256: {signature}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    request.into_bytes()
}

/// A message of one of a thousand people, as Messenger delivers it.
fn webhook(page: &str, number: u64) -> String {
    let at = 1_795_000_000_000_u64 + number;
    format!(
        "{{\"object\":\"page\",\"entry\":[{{\"id\":\"{page}\",\"time\":{at},\"messaging\":[{{\"sender\":{{\"id\":\"78{:014}\"}},\
         \"recipient\":{{\"id\":\"{page}\"}},\"timestamp\":{at},\"message\":{{\"mid\":\"m_bench_{number}\",\"text\":\"Do you have a slot on Friday?\"}}}}]}}]}}",
        number % 1_000
    )
}
