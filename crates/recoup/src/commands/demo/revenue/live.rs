//! The live part: now and then somebody calls, fills a form in, books or pays, so that the scores move while you watch.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::ids::OrgId;
use kernel::{CanFail, Kernel};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use revenue::settings::Place;

use super::lead::{Asks, MOST};
use super::spots::SPOTS;

/// The number of the first live day and place: none of the history has it.
const FIRST: usize = 280;
/// Live leads are told apart by so many areas.
const AREAS: usize = 120;

/// Lands signals until the task is aborted. Each start has leads of its own.
pub async fn run(kernel: Kernel, org: OrgId, pause: Duration) {
    let start = kernel.clock.now().timestamp();
    let mut rng = ChaCha8Rng::seed_from_u64(start.unsigned_abs());
    let mut waiting: VecDeque<Signal> = VecDeque::new();
    let mut number = usize::try_from(start / 60).unwrap_or(0);
    loop {
        tokio::time::sleep(pause.mul_f64(rng.random_range(0.4..1.6))).await;
        // Those who asked come back before others ask.
        let next = if waiting.is_empty() || (waiting.len() < 8 && rng.random_range(0..100) < 55) {
            number += 1;
            let mut story = asks(&mut rng, number, start, kernel.clock.now());
            let first = story.pop_front();
            waiting.extend(story);
            first
        } else {
            waiting.pop_front()
        };
        if let Some(signal) = next {
            land(&kernel, org, signal).await.can_fail("a live signal of the demo does not land");
        }
    }
}

/// Somebody asks: what comes of it, each thing when its turn comes.
fn asks(rng: &mut ChaCha8Rng, number: usize, start: i64, now: DateTime<Utc>) -> VecDeque<Signal> {
    let place = Place::default();
    let spot = &SPOTS[rng.random_range(0..SPOTS.len())];
    let number = (FIRST + number % AREAS) * MOST + number / AREAS % 100;
    let asks = Asks { spot, place: &place, number, at: now };
    let story = match rng.random_range(0..100) {
        0..45 => asks.answered_call(rng),
        45..62 => asks.missed_call(rng, 50).0,
        _ => asks.form(rng),
    };
    let renamed = |mut signal: Signal| {
        signal.external_id = format!("{}-{start}", signal.external_id);
        signal.lead = signal.lead.map(|lead| format!("{lead}-{start}"));
        signal
    };
    story.into_iter().map(renamed).collect()
}

/// Lands a signal now: what would have been days later happens while you watch.
async fn land(kernel: &Kernel, org: OrgId, mut signal: Signal) -> anyhow::Result<()> {
    let vault = kernel.vault.of(org).await?;
    let mut tx = kernel.db.begin(org).await?;
    signal.at = kernel.clock.now();
    if signal.kind == SignalKind::Booking {
        signal.data.insert("starts_at".to_owned(), serde_json::json!(signal.at + TimeDelta::hours(20)));
    }
    if signal.kind == SignalKind::NoShow {
        // Nobody misses today what was booked a minute ago.
        return Ok(());
    }
    revenue::signals::land(&mut tx, &vault, vec![signal]).await?;
    Ok(tx.commit().await?)
}
