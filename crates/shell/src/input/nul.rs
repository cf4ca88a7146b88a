//! Finds NUL characters, which JSON and URLs can carry and PostgreSQL text cannot.

use serde_json::Value;

/// The path of the first string with a NUL in a JSON body. Nearly every body has none, so the bytes are looked at first.
pub(super) fn in_json(bytes: &[u8]) -> Option<String> {
    if !bytes.windows(6).any(|six| six == b"\\u0000") {
        return None;
    }
    let value: Value = serde_json::from_slice(bytes).ok()?;
    walk(&value, String::new())
}

fn walk(value: &Value, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(path),
        Value::Array(items) => items.iter().enumerate().find_map(|(n, item)| walk(item, join(&path, &n.to_string()))),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            // A name with a NUL cannot be shown either; its place is enough.
            if name.contains('\0') { Some(path.clone()) } else { walk(field, join(&path, name)) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Whether a percent-encoded text (path or query) carries a NUL.
pub(super) fn in_url(text: &str) -> bool {
    text.contains("%00") || text.contains('\0')
}
