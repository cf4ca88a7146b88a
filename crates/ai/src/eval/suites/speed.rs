//! Time of all local stages a message, one after another on one core.

use std::time::Instant;

use anyhow::Result;

use crate::eval::bench::{Bench, Suite, own_messages};
use crate::eval::measures::percentile;
use crate::eval::report::Row;
use crate::local::{Knowledge, LeadWeights, Local, SenderHistory, guard_output};

pub struct Speed;

/// Debug builds are told and not judged.
const JUDGED: bool = !cfg!(debug_assertions);

impl Suite for Speed {
    fn name(&self) -> &'static str {
        "speed"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let texts: Vec<String> = own_messages().into_iter().map(|m| m.text).collect();
        all_stages(&bench.local, &texts[0]);
        let mut times: Vec<f64> = Vec::with_capacity(texts.len() * 4);
        for text in texts.iter().cycle().take(texts.len() * 4) {
            times.push(all_stages(&bench.local, text));
        }
        let n = times.len();
        let p95 = Row::new("time", "own messages", "p95 of all stages, ms", percentile(&mut times, 0.95), n);
        let long = "word ".repeat(20_000);
        let longest = Row::new("time", "100,000 characters", "all stages, ms", all_stages(&bench.local, &long), 1);
        let p95 = if JUDGED { p95.at_most(bench.gate(1.0, 25.0)) } else { p95 };
        Ok(vec![p95, longest])
    }
}

/// Runs every stage on one message and returns the milliseconds.
fn all_stages(local: &Local, text: &str) -> f64 {
    let start = Instant::now();
    let reading = local.read(text, None);
    let guard = reading.guard_input();
    let understanding = reading.understanding(&[]);
    let sentiment = reading.sentiment();
    let intent = reading.intent(SenderHistory::default(), &LeadWeights::default());
    let reply = guard_output("Thank you, it costs 20 €.", reading.language, &Knowledge::new([text]));
    let took = start.elapsed();
    std::hint::black_box((guard, understanding, sentiment, intent, reading.marks(), reply));
    took.as_secs_f64() * 1e3
}
