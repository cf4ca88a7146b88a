//! Filling a JSON schema from the message: every value comes from the schema's own words or the message's.

use serde_json::{Map, Value, json};

use super::ApiError;
use super::think::{closest, excerpt, number, words};

const DEEPEST: usize = 24;

/// What the values are made from.
pub(super) struct Ink<'a> {
    /// What the person said.
    pub question: &'a str,
    /// What a plain answer would have been.
    pub answer: &'a str,
}

/// Checks what strict mode wants: every property required, nothing additional, at every level.
pub(super) fn check_strict(schema: &Value, root: bool) -> Result<(), ApiError> {
    let refused =
        |what: &str| Err(ApiError::invalid("response_format", &format!("Invalid schema for response_format: {what}")));
    if root && schema["type"] != "object" {
        return refused("schema must be a JSON Schema of 'type: \"object\"'");
    }
    if schema["type"] == "object" {
        if schema["additionalProperties"] != json!(false) {
            return refused("'additionalProperties' is required to be supplied and to be false.");
        }
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, _) in schema["properties"].as_object().into_iter().flatten() {
            if !required.contains(&json!(name)) {
                return refused(&format!(
                    "'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
                ));
            }
        }
    }
    for (_, child) in
        schema["properties"].as_object().into_iter().flatten().chain(schema["$defs"].as_object().into_iter().flatten())
    {
        check_strict(child, false)?;
    }
    if schema["items"].is_object() {
        check_strict(&schema["items"], false)?;
    }
    schema["anyOf"].as_array().into_iter().flatten().try_for_each(|child| check_strict(child, false))
}

/// A value that fits `schema`.
pub(super) fn fill(schema: &Value, ink: &Ink<'_>) -> Value {
    at(schema, schema, ink, "$", 0)
}

fn at(root: &Value, schema: &Value, ink: &Ink<'_>, path: &str, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        return at(root, target, ink, path, depth + 1);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(options) = schema["enum"].as_array() {
        return choose(options, ink, path);
    }
    if let Some(options) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let solid = options.iter().find(|option| option["type"] != "null").or_else(|| options.first());
        return solid.map_or(Value::Null, |option| at(root, option, ink, path, depth + 1));
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        Value::String(kind) => kind,
        _ if schema["properties"].is_object() => "object",
        _ => "string",
    };
    match kind {
        "object" => {
            let mut object = Map::new();
            for (name, child) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(name.clone(), at(root, child, ink, &format!("{path}.{name}"), depth + 1));
            }
            Value::Object(object)
        }
        "array" => list(root, schema, ink, path, depth),
        "boolean" => json!(number(&format!("{path}|{}", ink.question)) & 1 == 1),
        "integer" => json!(whole(schema, ink, path)),
        "number" => json!(fraction(schema, ink, path)),
        "null" => Value::Null,
        _ => json!(text(schema, ink, path)),
    }
}

fn list(root: &Value, schema: &Value, ink: &Ink<'_>, path: &str, depth: usize) -> Value {
    let least = schema["minItems"].as_u64().unwrap_or(1);
    let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
    let items =
        (0..least.max(1).min(most)).map(|n| at(root, &schema["items"], ink, &format!("{path}[{n}]"), depth + 1));
    Value::Array(items.collect())
}

/// The option whose words the question uses, or one that its bytes pick.
fn choose(options: &[Value], ink: &Ink<'_>, path: &str) -> Value {
    let asked = words(ink.question);
    let named = options.iter().find(|option| {
        option
            .as_str()
            .is_some_and(|text| words(&text.replace(['_', '-'], " ")).iter().any(|word| asked.contains(word)))
    });
    let picked = number(&format!("{path}|{}", ink.question)) as usize % options.len().max(1);
    named.or_else(|| options.get(picked)).cloned().unwrap_or(Value::Null)
}

