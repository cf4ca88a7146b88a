//! The API as its own description tells it: every operation, with a body that fits.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Whether it says that nobody has to sign in.
    pub public: bool,
    /// A body with the required fields, `null` where it takes none.
    pub body: Value,
}

impl Operation {
    /// How it is called in messages.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether its path names an object.
    pub fn names_object(&self) -> bool {
        self.path.contains('{')
    }

    /// The list that the object of the path is in: what stands before the parameter.
    pub fn list(&self) -> &str {
        self.path.split("/{").next().unwrap_or_default()
    }

    /// Its path with an id.
    pub fn with(&self, id: &str) -> String {
        let (before, after) = self.path.split_once('{').expect("it names an object");
        let after = after.split_once('}').map_or("", |(_, after)| after);
        format!("{before}{id}{after}")
    }
}

/// Every operation of a description.
pub fn operations(described: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in described["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            let content = &operation["requestBody"]["content"]["application/json"]["schema"];
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                public: operation["security"] == json!([{}]),
                body: if content.is_null() { Value::Null } else { sample(described, content, "", 0) },
            });
        }
    }
    all
}

/// The smallest value that a schema takes.
fn sample(described: &Value, schema: &Value, name: &str, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(to) = schema["$ref"].as_str() {
        let found = described.pointer(to.trim_start_matches('#')).unwrap_or(&Value::Null);
        return sample(described, found, name, depth + 1);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(one) = schema[choice].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return sample(described, one, name, depth + 1);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].as_array().and_then(|all| all[0].as_str()));
    match kind {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([sample(described, &schema["items"], name, depth + 1)]),
        Some("string") if name.contains("email") => json!("somebody@example.com"),
        // Words that the description does not list, because the room checks them.
        Some("string") if name == "status" => json!("closed"),
        Some("string") if name == "outcome" => json!("sent"),
        Some("string") if name == "kind" => json!("note"),
        Some("string") if name == "stage" => json!("contacted"),
        Some("string") if name == "tag" => json!("HOT"),
        Some("string") => json!("some words"),
        _ => {
            let mut made = Map::new();
            for part in schema["allOf"].as_array().into_iter().flatten() {
                if let Value::Object(fields) = sample(described, part, name, depth + 1) {
                    made.extend(fields);
                }
            }
            for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                made.insert(field.to_owned(), sample(described, &schema["properties"][field], field, depth + 1));
            }
            Value::Object(made)
        }
    }
}

/// Everything in a value that looks like one of our ids.
pub fn ids(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_id(text) => {
            into.insert(text.clone());
        }
        Value::Array(all) => all.iter().for_each(|one| ids(one, into)),
        Value::Object(all) => all.values().for_each(|one| ids(one, into)),
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(kind, rest)| {
        rest.len() == 26
            && !kind.is_empty()
            && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}
