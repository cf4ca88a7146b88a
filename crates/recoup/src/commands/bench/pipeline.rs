//! From a customer's message at a stand-in to our reply there: webhook, receipt, understanding, answer, send.

use std::time::Duration;

use anyhow::Context;
use kernel::config::{Config, EncoderUse};
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
    /// Messages of the burst that shows the sustained rate.
    #[arg(long, default_value_t = 5_000)]
    burst: u64,
}

const QUESTIONS: [&str; 4] = [
    "Are you open on Saturdays?",
    "How much is teeth whitening?",
    "Do you offer payment plans?",
    "Where can I park near the clinic?",
];

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
        let runtime = Runtime::start(&place.kernel, &rooms, &Role::ALL.into_iter().collect()).await?;
        business::wait_for_knowledge(&place.kernel, business.org).await?;
        outside.point_at(&place.kernel, &business, runtime.address().context("the web server has an address")?).await?;

        let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / self.rate.max(1)));
        for number in 0..self.seconds * self.rate {
            ticks.tick().await;
            write(&outside, number)?;
        }
        let steady = replies(&outside, self.seconds * self.rate, Duration::from_secs(30)).await;
        Samples::new(steady.iter().map(|(took, _)| *took).collect())
            .say(&format!("{metric}_reply_at_{}_per_s", self.rate));
        say(&format!("{metric}_replies"), format!("{} of {}", steady.len(), self.seconds * self.rate));

        let first = 1_000_000;
        for number in first..first + self.burst {
            write(&outside, number)?;
        }
        let all = replies(&outside, self.seconds * self.rate + self.burst, Duration::from_secs(120)).await;
        let burst: Vec<_> = all.iter().skip(steady.len()).collect();
        if let (Some(began), Some(ended)) =
            (burst.iter().map(|(took, at)| at - took.as_millis() as i64).min(), burst.iter().map(|(_, at)| *at).max())
        {
            let seconds = (ended - began).max(1) as f64 / 1e3;
            say(&format!("{metric}_sustained_per_s"), format!("{:.0}", burst.len() as f64 / seconds));
            say(&format!("{metric}_burst_replies"), format!("{} of {}", burst.len(), self.burst));
        }
        runtime.drain().await;
        drop(rooms);
        place.close().await
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

/// Every reply with how long it took and when it came, in milliseconds; waits until so many are there or patience ends.
async fn replies(outside: &Outside, wanted: u64, patience: Duration) -> Vec<(Duration, i64)> {
    let began = std::time::Instant::now();
    while outside.world.meta.threads.written_by(Author::App) < wanted as usize && began.elapsed() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut asked = std::collections::HashMap::new();
    let mut replies = Vec::new();
    for message in outside.world.meta.threads.since(0) {
        match message.author {
            Author::Customer => {
                asked.insert(message.person, message.at_ms);
            }
            _ => {
                if let Some(at_ms) = asked.remove(&message.person) {
                    replies.push((Duration::from_millis((message.at_ms - at_ms).max(0).unsigned_abs()), message.at_ms));
                }
            }
        }
    }
    replies
}
