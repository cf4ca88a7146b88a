//! From a customer's message at a stand-in to our reply there: webhook, receipt, understanding, answer, send.

use std::time::{Duration, Instant};

use anyhow::Context;
use inbox::settings::{ChannelRates, SendRate};
use kernel::config::{Config, EncoderUse};
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use standins::{Author, Platform, Writing};

use super::super::demo::business;
use super::super::demo::world::Outside;
use super::measured::{Samples, say};
use super::place::Place;
use crate::rooms::Rooms;
use crate::runtime::{Role, Runtime};

/// How much.
#[derive(clap::Args)]
pub struct Pipeline {
    /// Seconds at the steady rate.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Messages a second of the steady part.
    #[arg(long, default_value_t = 20)]
    rate: u64,
    /// Seconds with always so many messages waiting that nothing is ever idle: the sustained rate.
    #[arg(long, default_value_t = 15)]
    sustained: u64,
    /// Messages that wait then.
    #[arg(long, default_value_t = 1_000)]
    waiting: u64,
}

const QUESTIONS: [&str; 4] = [
    "Are you open on Saturdays?",
    "How much is teeth whitening?",
    "Do you offer payment plans?",
    "Where can I park near the clinic?",
];

/// Seconds before the sustained rate is looked at.
const WARM_UP: u64 = 3;

impl Pipeline {
    /// Measures tier 0, and the tier with the encoder where its files are.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let mut plain = config.clone();
        plain.ai.encoder = EncoderUse::Off;
        self.tier(plain, "pipeline_tier0").await?;
        if crate::rooms::embedder(&config).is_some() {
            self.tier(config, "pipeline_minilm").await?;
        }
        Ok(())
    }

    async fn tier(&self, mut config: Config, metric: &str) -> anyhow::Result<()> {
        let outside = Outside::start(&mut config).await?;
        let place = Place::new(config, "pipeline").await?;
        let rooms = Rooms::open(&place.kernel).await?;
        let business = business::ensure(&place.kernel, "bench-password").await?;
        lift_rates(&place, business.org).await?;
        let runtime = Runtime::start(&place.kernel, &rooms, &Role::ALL.into_iter().collect()).await?;
        business::wait_for_knowledge(&place.kernel, business.org).await?;
        outside.point_at(&place.kernel, &business, runtime.address().context("the web server has an address")?).await?;

        let steady = self.steady(&outside).await?;
        let wanted = self.seconds * self.rate;
        say(&format!("{metric}_replies"), format!("{} of {wanted}", steady.len()));
        Samples::new(steady).say(&format!("{metric}_reply_at_{}_per_s", self.rate));

        let began = Instant::now();
        let (rate, written) = self.under_load(&outside, wanted).await?;
        say(&format!("{metric}_sustained_per_s"), format!("{rate:.0}"));
        settled(&place, &outside, wanted + written).await?;
        let all = written as f64 / began.elapsed().as_secs_f64();
        // Every reply at the platform, every echo and receipt of it handled, every view up to date.
        say(&format!("{metric}_settled_per_s"), format!("{all:.0}"));
        say(&format!("{metric}_sustained_replies"), format!("{} of {written}", replied(&outside) - wanted));
        runtime.drain().await;
        drop(rooms);
        place.close().await
    }

    /// Messages at a steady rate; how long each waited for its reply.
    async fn steady(&self, outside: &Outside) -> anyhow::Result<Vec<Duration>> {
        let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / self.rate.max(1)));
        for number in 0..self.seconds * self.rate {
            ticks.tick().await;
            write(outside, number)?;
        }
        let began = Instant::now();
        while replied(outside) < self.seconds * self.rate && began.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(waits(outside))
    }

    /// Keeps messages waiting for the time; replies a second once it runs, and how many messages were written.
    async fn under_load(&self, outside: &Outside, before: u64) -> anyhow::Result<(f64, u64)> {
        let began = Instant::now();
        let mut written = 0;
        let mut warm = None;
        while began.elapsed() < Duration::from_secs(self.sustained + WARM_UP) {
            while written + before < replied(outside) + self.waiting {
                write(outside, FIRST_UNDER_LOAD + written)?;
                written += 1;
            }
            if warm.is_none() && began.elapsed() >= Duration::from_secs(WARM_UP) {
                warm = Some((Instant::now(), replied(outside)));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (since, first) = warm.context("the time is longer than the warm-up")?;
        let rate = (replied(outside) - first) as f64 / since.elapsed().as_secs_f64();
        Ok((rate, written))
    }
}

/// All messages go to one page, and a page may send 300 a second: without this the limit would be measured and not Recoup.
async fn lift_rates(place: &Place, org: OrgId) -> anyhow::Result<()> {
    let rate = SendRate { messages: 1_000_000, seconds: 1 };
    let mut tx = place.kernel.db.begin(org).await?;
    let rates = ChannelRates { rates: [("facebook".to_owned(), rate)].into() };
    inbox::settings::save(&mut tx, &rates, Actor::System).await?;
    Ok(tx.commit().await?)
}

/// The number of the first person who writes under load.
const FIRST_UNDER_LOAD: u64 = 1_000_000;

/// Replies at the platform so far.
fn replied(outside: &Outside) -> u64 {
    outside.world.meta.threads.written_by(Author::App) as u64
}

/// Waits until every message is answered, no job is left and no view is behind.
async fn settled(place: &Place, outside: &Outside, wanted: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let done = replied(outside) >= wanted && {
            outside.world.meta.quiet().await;
            let lanes = kernel::queue::lane_stats(&place.kernel.db).await?;
            let waiting: i64 = lanes.iter().map(|lane| lane.ready + lane.running).sum();
            let behind = system::followers(&place.kernel.db).await?.iter().any(|follower| follower.behind);
            waiting == 0 && !behind
        };
        if done {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(180), "the pipeline does not come to rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody new asks something that the knowledge answers.
fn write(outside: &Outside, number: u64) -> anyhow::Result<()> {
    let account = outside.account(Platform::Messenger).context("a page to write to")?;
    let question = QUESTIONS[number as usize % QUESTIONS.len()];
    outside.world.customer_writes(&Writing::text(
        Platform::Messenger,
        &account.id,
        &format!("77{number:014}"),
        question,
    ))?;
    Ok(())
}

/// How long each message waited for its reply.
fn waits(outside: &Outside) -> Vec<Duration> {
    let mut asked = std::collections::HashMap::new();
    let mut waits = Vec::new();
    for message in outside.world.meta.threads.since(0) {
        match message.author {
            Author::Customer => {
                asked.insert(message.person, message.at_ms);
            }
            _ => {
                if let Some(at_ms) = asked.remove(&message.person) {
                    waits.push(Duration::from_millis((message.at_ms - at_ms).max(0).unsigned_abs()));
                }
            }
        }
    }
    waits
}
