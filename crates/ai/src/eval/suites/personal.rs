//! Personal data on the sentences of presidio-research, and on numbers made here so that every checksum is known.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite};
use crate::eval::measures::ratio;
use crate::eval::report::Row;
use crate::local::pii::{self, Kind};

pub struct PersonalData;

#[derive(Deserialize)]
struct Sentence {
    text: String,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    #[serde(rename = "type")]
    kind: String,
    /// Characters, not bytes.
    start: usize,
    end: usize,
}

const KINDS: [(Kind, &str, &str, f64, f64); 5] = [
    (Kind::Email, "EMAIL_ADDRESS", "e-mail", 0.98, 0.95),
    (Kind::Card, "CREDIT_CARD", "card", 0.98, 0.95),
    (Kind::Iban, "IBAN_CODE", "IBAN", 0.98, 0.95),
    (Kind::Ssn, "US_SSN", "SSN", 0.98, 0.95),
    (Kind::Phone, "PHONE_NUMBER", "phone", 0.85, 0.90),
];

impl Suite for PersonalData {
    fn name(&self) -> &'static str {
        "personal data"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let files = ["pii/synth_v2_test", "pii/synth_v2_holdout", "pii/synth_v2"];
        let Some(sentences) = bench.public::<Sentence>(&files)? else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        for (kind, label, name, precision, recall) in KINDS {
            let (mut gold, mut found, mut hits) = (0, 0, 0);
            for sentence in &sentences {
                let golds: Vec<(usize, usize)> =
                    sentence.spans.iter().filter(|s| s.kind == label).map(|s| (s.start, s.end)).collect();
                let guesses: Vec<(usize, usize)> = pii::find(&sentence.text)
                    .into_iter()
                    .filter(|f| f.kind == kind)
                    .map(|f| (characters(&sentence.text, f.start), characters(&sentence.text, f.end)))
                    .collect();
                gold += golds.len();
                found += guesses.len();
                hits += guesses.iter().filter(|g| golds.iter().any(|s| overlap(**g, *s))).count();
            }
            if gold > 0 {
                rows.push(
                    Row::new("personal data", format!("presidio, {name}"), "precision", ratio(hits, found), found)
                        .at_least(precision),
                );
                rows.push(
                    Row::new("personal data", format!("presidio, {name}"), "recall", ratio(hits.min(gold), gold), gold)
                        .at_least(recall),
                );
            }
        }
        Ok(rows)
    }
}

fn characters(text: &str, byte: usize) -> usize {
    text[..byte].chars().count()
}

/// At least half of the longer span is shared.
fn overlap(a: (usize, usize), b: (usize, usize)) -> bool {
    let shared = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    shared * 2 >= (a.1 - a.0).max(b.1 - b.0)
}
