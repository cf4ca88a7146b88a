//! An organisation's own intents from a few examples each, on BANKING77 and CLINC150.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite};
use crate::eval::measures::ratio;
use crate::eval::report::Row;
use crate::local::Embedder;
use crate::local::intents::{Example, IntentModel, Space};

pub struct OwnIntents;

#[derive(Deserialize)]
struct Said {
    text: String,
    intent: String,
}

/// How often examples are drawn; the texts of one draw differ from another's by luck alone.
const DRAWS: usize = 4;
/// Texts asked after each draw; taken evenly from what was not learned from.
const ASKED: usize = 1_500;

impl Suite for OwnIntents {
    fn name(&self) -> &'static str {
        "intents"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let space =
            bench.embedder.clone().map_or(Space::Hashed, |embedder| Space::Embedded(Remembering::new(embedder)));
        let sets = [
            ("BANKING77", ["banking77/train"], bench.gate(0.76, 0.85)),
            ("CLINC150", ["clinc150/train_val"], bench.gate(0.82, 0.90)),
        ];
        for (set, files, gate) in sets {
            let Some(said) = bench.public::<Said>(&files)? else { continue };
            let (ten, texts) = few_shot(&space, &said, 10);
            rows.push(Row::new("own intents", format!("{set}, 10 examples"), "accuracy", ten, texts).at_least(gate));
            let (five, texts) = few_shot(&space, &said, 5);
            rows.push(Row::new("own intents", format!("{set}, 5 examples"), "accuracy", five, texts));
            if let Some((kept, caught, texts)) = out_of_scope(&space, &said) {
                rows.push(Row::new("own intents", format!("{set}, in scope"), "kept", kept, texts));
                rows.push(Row::new("own intents", format!("{set}, out of scope"), "recognised", caught, texts));
            }
        }
        Ok(rows)
    }
}

/// Learns from `count` examples an intent, spread over the file, and asks some of the rest; several times.
fn few_shot(space: &Space, said: &[Said], count: usize) -> (f64, usize) {
    let (mut right, mut texts) = (0, 0);
    for draw in 0..DRAWS {
        let (learned, rest) = split(said, count, draw);
        let Some(model) = IntentModel::learn(space.clone(), &learned) else { continue };
        let asked: Vec<&Said> = evenly(&rest, ASKED);
        let guesses = model.guess_all(&texts_of(&asked));
        right += guesses.iter().zip(&asked).filter(|(guess, said)| guess.best == said.intent).count();
        texts += asked.len();
    }
    (ratio(right, texts), texts)
}

/// Share of in-scope texts kept and of out-of-scope texts recognised, where the set has "oos".
fn out_of_scope(space: &Space, said: &[Said]) -> Option<(f64, f64, usize)> {
    let outside: Vec<&Said> = said.iter().filter(|s| s.intent == "oos").collect();
    if outside.is_empty() {
        return None;
    }
    let (learned, rest) = split(said, 10, 0);
    let model = IntentModel::learn(space.clone(), &learned)?;
    let inside = evenly(&rest, ASKED);
    let kept = model.guess_all(&texts_of(&inside)).iter().filter(|g| g.intent.is_some()).count();
    let caught = model.guess_all(&texts_of(&outside)).iter().filter(|g| g.intent.is_none()).count();
    Some((ratio(kept, inside.len()), ratio(caught, outside.len()), outside.len()))
}

fn evenly<'a>(said: &[&'a Said], most: usize) -> Vec<&'a Said> {
    said.iter().step_by(said.len().div_ceil(most).max(1)).copied().collect()
}

fn texts_of<'a>(said: &[&'a Said]) -> Vec<&'a str> {
    said.iter().map(|s| s.text.as_str()).collect()
}

/// `count` examples of every intent, at even distances in the file, and everything else. Draws begin at different places.
fn split(said: &[Said], count: usize, draw: usize) -> (Vec<Example<'_>>, Vec<&Said>) {
    let mut by_intent: BTreeMap<&str, Vec<&Said>> = BTreeMap::new();
    for line in said.iter().filter(|s| s.intent != "oos") {
        by_intent.entry(&line.intent).or_default().push(line);
    }
    let (mut learned, mut rest) = (Vec::new(), Vec::new());
    for lines in by_intent.values() {
        let step = (lines.len() / count).max(1);
        let first = step * draw / DRAWS;
        for (i, line) in lines.iter().enumerate() {
            if i >= first && (i - first).is_multiple_of(step) && (i - first) / step < count {
                learned.push(Example { text: &line.text, intent: &line.intent });
            } else {
                rest.push(*line);
            }
        }
    }
    (learned, rest)
}

/// An embedder that is asked for every text once: draws share most of theirs.
struct Remembering {
    embedder: Arc<dyn Embedder>,
    known: Mutex<HashMap<String, Vec<f32>>>,
}

impl Remembering {
    fn new(embedder: Arc<dyn Embedder>) -> Arc<Remembering> {
        Arc::new(Remembering { embedder, known: Mutex::default() })
    }
}

impl Embedder for Remembering {
    fn dims(&self) -> usize {
        self.embedder.dims()
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&str> = texts.iter().filter(|text| !known.contains_key(**text)).copied().collect();
        for (text, vector) in new.iter().zip(self.embedder.embed(&new)) {
            known.insert((*text).to_owned(), vector);
        }
        texts.iter().map(|text| known.get(*text).cloned().unwrap_or_default()).collect()
    }
}
