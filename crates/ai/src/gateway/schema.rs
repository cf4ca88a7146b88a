//! JSON Schemas of structured answers: compiled once, checked always, whatever the provider promised.

use std::fmt;

use serde_json::Value;

/// The most problems told to a model that repairs its answer.
const MOST_PROBLEMS: usize = 5;

/// A compiled schema with its name on the wire.
pub struct Schema {
    name: &'static str,
    source: Value,
    validator: jsonschema::Validator,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A schema that is not one.
#[derive(Debug, thiserror::Error)]
#[error("the schema {name} is not valid: {why}")]
pub struct SchemaError {
    name: &'static str,
    why: String,
}

impl Schema {
    /// Compiles a schema; `name` is what providers call it.
    pub fn new(name: &'static str, source: Value) -> Result<Self, SchemaError> {
        let validator =
            jsonschema::validator_for(&source).map_err(|error| SchemaError { name, why: error.to_string() })?;
        Ok(Self { name, source, validator })
    }

    /// What providers call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema itself.
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// Reads a model's text as an answer that meets the schema, or says what is wrong with it.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let value: Value = serde_json::from_str(unfenced(text)).map_err(|error| format!("not JSON: {error}"))?;
        let problems: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(MOST_PROBLEMS)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
    }
}

/// The JSON of a text that a model wrapped into a code fence or into words.
fn unfenced(text: &str) -> &str {
    let (Some(from), Some(to)) = (text.find('{'), text.rfind('}')) else { return text };
    if from < to { &text[from..=to] } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        let source = json!({"type": "object", "required": ["topic"], "additionalProperties": false,
            "properties": {"topic": {"enum": ["pricing", "support"]}, "score": {"type": "number", "maximum": 1}}});
        Schema::new("reading", source).expect("a schema")
    }

    #[test]
    fn an_answer_in_a_fence_or_in_words_is_found() {
        assert_eq!(schema().read("{\"topic\":\"pricing\"}"), Ok(json!({"topic": "pricing"})));
        assert_eq!(schema().read("Sure!\n```json\n{\"topic\":\"support\"}\n```"), Ok(json!({"topic": "support"})));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(schema().read("hello").unwrap_err().contains("not JSON"));
        let wrong = schema().read("{\"topic\":\"weather\",\"score\":2,\"x\":1}").unwrap_err();
        assert!(wrong.contains("/topic") && wrong.contains("/score") && wrong.contains('x'), "{wrong}");
        assert!(schema().read("} {").is_err());
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        assert!(Schema::new("bad", json!({"type": 7})).is_err());
    }
}
