//! `POST /v1/embeddings`: bags of words and letter triples thrown into buckets, so that texts that share them are near.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::Call;
use super::think::{number, tokens, words};
use super::{ApiError, OpenAi};

const ITEMS: usize = 2048;
const ITEM_TOKENS: usize = 8192;
const REQUEST_TOKENS: usize = 300_000;

pub(super) async fn create(State(openai): State<Arc<OpenAi>>, call: Call) -> Result<Response, ApiError> {
    let body = &call.body;
    let model = body["model"].as_str().unwrap_or_default();
    if !openai.config.embedding_models.iter().any(|known| known == model) {
        return Err(ApiError::no_model(model));
    }
    let texts = texts(&body["input"])?;
    let counts: Vec<usize> = texts.iter().map(|text| tokens(text).max(1)).collect();
    let total: usize = counts.iter().sum();
    if counts.iter().any(|count| *count > ITEM_TOKENS) {
        return Err(ApiError::too_long(ITEM_TOKENS, counts.iter().copied().max().unwrap_or(0)));
    }
    if total > REQUEST_TOKENS {
        return Err(ApiError::invalid("input", "Requested too many tokens in total, max 300000."));
    }
    let usual = if model.ends_with("large") { 3072 } else { 1536 };
    let width = match body["dimensions"].as_u64() {
        None => usual,
        Some(width) if (1..=usual).contains(&width) && model.starts_with("text-embedding-3") => width,
        Some(_) => return Err(ApiError::invalid("dimensions", "Invalid value for 'dimensions'.")),
    };
    let base64 = match body["encoding_format"].as_str() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return Err(ApiError::invalid("encoding_format", "Invalid value for 'encoding_format'.")),
    };
    let spent = openai.spend(&call.key, total)?;
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = embed(text, width as usize);
            json!({ "object": "embedding", "index": index, "embedding": if base64 { json!(packed(&vector)) } else { json!(vector) } })
        })
        .collect();
    let usage = json!({ "prompt_tokens": total, "total_tokens": total });
    Ok(spent.on(Json(json!({ "object": "list", "model": model, "data": data, "usage": usage })).into_response()))
}

/// The input's texts; token lists are read as their numbers.
fn texts(input: &Value) -> Result<Vec<String>, ApiError> {
    let texts: Vec<String> = match input {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.first().is_some_and(Value::is_u64) => vec![input.to_string()],
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    if texts.is_empty() || texts.len() > ITEMS || texts.iter().any(String::is_empty) {
        return Err(ApiError::invalid(
            "input",
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
        ));
    }
    Ok(texts)
}

/// A unit vector.
fn embed(text: &str, width: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; width];
    let mut add = |feature: &str, weight: f32| {
        let hash = number(feature);
        let sign = if hash >> 63 == 1 { 1.0 } else { -1.0 };
        vector[(hash % width as u64) as usize] += sign * weight;
    };
    for word in words(text) {
        add(&word, 1.0);
        let letters: Vec<char> = format!("<{word}>").chars().collect();
        for triple in letters.windows(3) {
            add(&triple.iter().collect::<String>(), 0.3);
        }
    }
    add(&text.chars().take(1).collect::<String>(), 0.01);
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for value in &mut vector {
        *value /= length;
    }
    vector
}

/// Little-endian floats in base64.
fn packed(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        embed(a, 1536).iter().zip(embed(b, 1536)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn texts_that_share_words_are_near() {
        let near = cosine("whitening price for teeth", "what is the price of teeth whitening");
        assert!(near > 0.7, "{near}");
        assert!(cosine("whitening price", "parking behind the house") < 0.3);
        assert!((cosine("same", "same") - 1.0).abs() < 1e-4);
    }

    #[test]
    fn empty_inputs_are_refused() {
        for input in [json!(""), json!([]), json!(["a", ""]), json!(null)] {
            assert!(texts(&input).is_err(), "{input}");
        }
    }
}
