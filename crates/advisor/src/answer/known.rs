//! What was looked up for an answer, and what may be said of it.

use serde_json::{Value, json};

use super::Done;
use crate::figures::Allowed;
use crate::tool::{Action, Found};

/// What was looked up.
#[derive(Default)]
pub(super) struct Known {
    pub allowed: Allowed,
    pub results: Vec<(String, Value)>,
    sentences: Vec<String>,
    pub done: Done,
}

impl Known {
    pub fn take(&mut self, name: &str, found: Found) -> Value {
        let first = self.done.citations.len() + 1;
        let rows: Vec<Value> = found
            .citations
            .iter()
            .enumerate()
            .map(|(at, citation)| json!({"cite": format!("[{}]", first + at), "rows": citation.title}))
            .collect();
        self.allowed.add(&found.data);
        for text in found.sentences.iter().chain(found.citations.iter().map(|citation| &citation.title)) {
            self.allowed.add_text(text);
        }
        for action in &found.actions {
            self.allowed.add_text(&action.reason);
            self.allowed.add(&json!(action.expected_value));
        }
        let result =
            json!({"result": found.data, "in_words": found.sentences, "rows": rows, "could_do": found.actions});
        let cites: Vec<String> = (first..first + found.citations.len()).map(|n| format!("[{n}]")).collect();
        let cites = cites.concat();
        let mut said = found.sentences;
        if let (Some(last), false) = (said.last_mut(), cites.is_empty()) {
            last.push(' ');
            last.push_str(&cites);
        }
        self.sentences.extend(said);
        self.done.citations.extend(found.citations);
        self.done.charts.extend(found.chart);
        self.done.actions.extend(found.actions);
        self.results.push((name.to_owned(), result.clone()));
        result
    }

    /// The answer without a model: what was found, and the action that is worth most.
    pub fn in_words(&self) -> String {
        if self.sentences.is_empty() {
            return "There is nothing in your data about this yet. Connect a source or ask about leads, calls, replies or revenue."
                .to_owned();
        }
        let mut text = self.sentences.join(" ");
        let worth = |action: &&Action| action.expected_value.unwrap_or(0.0);
        if let Some(action) = self.done.actions.iter().max_by(|a, b| worth(a).total_cmp(&worth(b))) {
            text.push_str(&format!("\n\nWhat to do first: {}. {}", action.title.trim_end_matches('.'), action.reason));
        }
        text
    }
}
