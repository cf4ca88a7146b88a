//! Personal data: in our own lines, whose numbers were made so that every checksum is known, and in presidio-research.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite, own};
use crate::eval::measures::ratio;
use crate::eval::report::Row;
use crate::local::pii::{self, Kind};

pub struct PersonalData;

/// A sentence and what is personal in it, in characters.
struct Sentence {
    text: String,
    spans: Vec<(Kind, (usize, usize))>,
}

#[derive(Deserialize)]
struct Presidio {
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

/// A line of our own: the text, and what is personal in it, written as it stands there.
#[derive(Deserialize)]
struct Own {
    text: String,
    #[serde(default)]
    email: Vec<String>,
    #[serde(default)]
    card: Vec<String>,
    #[serde(default)]
    iban: Vec<String>,
    #[serde(default)]
    ssn: Vec<String>,
    #[serde(default)]
    phone: Vec<String>,
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
        let lines: Vec<Own> = own(include_str!("../../../../../eval/own/personal.jsonl"));
        let mut rows = rows("own", &lines.into_iter().map(Sentence::from).collect::<Vec<_>>());
        if let Some(lines) = bench.public::<Presidio>(&["pii/synth_v2_test", "pii/synth_v2_holdout", "pii/synth_v2"])? {
            rows.extend(self::rows("presidio", &lines.into_iter().map(Sentence::from).collect::<Vec<_>>()));
        }
        Ok(rows)
    }
}

impl From<Presidio> for Sentence {
    fn from(line: Presidio) -> Sentence {
        let kind = |label: &str| KINDS.iter().find(|kind| kind.1 == label).map(|kind| kind.0);
        let spans = line.spans.iter().filter_map(|s| Some((kind(&s.kind)?, (s.start, s.end)))).collect();
        Sentence { text: line.text, spans }
    }
}

impl From<Own> for Sentence {
    fn from(line: Own) -> Sentence {
        let mut spans = Vec::new();
        let kinds = [
            (Kind::Email, line.email),
            (Kind::Card, line.card),
            (Kind::Iban, line.iban),
            (Kind::Ssn, line.ssn),
            (Kind::Phone, line.phone),
        ];
        for (kind, values) in kinds {
            spans.extend(values.iter().map(|value| {
                let start = line.text.find(value).expect("a committed line holds what it names");
                (kind, (characters(&line.text, start), characters(&line.text, start + value.len())))
            }));
        }
        Sentence { text: line.text, spans }
    }
}

fn rows(set: &str, sentences: &[Sentence]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, _, name, precision, recall) in KINDS {
        let (mut gold, mut found, mut hits) = (0, 0, 0);
        for sentence in sentences {
            let golds: Vec<(usize, usize)> = sentence.spans.iter().filter(|s| s.0 == kind).map(|s| s.1).collect();
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
            let row = |metric, value, n| Row::new("personal data", format!("{set}, {name}"), metric, value, n);
            rows.push(row("precision", ratio(hits, found), found).at_least(precision));
            rows.push(row("recall", ratio(hits.min(gold), gold), gold).at_least(recall));
        }
    }
    rows
}

fn characters(text: &str, byte: usize) -> usize {
    text[..byte].chars().count()
}

/// At least half of the longer span is shared.
fn overlap(a: (usize, usize), b: (usize, usize)) -> bool {
    let shared = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    shared * 2 >= (a.1 - a.0).max(b.1 - b.0)
}
