//! Schemas as a person reads them: a flat list of fields, and an example body.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// How deep nested objects are opened.
const DEPTH: usize = 4;

/// One field of an object, with its path from the top.
pub(super) struct FieldRow {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) about: String,
}

/// Follows `$ref` into the components.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

/// The fields of a schema, nested ones as `quiet_hours.from` and `data[].id`.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<FieldRow> {
    let mut rows = Vec::new();
    collect(document, schema, "", &mut rows, DEPTH);
    rows
}

fn collect(document: &Value, schema: &Value, prefix: &str, rows: &mut Vec<FieldRow>, depth: usize) {
    let schema = unwrapped(document, schema);
    if depth == 0 {
        return;
    }
    for part in parts(schema) {
        collect(document, part, prefix, rows, depth);
    }
    if let Some(items) = schema.get("items") {
        collect(document, items, &format!("{prefix}[]"), rows, depth);
    }
    let required: BTreeSet<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        rows.push(FieldRow {
            path: path.clone(),
            kind: kind(document, field),
            required: required.contains(name.as_str()),
            about: text(field, "description"),
        });
        collect(document, field, &path, rows, depth - 1);
    }
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    schema.get("allOf").and_then(Value::as_array).into_iter().flatten()
}

/// The schema itself, behind a reference and an "or null".
fn unwrapped<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(document, schema);
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let real = choices.into_iter().flatten().find(|one| one.get("type").and_then(Value::as_str) != Some("null"));
    match real {
        Some(one) if choices.is_some_and(|all| all.len() == 2) => resolve(document, one),
        _ => schema,
    }
}

/// A short name for a type: `string`, `integer or null`, `list of Lead`, `"HOT" | "WARM" | "COLD"`.
pub(super) fn kind(document: &Value, schema: &Value) -> String {
    let real = unwrapped(document, schema);
    if let Some(words) = real.get("enum").and_then(Value::as_array) {
        return words.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    }
    let base = match real.get("type") {
        Some(Value::String(one)) if one == "array" => {
            format!("list of {}", real.get("items").map_or("anything".to_owned(), |items| kind(document, items)))
        }
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ if real.get("properties").is_some() => "object".to_owned(),
        _ if real.get("oneOf").is_some() => "one of several".to_owned(),
        _ => "anything".to_owned(),
    };
    match real.get("format").and_then(Value::as_str) {
        Some(format @ ("date-time" | "uri" | "email" | "binary" | "password")) => format!("{base} ({format})"),
        _ => base,
    }
}

/// An example: the schema's own, or one made of its fields.
pub(super) fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = unwrapped(document, schema);
    if let Some(given) = schema.get("example").or_else(|| schema.pointer("/examples/0")) {
        return given.clone();
    }
    if let Some(first) = schema.pointer("/enum/0").or_else(|| schema.get("default")) {
        return first.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    if schema.get("properties").is_some() || schema.get("allOf").is_some() {
        return object(document, schema, depth);
    }
    let kind = match schema.get("type") {
        Some(Value::String(one)) => one.as_str(),
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("")
        }
        _ => "",
    };
    match kind {
        "array" => {
            Value::Array(schema.get("items").map(|items| example(document, items, depth - 1)).into_iter().collect())
        }
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "string" if schema.get("format").and_then(Value::as_str) == Some("date-time") => json!("2026-01-05T09:30:00Z"),
        "string" => json!("text"),
        _ => json!({}),
    }
}

fn object(document: &Value, schema: &Value, depth: usize) -> Value {
    let mut made = Map::new();
    for part in parts(schema) {
        if let Value::Object(fields) = example(document, part, depth) {
            made.extend(fields);
        }
    }
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        made.insert(name.clone(), example(document, field, depth - 1));
    }
    Value::Object(made)
}

/// A text field of a schema or an operation; empty when it has none.
pub(super) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        json!({ "components": { "schemas": {
            "Hours": { "type": "object", "required": ["from"], "properties": {
                "from": { "type": "integer", "description": "First hour.", "minimum": 9 },
                "to": { "type": ["integer", "null"] } } },
            "Settings": { "type": "object", "properties": {
                "tag": { "type": "string", "enum": ["HOT", "COLD"] },
                "hours": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Hours" }] },
                "list": { "type": "array", "items": { "$ref": "#/components/schemas/Hours" } } } } } } })
    }

    #[test]
    fn nested_fields_are_listed_with_their_path_and_type() {
        let document = sample();
        let rows = fields(&document, &json!({ "$ref": "#/components/schemas/Settings" }));
        let seen: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.kind.as_str(), row.required)).collect();
        assert!(seen.contains(&("tag", "\"HOT\" | \"COLD\"", false)));
        assert!(seen.contains(&("hours.from", "integer", true)));
        assert!(seen.contains(&("list[].to", "integer or null", false)));
    }

    #[test]
    fn an_example_is_made_of_the_fields() {
        let document = sample();
        let made = example(&document, &json!({ "$ref": "#/components/schemas/Settings" }), 5);
        assert_eq!(made, json!({ "tag": "HOT", "hours": { "from": 9, "to": 1 }, "list": [{ "from": 9, "to": 1 }] }));
    }
}
