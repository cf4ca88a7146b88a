//! Extracted answers: true to the knowledge, and aware of what it does not hold.

use anyhow::Result;

use crate::eval::answers::answers;
use crate::eval::bench::{Bench, Suite};
use crate::eval::own_faq::businesses;
use crate::eval::report::Row;

pub struct Answers;

impl Suite for Answers {
    fn name(&self) -> &'static str {
        "answers"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let embedder = bench.embedder.as_deref();
        let report = answers(&businesses(embedder)?, embedder);
        let row = |metric, value, n| Row::new("answers", "own FAQs", metric, value, n);
        Ok(vec![
            row("quotes stand in the chunks", report.faithful(), report.replies).at_least(0.95),
            row("unknown goes to a human", report.refusal(), report.unanswerable).at_least(0.95),
            row("answers given are right", report.precision(), report.answerable - report.handed_over).at_least(0.95),
            row("answerable ones answered", report.recall(), report.answerable),
            row("expected calibration error", report.calibration_error, report.answerable + report.unanswerable),
        ])
    }
}
