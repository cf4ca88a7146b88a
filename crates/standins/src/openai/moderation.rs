//! `POST /v1/moderations`: a category is flagged when its words are used.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::auth::Call;
use super::think::tokens;
use super::{ApiError, OpenAi};

/// Every category, with words that give it away.
const CATEGORIES: [(&str, &[&str]); 13] = [
    ("hate", &["vermin", "subhuman"]),
    ("hate/threatening", &["exterminate"]),
    ("harassment", &["idiot", "stupid", "pathetic"]),
    ("harassment/threatening", &["hurt you", "find you"]),
    ("illicit", &["counterfeit", "steal"]),
    ("illicit/violent", &["bomb", "explosive"]),
    ("self-harm", &["suicide", "self-harm"]),
    ("self-harm/intent", &["kill myself", "end my life"]),
    ("self-harm/instructions", &["ways to die"]),
    ("sexual", &["porn", "explicit sex"]),
    ("sexual/minors", &["child porn"]),
    ("violence", &["kill", "stab", "shoot"]),
    ("violence/graphic", &["gore", "dismember"]),
];

pub(super) async fn create(State(openai): State<Arc<OpenAi>>, call: Call) -> Result<Response, ApiError> {
    let model = call.body["model"].as_str().unwrap_or("omni-moderation-latest");
    if !model.contains("moderation") {
        return Err(ApiError::no_model(model));
    }
    let texts = match &call.body["input"] {
        Value::String(text) => vec![text.clone()],
        // Parts of one input are judged together, a list of texts one by one.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            vec![items.iter().filter_map(|item| item["text"].as_str()).collect::<Vec<_>>().join("\n")]
        }
        Value::Array(items) if !items.is_empty() => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return Err(ApiError::invalid("input", "Missing required parameter: 'input'.")),
    };
    let spent = openai.spend(&call.key, texts.iter().map(|text| tokens(text)).sum())?;
    let results: Vec<Value> = texts.iter().map(|text| judge(text)).collect();
    let id = format!("modr-{}", openai.shared.dice.word(29));
    Ok(spent.on(Json(json!({ "id": id, "model": model, "results": results })).into_response()))
}

fn judge(text: &str) -> Value {
    let text = text.to_lowercase();
    let (mut flags, mut scores, mut inputs) = (Map::new(), Map::new(), Map::new());
    for (category, signs) in CATEGORIES {
        let hits = signs.iter().filter(|sign| text.contains(**sign)).count();
        let score = if hits == 0 { 0.0001 } else { (0.7 + 0.15 * hits as f64).min(0.99) };
        flags.insert(category.to_owned(), json!(hits > 0));
        scores.insert(category.to_owned(), json!(score));
        inputs.insert(category.to_owned(), json!(["text"]));
    }
    let flagged = flags.values().any(|flag| *flag == json!(true));
    json!({ "flagged": flagged, "categories": flags, "category_scores": scores, "category_applied_input_types": inputs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_give_a_category_away() {
        let judged = judge("I will KILL you, idiot");
        assert_eq!(
            (&judged["flagged"], &judged["categories"]["violence"], &judged["categories"]["sexual"]),
            (&json!(true), &json!(true), &json!(false))
        );
        assert_eq!(judge("Is Friday free?")["flagged"], json!(false));
        assert_eq!(judge("")["categories"].as_object().unwrap().len(), 13);
    }
}
