//! The wire types of `moderations`: is a text hateful, harassing, sexual, violent, about self-harm or illicit?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, FailureKind};

/// What is asked of `moderations`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModerationRequest {
    /// The model; `omni-moderation-latest` is OpenAI's own default.
    pub model: String,
    /// The texts.
    pub input: Vec<String>,
}

/// The verdict on one text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Moderation {
    /// True when any category was found.
    #[serde(default)]
    pub flagged: bool,
    /// Which categories were found.
    #[serde(default)]
    pub categories: BTreeMap<String, Option<bool>>,
    /// How sure it is of each, 0 to 1.
    #[serde(default)]
    pub category_scores: BTreeMap<String, f32>,
}

impl Moderation {
    /// The names of the categories that were found.
    pub fn found(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().filter(|(_, found)| **found == Some(true)).map(|(name, _)| name.as_str())
    }

    /// The highest score, 0 when there is none.
    pub fn risk(&self) -> f32 {
        self.category_scores.values().copied().fold(0.0, f32::max)
    }
}

/// Reads the answer to a request for `count` texts.
pub fn read(body: &[u8], count: usize) -> Result<Vec<Moderation>, Failure> {
    #[derive(Deserialize)]
    struct WireAnswer {
        results: Vec<Moderation>,
    }
    let malformed = |message: String| Failure::new(FailureKind::Malformed, message);
    let answer: WireAnswer =
        serde_json::from_slice(body).map_err(|error| malformed(format!("moderations: {error}")))?;
    if answer.results.len() != count {
        return Err(malformed(format!("{} verdicts for {count} texts", answer.results.len())));
    }
    Ok(answer.results)
}
