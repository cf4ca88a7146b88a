//! As much of GraphQL as a reader needs: one operation's selection, and a value cut to it.

use serde_json::{Map, Value};

/// What is asked for: names and what is asked for of each.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selection(pub Vec<(String, Selection)>);

/// The selection of the one operation in a document; `None` when its braces do not close.
pub(super) fn read(document: &str) -> Option<Selection> {
    let start = document.find('{')?;
    let mut chars = document[start + 1..].chars().peekable();
    let selection = fields(&mut chars)?;
    chars.all(char::is_whitespace).then_some(selection)
}

fn fields(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Selection> {
    let mut found: Vec<(String, Selection)> = Vec::new();
    loop {
        match chars.next()? {
            '}' => return Some(Selection(found)),
            '{' => found.last_mut()?.1 = fields(chars)?,
            '(' => while chars.next()? != ')' {},
            c if c.is_whitespace() || c == ',' => {}
            c => {
                let mut name = c.to_string();
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                found.push((name, Selection::default()));
            }
        }
    }
}

/// The value with only what was asked for.
///
/// # Errors
/// The first name that the value does not have.
pub(super) fn cut(value: &Value, selection: &Selection) -> Result<Value, String> {
    match value {
        _ if selection.0.is_empty() => Ok(value.clone()),
        Value::Array(items) => {
            items.iter().map(|item| cut(item, selection)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, inner) in &selection.0 {
                let field = fields.get(name).ok_or_else(|| name.clone())?;
                kept.insert(name.clone(), cut(field, inner)?);
            }
            Ok(Value::Object(kept))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_asked_for_is_told() {
        let selection =
            read("query Q($n: Int!) { shop { name } orders(first: $n) { nodes { id } } }").expect("readable");
        let value =
            json!({"shop": {"name": "S", "email": "e"}, "orders": {"nodes": [{"id": 1, "total": 2}], "pageInfo": {}}});
        assert_eq!(cut(&value, &selection), Ok(json!({"shop": {"name": "S"}, "orders": {"nodes": [{"id": 1}]}})));
        assert_eq!(cut(&value, &read("{ shop { phone } }").expect("readable")), Err("phone".to_owned()));
        assert_eq!(read("{ shop { name }"), None);
    }
}
