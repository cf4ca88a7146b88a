//! What a suite measures with: the models of one tier and the sets of one folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::report::Row;
use super::retrieval_sets::read_lines;
use crate::local::{Embedder, Local, Reading};

/// One thing to measure; a suite without its set measures nothing.
pub trait Suite {
    fn name(&self) -> &'static str;
    fn measure(&self, bench: &Bench) -> Result<Vec<Row>>;
}

/// The models of one tier and the folder of public sets.
pub struct Bench {
    pub local: Local,
    pub embedder: Option<Arc<dyn Embedder>>,
    pub data: Option<PathBuf>,
}

/// A customer message of the project's own set.
#[derive(Clone, Debug, Deserialize)]
pub struct OwnMessage {
    pub text: String,
    pub lang: String,
    pub topic: String,
    pub urgency: String,
    pub sentiment: String,
}

/// A line of a public set of which only the text matters.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    pub text: String,
}

/// How many texts an embedder sees at once.
const BATCH: usize = 64;

impl Bench {
    /// The gate of this tier.
    pub fn gate(&self, tier_0: f64, tier_1: f64) -> f64 {
        if self.embedder.is_some() { tier_1 } else { tier_0 }
    }

    /// The first of some files of the public sets that is there; names are given without `.jsonl.gz`.
    pub fn public<T: DeserializeOwned>(&self, names: &[&str]) -> Result<Option<Vec<T>>> {
        let Some(data) = &self.data else { return Ok(None) };
        let path = names.iter().map(|name| data.join(format!("{name}.jsonl.gz"))).find(|path| path.is_file());
        path.map(|path| read_lines(Path::new(&path))).transpose()
    }

    /// Texts of a public set, at most `limit`, taken evenly.
    pub fn texts(&self, names: &[&str], limit: usize) -> Result<Vec<String>> {
        let lines: Vec<Line> = self.public(names)?.unwrap_or_default();
        let step = lines.len().div_ceil(limit).max(1);
        Ok(lines.into_iter().step_by(step).map(|line| line.text).collect())
    }

    /// Everyday messages nobody should be stopped for, by set; the project's own come first.
    pub fn everyday(&self) -> Result<Vec<(&'static str, Vec<String>)>> {
        let own = own_messages().into_iter().map(|m| m.text).collect();
        Ok(vec![
            ("own messages", own),
            ("HINT3", self.texts(&["hint3/test", "hint3/curekart"], 2_000)?),
            ("CLINC150", self.texts(&["clinc150/test", "clinc150/train_val"], 2_500)?),
            ("BANKING77", self.texts(&["banking77/test", "banking77/train"], 2_500)?),
            ("GoEmotions", self.texts(&["goemotions/test", "goemotions/valid"], 2_500)?),
        ])
    }

    /// Reads texts in batches and hands every reading to `look`.
    pub fn read_each<'a>(&self, texts: impl IntoIterator<Item = &'a str>, mut look: impl FnMut(usize, &Reading<'a>)) {
        let texts: Vec<&str> = texts.into_iter().collect();
        for (batch, chunk) in texts.chunks(BATCH).enumerate() {
            for (i, reading) in self.local.read_all(chunk, None).iter().enumerate() {
                look(batch * BATCH + i, reading);
            }
        }
    }
}

/// The untouched part of the project's own messages.
pub fn own_messages() -> Vec<OwnMessage> {
    own(include_str!("../../../../eval/own/messages.test.jsonl"))
}

/// Lines of a committed set.
pub fn own<T: DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect("a committed line is well formed"))
        .collect()
}
