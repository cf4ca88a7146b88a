//! Maps the answer of a batch back to its inputs.
//!
//! A 207 answers some inputs and fails others. Results are matched by our trace id, then by the id or the unique value
//! that was sent; errors by trace id, then by the ids in their context. An input that is in neither failed without a word.

use serde::Deserialize;
use serde_json::Value;

use super::failure::{ErrorBody, Failure, FailureKind, kind_of};
use super::objects::Object;

/// What a batch answers, whole or in part.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The records that worked, in any order.
    #[serde(default)]
    pub results: Vec<Object>,
    /// The problems, in any order; one may concern several inputs.
    #[serde(default)]
    pub errors: Vec<ErrorBody>,
}

/// How an input can be known again in the answer.
#[derive(Debug, Clone, Default)]
pub struct InputKey {
    /// The trace id we sent.
    pub trace: Option<String>,
    /// HubSpot's id, for changes and reads.
    pub id: Option<String>,
    /// The unique property and value, for upserts.
    pub unique: Option<(String, String)>,
}

impl InputKey {
    fn made(&self, object: &Object) -> bool {
        if let (Some(ours), Some(theirs)) = (&self.trace, &object.object_write_trace_id) {
            return ours == theirs;
        }
        if let Some(id) = &self.id {
            return *id == object.id;
        }
        let Some((name, value)) = &self.unique else { return false };
        object.value(name).is_some_and(|theirs| theirs.eq_ignore_ascii_case(value))
    }

    fn concerns(&self, error: &ErrorBody) -> bool {
        let has = |wanted: Option<&String>| wanted.is_some_and(|wanted| mentions(&error.context, wanted));
        let in_message = |value: &String| error.message.contains(value.as_str());
        has(self.trace.as_ref())
            || has(self.id.as_ref())
            || self.unique.as_ref().is_some_and(|(_, value)| has(Some(value)) || in_message(value))
    }
}

/// The outcome of each input, in the order of the inputs.
pub fn outcomes(keys: &[InputKey], answer: &BatchAnswer) -> Vec<Result<Object, Failure>> {
    // HubSpot keeps the order when nothing failed, so place alone is enough where a record shows no key.
    let by_place = answer.errors.is_empty() && answer.results.len() == keys.len();
    keys.iter()
        .enumerate()
        .map(|(place, key)| {
            if let Some(object) = answer.results.iter().find(|object| key.made(object)) {
                return Ok(object.clone());
            }
            if by_place && key.unique.is_none() && key.id.is_none() {
                return Ok(answer.results[place].clone());
            }
            Err(answer.errors.iter().find(|error| key.concerns(error)).map_or_else(
                || match answer.errors.as_slice() {
                    [only] => item_failure(only),
                    _ => Failure::new(FailureKind::Unavailable, "the batch answered nothing for this record"),
                },
                item_failure,
            ))
        })
        .collect()
}

fn item_failure(error: &ErrorBody) -> Failure {
    let correlation_id = error.correlation_id.clone();
    Failure { correlation_id, ..Failure::new(kind_of(400, error), error.message.clone()) }
}

fn mentions(context: &Value, wanted: &str) -> bool {
    match context {
        Value::String(text) => text.eq_ignore_ascii_case(wanted),
        Value::Number(number) => number.to_string() == wanted,
        Value::Array(items) => items.iter().any(|item| mentions(item, wanted)),
        Value::Object(fields) => fields.values().any(|item| mentions(item, wanted)),
        _ => false,
    }
}
