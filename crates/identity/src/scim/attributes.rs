//! Reading what a provider says about a resource: known attributes under their own names, values exactly as they were sent.
//!
//! Unknown attributes and schemas are ignored, read-only ones too; a null or an empty list is an attribute that is not there.
//! Providers bend the types, and what they mean is plain: `"True"` for a boolean, a list of one for a single value, a bare text
//! for `{"value": …}`.

use serde_json::{Map, Value};

use super::ScimError;
use super::schema::{Attr, COMMON, Kind, Mutability, Type, find};

/// The most values of one attribute.
const MOST: usize = 1_000;

/// The attributes in the body of a `POST` or `PUT`.
pub(crate) fn read(body: &Map<String, Value>, kind: &'static Type) -> Result<Map<String, Value>, ScimError> {
    let mut known = Map::new();
    for (key, value) in body {
        if let Some(extension) = kind.extension(key) {
            let Value::Object(fields) = value else { continue };
            let inner = fields_of(fields, extension.attrs, key)?;
            if !inner.is_empty() {
                known.insert(extension.urn.to_owned(), inner.into());
            }
        } else if let Some(attr) = find(kind.attrs, key).or_else(|| find(COMMON, key))
            && attr.mutability != Mutability::ReadOnly
            && let Some(value) = value_of(attr, value)?
        {
            known.insert(attr.name.to_owned(), value);
        }
    }
    Ok(known)
}

/// The known, writable ones of some fields.
fn fields_of(
    fields: &Map<String, Value>,
    attrs: &'static [Attr],
    within: &str,
) -> Result<Map<String, Value>, ScimError> {
    let mut known = Map::new();
    for (key, value) in fields {
        let Some(attr) = find(attrs, key) else { continue };
        if attr.mutability == Mutability::ReadOnly {
            continue;
        }
        let value = value_of(attr, value).map_err(|error| match error {
            ScimError::Told { status, kind, detail } => {
                ScimError::Told { status, kind, detail: format!("in {within}: {detail}") }
            }
            other @ ScimError::Frame(_) => other,
        })?;
        if let Some(value) = value {
            known.insert(attr.name.to_owned(), value);
        }
    }
    Ok(known)
}

/// The value of an attribute as it is kept; none for one that is not there.
pub(crate) fn value_of(attr: &'static Attr, value: &Value) -> Result<Option<Value>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::Array(items) if attr.many => {
            if items.len() > MOST {
                return Err(ScimError::bad("invalidValue", format!("{} has more than 1,000 values", attr.name)));
            }
            let read: Result<Vec<_>, _> = items.iter().map(|item| element_of(attr, item)).collect();
            let kept: Vec<Value> = read?.into_iter().flatten().collect();
            Ok((!kept.is_empty()).then_some(Value::Array(kept)))
        }
        Value::Array(items) => match items.as_slice() {
            [] => Ok(None),
            [only] => element_of(attr, only),
            _ => Err(ScimError::bad("invalidValue", format!("{} has one value, not a list", attr.name))),
        },
        one if attr.many => Ok(element_of(attr, one)?.map(|element| Value::Array(vec![element]))),
        one => element_of(attr, one),
    }
}

/// One value of an attribute.
pub(crate) fn element_of(attr: &'static Attr, value: &Value) -> Result<Option<Value>, ScimError> {
    let wrong = |what: &str| Err(ScimError::bad("invalidValue", format!("{} must be {what}", attr.name)));
    match (attr.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Complex, Value::Object(fields)) => {
            let known = fields_of(fields, attr.subs, attr.name)?;
            Ok((!known.is_empty()).then_some(Value::Object(known)))
        }
        (Kind::Complex, Value::String(_)) if attr.sub("value").is_some() => {
            Ok(Some(serde_json::json!({ "value": value })))
        }
        (Kind::Complex, _) => wrong("an object"),
        (Kind::Boolean, Value::Bool(_)) => Ok(Some(value.clone())),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
        (Kind::Boolean, _) => wrong("true or false"),
        (_, Value::String(text)) if text.contains('\0') => wrong("a text without NUL"),
        (_, Value::String(_)) => Ok(Some(value.clone())),
        (_, Value::Number(number)) => Ok(Some(number.to_string().into())),
        _ => wrong("a text"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::{ENTERPRISE, USERS};

    fn read_user(body: &Value) -> Result<Value, ScimError> {
        read(body.as_object().expect("an object"), &USERS).map(Value::Object)
    }

    #[test]
    fn known_attributes_come_under_their_names_and_the_rest_is_dropped() {
        let read = read_user(&json!({
            "schemas": [ENTERPRISE], "id": "x", "meta": {}, "groups": [{ "value": "g" }],
            "USERNAME": "Ab", "externalid": "E1", "password": "secret", "active": "False", "nickName": null,
            "emails": [{ "Value": "A@b.example", "primary": "true", "colour": "red" }], "phoneNumbers": [],
            "roles": "agent", "name": { "formatted": null },
            "urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User": {
                "employeeNumber": 7, "manager": [{ "value": "m", "displayName": "x", "$ref": null }]
            },
            "urn:other:2.0:User": { "a": 1 },
        }));
        assert_eq!(
            read.expect("reads"),
            json!({
                "userName": "Ab", "externalId": "E1", "active": false,
                "emails": [{ "value": "A@b.example", "primary": true }], "roles": [{ "value": "agent" }],
                ENTERPRISE: { "employeeNumber": "7", "manager": { "value": "m" } },
            })
        );
    }

    #[test]
    fn values_of_the_wrong_kind_are_refused() {
        for body in [
            json!({ "active": "perhaps" }),
            json!({ "userName": {} }),
            json!({ "name": "x" }),
            json!({ "emails": [1] }),
            json!({ "title": ["a", "b"] }),
            json!({ "title": true }),
            json!({ "title": "a\u{0}b" }),
            json!({ "emails": [{ "value": "a\u{0}" }] }),
            json!({ "emails": vec![json!({ "value": "x" }); 1_001] }),
        ] {
            assert!(read_user(&body).is_err(), "{body}");
        }
    }
}