fn bounds(schema: &Value, usual: (f64, f64)) -> (f64, f64) {
    let low = schema["minimum"].as_f64().or_else(|| schema["exclusiveMinimum"].as_f64().map(|low| low + 1.0));
    let high = schema["maximum"].as_f64().or_else(|| schema["exclusiveMaximum"].as_f64().map(|high| high - 1.0));
    let low = low.unwrap_or_else(|| usual.0.min(high.unwrap_or(usual.0)));
    (low, high.unwrap_or_else(|| usual.1.max(low)))
}

fn whole(schema: &Value, ink: &Ink<'_>, path: &str) -> i64 {
    let (low, high) = bounds(schema, (0.0, 100.0));
    let span = (high - low).max(0.0) as u64 + 1;
    low.ceil() as i64 + (number(&format!("{path}|{}", ink.question)) % span) as i64
}

fn fraction(schema: &Value, ink: &Ink<'_>, path: &str) -> f64 {
    let (low, high) = bounds(schema, (0.0, 1.0));
    let share = (number(&format!("{path}|{}", ink.question)) % 1001) as f64 / 1000.0;
    low + (high - low).max(0.0) * share
}

/// The plain answer where an answer is wanted, words of the message elsewhere.
fn text(schema: &Value, ink: &Ink<'_>, path: &str) -> String {
    let wanted = format!("{path} {}", schema["description"].as_str().unwrap_or_default()).to_lowercase();
    let answers = ["answer", "reply", "response", "draft", "message", "text", "content"];
    let whole = if answers.iter().any(|name| wanted.contains(name)) {
        ink.answer.to_owned()
    } else {
        let parts: Vec<&str> = ink.question.split_inclusive(['.', '!', '?']).map(str::trim).collect();
        closest(&wanted, &parts).first().map_or_else(|| excerpt(ink.question, 120), |part| (*part).to_owned())
    };
    let most = schema["maxLength"].as_u64().map_or(usize::MAX, |most| most as usize);
    let mut text = excerpt(&whole, most);
    let least = schema["minLength"].as_u64().unwrap_or(0) as usize;
    while text.chars().count() < least {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Ink<'static> =
        Ink { question: "Ich möchte morgen einen Termin, it is urgent!", answer: "We open at nine." };

    #[test]
    fn values_fit_their_types_and_bounds() {
        let schema = json!({ "type": "object", "properties": {
            "score": { "type": "integer", "minimum": 3, "maximum": 5 },
            "confidence": { "type": "number", "minimum": 0.5, "maximum": 0.75 },
            "tags": { "type": "array", "minItems": 2, "items": { "type": "string", "maxLength": 4 } },
            "kind": { "$ref": "#/$defs/kind" },
            "maybe": { "type": ["null", "boolean"] },
        }, "$defs": { "kind": { "enum": ["booking", "urgent", "other"] } } });
        let value = fill(&schema, &INK);
        assert!((3..=5).contains(&value["score"].as_i64().unwrap()));
        assert!((0.5..=0.75).contains(&value["confidence"].as_f64().unwrap()));
        assert!(value["tags"].as_array().unwrap().iter().all(|tag| tag.as_str().unwrap().len() <= 4));
        assert_eq!(value["kind"], "urgent");
        assert!(value["maybe"].is_boolean());
    }

    #[test]
    fn an_answer_is_put_where_one_is_wanted() {
        let schema =
            json!({ "type": "object", "properties": { "reply": { "type": "string" }, "topic": { "type": "string" } } });
        let value = fill(&schema, &INK);
        assert_eq!(value["reply"], "We open at nine.");
        assert!(INK.question.contains(value["topic"].as_str().unwrap()));
    }

    #[test]
    fn strict_wants_everything_required_and_nothing_more() {
        let good = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false });
        assert!(check_strict(&good, true).is_ok());
        for member in ["required", "additionalProperties"] {
            let mut bad = good.clone();
            bad.as_object_mut().unwrap().remove(member);
            assert!(check_strict(&bad, true).is_err(), "{member}");
        }
        assert!(check_strict(&json!({ "type": "array", "items": {} }), true).is_err());
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "type": "object", "properties": { "next": { "$ref": "#" } } });
        assert!(fill(&schema, &INK).is_object());
    }
}
