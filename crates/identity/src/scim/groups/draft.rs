//! What a provider says about a group, read: pure.

use kernel::ids::MemberId;
use serde_json::{Map, Value};

use crate::scim::ScimError;
use crate::scim::filter::get;
use crate::scim::schema::find;
use crate::scim::{attributes, schema};
use crate::store::teams::Named;

/// The most characters of a name or an `externalId`.
const LONGEST: usize = 256;
/// The most members that one request names.
const MOST: usize = 100_000;

/// A group as a provider wants it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    pub(super) members: Vec<Named>,
}

impl Draft {
    /// Reads the body of a `POST` or `PUT`.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, ScimError> {
        Ok(Self {
            name: name(get(body, "displayName").unwrap_or(&Value::Null))?,
            external_id: external_id(get(body, "externalId").unwrap_or(&Value::Null))?,
            members: members(get(body, "members").unwrap_or(&Value::Null))?,
        })
    }
}

pub(super) fn name(value: &Value) -> Result<String, ScimError> {
    match text("displayName", value)? {
        Some(name) => Ok(name),
        None => Err(ScimError::bad("invalidValue", "displayName is required and not empty")),
    }
}

pub(super) fn external_id(value: &Value) -> Result<Option<String>, ScimError> {
    text("externalId", value)
}

fn text(name: &str, value: &Value) -> Result<Option<String>, ScimError> {
    let attr = find(schema::GROUPS.attrs, name).or_else(|| find(schema::COMMON, name));
    let read = match attr {
        Some(attr) => attributes::value_of(attr, value)?,
        None => None,
    };
    match read {
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST || text.contains(char::is_control) => {
            Err(ScimError::bad("invalidValue", format!("{name} has at most 256 characters, on one line")))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        _ => Ok(None),
    }
}

/// The users that a value of `members` names, each once.
pub(super) fn members(value: &Value) -> Result<Vec<Named>, ScimError> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    if items.len() > MOST {
        return Err(ScimError::bad("invalidValue", "one request names at most 100,000 members"));
    }
    let mut all = items.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|named| named.member);
    all.dedup_by_key(|named| named.member);
    Ok(all)
}

fn member(item: &Value) -> Result<Named, ScimError> {
    let wrong = |what: &str| ScimError::bad("invalidValue", what.to_owned());
    let (id, display) = match item {
        Value::String(id) => (id.as_str(), None),
        Value::Object(fields) => {
            let kind = get(fields, "type").and_then(Value::as_str).unwrap_or("User");
            if kind.eq_ignore_ascii_case("group") {
                return Err(wrong("groups within groups are not kept; name users"));
            }
            let id = get(fields, "value").and_then(Value::as_str);
            let id = id.ok_or_else(|| wrong("a member has a value: the id of a user"))?;
            (id, get(fields, "display").and_then(Value::as_str))
        }
        _ => return Err(wrong("a member is an object with a value")),
    };
    if display.is_some_and(|display| display.contains('\0') || display.chars().count() > LONGEST) {
        return Err(wrong("display has at most 256 characters, without NUL"));
    }
    let member = id.parse().map_err(|_| ScimError::bad("invalidValue", format!("there is no user {}", short(id))))?;
    Ok(Named { member, display: display.map(str::to_owned) })
}

/// The ids alone.
pub(super) fn ids(members: &[Named]) -> Vec<MemberId> {
    members.iter().map(|named| named.member).collect()
}

fn short(id: &str) -> String {
    id.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_in_every_form_once() {
        let id = MemberId::at(chrono::DateTime::UNIX_EPOCH);
        let entra = json!([{ "value": id, "$ref": null }, { "VALUE": id, "type": "User", "display": "x" }, id]);
        let read = |value: &Value| members(value).map(|named| ids(&named)).ok();
        assert_eq!(read(&entra), Some(vec![id]));
        assert_eq!(read(&json!({ "value": id })), Some(vec![id]));
        assert_eq!(read(&json!(null)), Some(vec![]));
        let okta = members(&json!([{ "value": id, "display": "Ada" }])).unwrap_or_default();
        assert_eq!(okta, [Named { member: id, display: Some("Ada".into()) }]);
        for bad in [
            json!([1]),
            json!([{}]),
            json!(["x"]),
            json!([{ "value": id, "type": "Group" }]),
            json!([{ "value": "team_1" }]),
        ] {
            assert!(members(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_group_has_a_name() {
        let read = |body: Value| Draft::read(body.as_object().expect("an object"));
        let group = read(json!({ "DisplayName": " Sales ", "externalId": "", "colour": 1, "schemas": ["x"] }));
        let group = group.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((group.name.as_str(), group.external_id), (" Sales ", None));
        for bad in
            [json!({}), json!({ "displayName": " " }), json!({ "displayName": "a\nb" }), json!({ "displayName": {} })]
        {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
