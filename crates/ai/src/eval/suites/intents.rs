//! An organisation's own intents from a few examples each, on BANKING77 and CLINC150.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite};
use crate::eval::measures::ratio;
use crate::eval::report::Row;
use crate::local::intents::{Example, IntentModel, Space};

pub struct OwnIntents;

#[derive(Deserialize)]
struct Said {
    text: String,
    intent: String,
}

/// Texts asked after learning; taken evenly from what was not learned from.
const ASKED: usize = 3_000;

impl Suite for OwnIntents {
    fn name(&self) -> &'static str {
        "intents"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let sets = [
            ("BANKING77", ["banking77/train"], bench.gate(0.76, 0.85)),
            ("CLINC150", ["clinc150/train_val"], bench.gate(0.82, 0.90)),
        ];
        for (set, files, gate) in sets {
            let Some(said) = bench.public::<Said>(&files)? else { continue };
            let (ten, texts) = few_shot(bench, &said, 10);
            rows.push(Row::new("own intents", format!("{set}, 10 examples"), "accuracy", ten, texts).at_least(gate));
            let (five, texts) = few_shot(bench, &said, 5);
            rows.push(Row::new("own intents", format!("{set}, 5 examples"), "accuracy", five, texts));
            if let Some((kept, caught, texts)) = out_of_scope(bench, &said) {
                rows.push(Row::new("own intents", format!("{set}, in scope"), "kept", kept, texts));
                rows.push(Row::new("own intents", format!("{set}, out of scope"), "recognised", caught, texts));
            }
        }
        Ok(rows)
    }
}

fn space(bench: &Bench) -> Space {
    bench.embedder.clone().map_or(Space::Hashed, Space::Embedded)
}

/// Learns from `count` examples an intent, spread over the file, and asks some of the rest.
fn few_shot(bench: &Bench, said: &[Said], count: usize) -> (f64, usize) {
    let (learned, rest) = split(said, count);
    let Some(model) = IntentModel::learn(space(bench), &learned) else { return (0.0, 0) };
    let step = rest.len().div_ceil(ASKED).max(1);
    let asked: Vec<&Said> = rest.into_iter().step_by(step).collect();
    let texts: Vec<&str> = asked.iter().map(|s| s.text.as_str()).collect();
    let right = model.guess_all(&texts).iter().zip(&asked).filter(|(guess, said)| guess.best == said.intent).count();
    (ratio(right, asked.len()), asked.len())
}

/// Share of in-scope texts kept and of out-of-scope texts recognised, where the set has "oos".
fn out_of_scope(bench: &Bench, said: &[Said]) -> Option<(f64, f64, usize)> {
    let outside: Vec<&str> = said.iter().filter(|s| s.intent == "oos").map(|s| s.text.as_str()).collect();
    if outside.is_empty() {
        return None;
    }
    let (learned, rest) = split(said, 10);
    let model = IntentModel::learn(space(bench), &learned)?;
    let inside: Vec<&str> = rest.iter().step_by(rest.len().div_ceil(600).max(1)).map(|s| s.text.as_str()).collect();
    let kept = model.guess_all(&inside).iter().filter(|g| g.intent.is_some()).count();
    let caught = model.guess_all(&outside).iter().filter(|g| g.intent.is_none()).count();
    Some((ratio(kept, inside.len()), ratio(caught, outside.len()), outside.len()))
}

/// `count` examples of every intent, at even distances in the file, and everything else.
fn split(said: &[Said], count: usize) -> (Vec<Example<'_>>, Vec<&Said>) {
    let mut by_intent: std::collections::BTreeMap<&str, Vec<&Said>> = std::collections::BTreeMap::new();
    for line in said.iter().filter(|s| s.intent != "oos") {
        by_intent.entry(&line.intent).or_default().push(line);
    }
    let (mut learned, mut rest) = (Vec::new(), Vec::new());
    for lines in by_intent.values() {
        let step = (lines.len() / count).max(1);
        for (i, line) in lines.iter().enumerate() {
            if i % step == 0 && i / step < count {
                learned.push(Example { text: &line.text, intent: &line.intent });
            } else {
                rest.push(*line);
            }
        }
    }
    (learned, rest)
}
