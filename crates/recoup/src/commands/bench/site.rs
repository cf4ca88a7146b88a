//! The public site over loopback: the first byte of a page, pages a second over connections that stay open, handing an audit in, its
//! result as PDF, and how much style and script a visitor loads. Client and server share the machine's cores.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use kernel::config::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::load::Connection;
use super::measured::{Samples, say};
use super::place::Place;

use crate::rooms::Rooms;

/// How much.
#[derive(clap::Args)]
pub struct Site {
    /// Seconds in which pages are asked for over and over.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that stay open meanwhile.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Audits handed in, one after the other at a moderate rate.
    #[arg(long, default_value_t = 400)]
    audits: usize,
    /// Results made into PDF.
    #[arg(long, default_value_t = 30)]
    papers: usize,
    /// Requests of each page for its first byte.
    #[arg(long, default_value_t = 200)]
    requests: usize,
}

/// Audits handed in a second.
const AUDITS_A_SECOND: u64 = 40;
/// Pages that are the same for everybody.
const PAGES: [&str; 4] = ["/", "/audit", "/pricing", "/solutions"];

impl Site {
    /// Serves a site, then asks.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let place = Place::new(config, "site").await?;
        publish(&place).await?;
        let rooms = Rooms::open(&place.kernel).await?;
        let (app, router) = rooms.web();
        let (address, server) = serve(router).await?;
        let told = self.ask(address).await;
        server.abort();
        drop((app, rooms));
        place.close().await?;
        told
    }

    async fn ask(&self, address: SocketAddr) -> anyhow::Result<()> {
        self.first_bytes(address).await?;
        self.throughput(address).await?;
        let result = self.hand_in(address).await?;
        self.papers(address, &result).await?;
        sizes(address, &[PAGES[0], PAGES[1], &result, "/roi", "/contact"]).await
    }

    /// From the request to the first byte, on a connection of its own each time.
    async fn first_bytes(&self, address: SocketAddr) -> anyhow::Result<()> {
        let mut took = Vec::with_capacity(self.requests * PAGES.len());
        for _ in 0..self.requests.max(1) {
            for page in PAGES {
                let answer = Connection::open(address).await?.get_as(page, "br").await?;
                anyhow::ensure!(answer.status == 200, "{page} was answered with {}", answer.status);
                took.push(answer.first_byte);
            }
        }
        Samples::new(took).say("site_ttfb");
        Ok(())
    }

    /// Cached pages a second, as browsers get them: packed.
    async fn throughput(&self, address: SocketAddr) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(self.seconds.max(1));
        let (begun, mut visitors) = (Instant::now(), JoinSet::new());
        for number in 0..self.connections.max(1) {
            let visitor = async move {
                let (mut connection, mut seen) = (Connection::open(address).await?, 0_u64);
                while Instant::now() < until {
                    let page = PAGES[(number + seen as usize) % PAGES.len()];
                    let answer = connection.get_as(page, "br").await?;
                    anyhow::ensure!(answer.status == 200, "{page} was answered with {}", answer.status);
                    seen += 1;
                }
                anyhow::Ok(seen)
            };
            visitors.spawn(visitor);
        }
        let mut seen = 0;
        while let Some(visitor) = visitors.join_next().await {
            seen += visitor??;
        }
        say("site_pages_per_s", format!("{:.0}", seen as f64 / begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Hands audits in at a moderate rate; the path of a result.
    async fn hand_in(&self, address: SocketAddr) -> anyhow::Result<String> {
        let mut connection = Connection::open(address).await?;
        let mut pace = tokio::time::interval(Duration::from_millis(1_000 / AUDITS_A_SECOND));
        let mut took = Vec::with_capacity(self.audits);
        let mut result = String::new();
        for number in 0..self.audits.max(1) {
            pace.tick().await;
            let body = answers(number).to_string();
            let (answer, whole) = connection.post_json("/v2/audit/submit", body.as_bytes()).await?;
            anyhow::ensure!(answer.status == 201, "an audit was answered with {}", answer.status);
            took.push(whole);
            let told: Value = serde_json::from_slice(&answer.body)?;
            let url = told["reportUrl"].as_str().context("where the result is")?;
            url[url.find("/audit/results/").context("a path")?..].clone_into(&mut result);
        }
        Samples::new(took).say("site_audit_submit");
        Ok(result)
    }

    /// A result as PDF, made anew each time; the same result has the same bytes.
    async fn papers(&self, address: SocketAddr, result: &str) -> anyhow::Result<()> {
        let (mut took, mut first) = (Vec::with_capacity(self.papers), Vec::new());
        let path = format!("{result}/report.pdf");
        for _ in 0..self.papers.max(1) {
            let begun = Instant::now();
            let answer = Connection::open(address).await?.get(&path).await?;
            took.push(begun.elapsed());
            anyhow::ensure!(answer.status == 200, "the PDF was answered with {}", answer.status);
            anyhow::ensure!(first.is_empty() || first == answer.body, "the same result gave other bytes");
            first = answer.body;
        }
        Samples::new(took).say("site_audit_pdf");
        say("site_audit_pdf_kb", kb(first.len()));
        Ok(())
    }
}

/// Answers that differ a little from one audit to the next.
fn answers(number: usize) -> Value {
    let industries = ["dentist", "clinic", "salon", "home_services", "legal", "automotive"];
    let pains = ["missed_calls", "slow_replies", "after_hours", "no_shows", "open_quotes"];
    json!({
        "industry": industries[number % industries.len()], "companySize": "6_20", "painPoints": [pains[number % pains.len()]],
        "currentSystems": ["crm"], "kpis": ["inquiries"], "answers": { "volume": 100 + number % 400, "answering": "noted" },
    })
}

/// What a page makes a visitor load, packed as it travels: the page, in which its style stands, and its scripts.
async fn sizes(address: SocketAddr, pages: &[&str]) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let (mut scripts, mut heaviest) = (0, 0);
    for page in pages {
        let text = String::from_utf8(connection.get(page).await?.body).context("a page is text")?;
        anyhow::ensure!(text.contains("<style>"), "{page} has no style");
        let mut script = 0;
        for source in modules_of(&text) {
            let answer = connection.get_as(source, "br").await?;
            anyhow::ensure!(answer.status == 200, "{source} of {page} was answered with {}", answer.status);
            script += answer.body.len();
        }
        scripts = scripts.max(script);
        heaviest = heaviest.max(connection.get_as(page, "br").await?.body.len());
    }
    say("site_scripts_compressed_kb", kb(scripts));
    say("site_page_with_style_compressed_kb", kb(heaviest));
    Ok(())
}

/// The addresses of the scripts that a page loads once it has been seen.
fn modules_of(page: &str) -> impl Iterator<Item = &str> {
    page.split("<meta name=\"module\" content=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

fn kb(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1024.0)
}

/// An organisation with a published site at the installation's own address.
async fn publish(place: &Place) -> anyhow::Result<()> {
    let org = place.organisation("Northwind Recovery").await?;
    let mut tx = place.kernel.db.begin(org).await?;
    sqlx::query(
        "insert into sites (org_id, name, tagline, published, created_at, updated_at) \
         values ($1, 'Northwind Recovery', 'What you lose, found', true, $2, $2)",
    )
    .bind(org)
    .bind(place.kernel.clock.now())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Serves on a free port. Nobody is told who asks, so that limits by address do not end the bench.
async fn serve(router: Router) -> anyhow::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router.into_make_service()).await {
            tracing::error!(%error, "the bench's server ended");
        }
    });
    Ok((address, server))
}
