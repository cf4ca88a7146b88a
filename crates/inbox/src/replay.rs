//! The inbox's local stages, for running a decision again from its record.

use std::sync::Arc;

use ai::decision::Stages;
use ai::local::{Embedder, Language, LeadWeights, Reading, SenderHistory};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::pipeline::{LOCAL, UNDERSTANDING};

/// Every stage that is a pure function of the message, with the encoder the process has.
pub fn stages(embedder: Option<Arc<dyn Embedder>>) -> Stages {
    let read = Reader(embedder);
    let (guard, understanding, sentiment, intent) = (read.clone(), read.clone(), read.clone(), read);
    Stages::default()
        .with("guard_input", LOCAL, move |takes| guard.run(takes, |reading, _| to_json(&reading.guard_input())))
        .with("understanding", UNDERSTANDING, move |takes| {
            understanding.run(takes, |reading, _| to_json(&reading.understanding(&[])))
        })
        .with("sentiment", LOCAL, move |takes| sentiment.run(takes, |reading, _| to_json(&reading.sentiment())))
        .with("intent", LOCAL, move |takes| {
            intent.run(takes, |reading, history| to_json(&reading.intent(history, &LeadWeights::default())))
        })
}

/// Reads a recorded message as it was read then.
#[derive(Clone)]
struct Reader(Option<Arc<dyn Embedder>>);

impl Reader {
    fn run(
        &self,
        takes: &Map<String, Value>,
        stage: impl Fn(&Reading<'_>, SenderHistory) -> anyhow::Result<Value>,
    ) -> anyhow::Result<Value> {
        let text = takes.get("text").and_then(Value::as_str).unwrap_or_default();
        let code = takes.get("language").and_then(Value::as_str).unwrap_or_default();
        let history = takes.get("history").cloned().map(serde_json::from_value).transpose()?.unwrap_or_default();
        let vector = self.0.as_ref().and_then(|embedder| embedder.embed(&[text]).pop());
        stage(&Reading::in_language(text, Language::from_code(code).unwrap_or(Language::UNKNOWN), vector), history)
    }
}

fn to_json(output: &impl Serialize) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(output)?)
}
