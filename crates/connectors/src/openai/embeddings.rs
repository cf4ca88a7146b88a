//! The wire types of `embeddings`: texts in, vectors out.
//!
//! A vector comes as a list of numbers or as base64 of little-endian `f32`; base64 is asked for because it is a third of
//! the size, and both are read because not every server honours it. The answer's order is its `index`, not its place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::chat::Usage;
use super::failure::{Failure, FailureKind};

/// The most texts one request may have.
pub const MOST_INPUTS: usize = 2048;

/// What is asked of `embeddings`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmbeddingRequest {
    /// The model.
    pub model: String,
    /// The texts, none of them empty.
    pub input: Vec<String>,
    /// A shorter vector, for models that offer it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// How the vectors travel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<Encoding>,
}

/// How vectors travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// A list of numbers.
    Float,
    /// Base64 of little-endian `f32`.
    Base64,
}

/// The vectors, in the order of the texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embeddings {
    /// One vector for each text.
    pub vectors: Vec<Vec<f32>>,
    /// The model that made them.
    pub model: String,
    /// What it cost in tokens.
    pub usage: Usage,
}

/// Checks a request before it is sent, so that a whole batch is not lost to one text.
pub fn check(request: &EmbeddingRequest) -> Result<(), Failure> {
    let wrong = |message: String| Err(Failure::new(FailureKind::InvalidRequest, message));
    if request.input.is_empty() || request.input.len() > MOST_INPUTS {
        return wrong(format!("{} texts; one to {MOST_INPUTS} can be embedded at once", request.input.len()));
    }
    if let Some(at) = request.input.iter().position(String::is_empty) {
        return wrong(format!("text {at} is empty"));
    }
    Ok(())
}

/// Reads the answer to a request for `count` texts.
pub fn read(body: &[u8], count: usize) -> Result<Embeddings, Failure> {
    let malformed = |message: String| Failure::new(FailureKind::Malformed, message);
    let answer: WireAnswer = serde_json::from_slice(body).map_err(|error| malformed(format!("embeddings: {error}")))?;
    let mut vectors = vec![Vec::new(); count];
    for item in answer.data {
        let place = vectors
            .get_mut(item.index)
            .ok_or_else(|| malformed(format!("a vector for text {} of {count}", item.index)))?;
        *place = match item.embedding {
            WireVector::Numbers(numbers) => numbers,
            WireVector::Base64(text) => {
                decode(&text).ok_or_else(|| malformed("a vector is not base64 of f32".into()))?
            }
        };
    }
    let width = vectors.first().map_or(0, Vec::len);
    if let Some(at) = vectors.iter().position(|vector| vector.is_empty() || vector.len() != width) {
        return Err(malformed(format!("text {at} has no vector of {width} numbers")));
    }
    if vectors.iter().flatten().any(|number| !number.is_finite()) {
        return Err(malformed("a vector holds a number that is not finite".into()));
    }
    Ok(Embeddings { vectors, model: answer.model, usage: answer.usage })
}

fn decode(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| numbers.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

#[derive(Deserialize)]
struct WireAnswer {
    data: Vec<WireItem>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct WireItem {
    #[serde(default)]
    index: usize,
    embedding: WireVector,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireVector {
    Base64(String),
    Numbers(Vec<f32>),
}
