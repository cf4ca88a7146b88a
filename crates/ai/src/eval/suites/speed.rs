//! Time of all local stages a message, one after another on one core.
//!
//! Judged is the time the processor spent on this thread: on a machine that is busy with other things the clock on the
//! wall measures the others. Every stage and the encoder run on the calling thread, so nothing is left out.

use std::time::Instant;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

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
        let (mut busy, mut passed): (Vec<f64>, Vec<f64>) =
            texts.iter().cycle().take(texts.len() * 4).map(|text| all_stages(&bench.local, text)).unzip();
        let n = busy.len();
        let row = |metric, value| Row::new("time", "own messages", metric, value, n);
        let p95 = row("p95 of all stages, CPU ms", percentile(&mut busy, 0.95));
        let p95 = if JUDGED { p95.at_most(bench.gate(1.0, 25.0)) } else { p95 };
        let long = "word ".repeat(20_000);
        let (longest, _) = all_stages(&bench.local, &long);
        Ok(vec![
            row("p50 of all stages, CPU ms", percentile(&mut busy, 0.5)),
            p95,
            row("p95 of all stages, wall ms", percentile(&mut passed, 0.95)),
            Row::new("time", "100,000 characters", "all stages, CPU ms", longest, 1),
        ])
    }
}

/// Runs every stage on one message and returns the milliseconds this thread was busy, and those that passed.
fn all_stages(local: &Local, text: &str) -> (f64, f64) {
    let (busy, start) = (thread_ms(), Instant::now());
    let reading = local.read(text, None);
    let guard = reading.guard_input();
    let understanding = reading.understanding(&[]);
    let sentiment = reading.sentiment();
    let intent = reading.intent(SenderHistory::default(), &LeadWeights::default());
    let reply = guard_output("Thank you, it costs 20 €.", reading.language, &Knowledge::new([text]));
    let took = (thread_ms() - busy, start.elapsed().as_secs_f64() * 1e3);
    std::hint::black_box((guard, understanding, sentiment, intent, reading.marks(), reply));
    took
}

/// Milliseconds the processor has spent on this thread.
fn thread_ms() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
