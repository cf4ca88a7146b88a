//! Spam: recall and false alarms of the model with its threshold, and false alarms on customers.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite, own};
use crate::eval::measures::ratio;
use crate::eval::report::Row;

pub struct Spam;

#[derive(Deserialize)]
struct Sms {
    text: String,
    spam: u8,
}

impl Suite for Spam {
    fn name(&self) -> &'static str {
        "spam"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let ours: Vec<Sms> = own(include_str!("../../../../../eval/own/spam.test.jsonl"));
        rows.push(recall(bench, "own spam", &ours));
        if let Some(lines) = bench.public::<Sms>(&["sms_spam/test", "sms_spam/holdout", "sms_spam/dev"])? {
            rows.push(recall(bench, "SMS collection", &lines).at_least(0.95));
            let ham: Vec<String> = lines.iter().filter(|l| l.spam == 0).map(|l| l.text.clone()).collect();
            rows.push(alarms(bench, "SMS collection", &ham).at_most(0.01));
        }
        for (set, texts) in bench.everyday()?.into_iter().take(2).filter(|(_, texts)| !texts.is_empty()) {
            rows.push(alarms(bench, set, &texts).at_most(0.01));
        }
        Ok(rows)
    }
}

fn recall(bench: &Bench, set: &str, lines: &[Sms]) -> Row {
    let spam: Vec<&str> = lines.iter().filter(|l| l.spam == 1).map(|l| l.text.as_str()).collect();
    let mut hits = 0;
    bench.read_each(spam.iter().copied(), |_, reading| hits += usize::from(reading.spam_suspected().is_some()));
    Row::new("spam", set, "recall", ratio(hits, spam.len()), spam.len())
}

fn alarms(bench: &Bench, set: &str, texts: &[String]) -> Row {
    let mut hits = 0;
    bench.read_each(texts.iter().map(String::as_str), |_, reading| {
        hits += usize::from(reading.spam_suspected().is_some());
    });
    Row::new("spam", set, "false alarms", ratio(hits, texts.len()), texts.len())
}
