//! `attributes` and `excludedAttributes` (RFC 7644, 3.9): what of a resource is given back. `id` and `schemas` always are.

use serde_json::{Map, Value};

use super::filter::{self, Path};
use super::schema::{Place, Type};

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projection {
    /// These alone; everything when none is named.
    only: Vec<Path>,
    /// All but these.
    without: Vec<Path>,
}

impl Projection {
    /// Reads names; one that is no attribute's name names nothing.
    pub(crate) fn of<'a>(only: impl IntoIterator<Item = &'a str>, without: impl IntoIterator<Item = &'a str>) -> Self {
        let paths = |name: &str| filter::path(name.trim()).ok();
        let only: Vec<_> = only.into_iter().filter_map(paths).collect();
        // The two exclude each other; what is asked for says more.
        let without = if only.is_empty() { without.into_iter().filter_map(paths).collect() } else { Vec::new() };
        Self { only, without }
    }

    /// Whether attributes were named: then even a patch answers with the resource.
    pub(crate) fn is_asked(&self) -> bool {
        !self.only.is_empty() || !self.without.is_empty()
    }

    /// Whether an attribute of the resource itself is given at all: so that what is not need not be read.
    pub(crate) fn gives(&self, name: &str) -> bool {
        let named = |path: &Path| path.name.eq_ignore_ascii_case(name);
        if self.only.is_empty() {
            !self.without.iter().any(|path| named(path) && path.sub.is_none())
        } else {
            self.only.iter().any(named)
        }
    }

    /// Cuts a resource to what was asked for.
    pub(crate) fn cut(&self, resource: Value, kind: &'static Type) -> Value {
        let Value::Object(mut fields) = resource else { return resource };
        if self.only.is_empty() {
            for path in &self.without {
                remove(&mut fields, path, kind);
            }
            return fields.into();
        }
        let mut kept = Map::new();
        for name in ["schemas", "id"] {
            if let Some(value) = fields.get(name) {
                kept.insert(name.to_owned(), value.clone());
            }
        }
        for path in &self.only {
            copy(&fields, &mut kept, path, kind);
        }
        kept.into()
    }
}

/// The keys that lead to what a path names: of an extension its URN first.
fn keys(path: &Path, kind: &'static Type) -> Option<Vec<&'static str>> {
    let mut keys = match kind.place(path.schema.as_deref(), &path.name)? {
        Place::Core(attr) => vec![attr.name],
        Place::Extended(extension, attr) => vec![extension.urn, attr.name],
        Place::Whole(extension) => vec![extension.urn],
        Place::Foreign => return None,
    };
    if let Some(sub) = path.sub.as_deref() {
        let attr = match kind.place(path.schema.as_deref(), &path.name)? {
            Place::Core(attr) | Place::Extended(_, attr) => attr,
            Place::Whole(_) | Place::Foreign => return None,
        };
        keys.push(attr.sub(sub)?.name);
    }
    Some(keys)
}

fn remove(fields: &mut Map<String, Value>, path: &Path, kind: &'static Type) {
    let Some(keys) = keys(path, kind) else { return };
    if !matches!(keys[..], ["id" | "schemas"]) {
        take_out(fields, &keys);
    }
}

fn take_out(fields: &mut Map<String, Value>, keys: &[&str]) {
    let [key, rest @ ..] = keys else { return };
    if rest.is_empty() {
        fields.remove(*key);
        return;
    }
    match fields.get_mut(*key) {
        Some(Value::Object(inner)) => take_out(inner, rest),
        Some(Value::Array(items)) => {
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|inner| take_out(inner, rest));
        }
        _ => {}
    }
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, path: &Path, kind: &'static Type) {
    if let Some(keys) = keys(path, kind) {
        put_in(from, to, &keys);
    }
}

fn put_in(from: &Map<String, Value>, to: &mut Map<String, Value>, keys: &[&str]) {
    let [key, rest @ ..] = keys else { return };
    let Some(value) = from.get(*key) else { return };
    if rest.is_empty() {
        to.insert((*key).to_owned(), value.clone());
        return;
    }
    match value {
        Value::Object(inner) => {
            let slot = to.entry(*key).or_insert_with(|| Map::new().into());
            if let Value::Object(slot) = slot {
                put_in(inner, slot, rest);
            }
        }
        Value::Array(items) => {
            let slot = to.entry(*key).or_insert_with(|| vec![Value::from(Map::new()); items.len()].into());
            if let Value::Array(slots) = slot {
                for (inner, slot) in items.iter().zip(slots) {
                    if let (Value::Object(inner), Value::Object(slot)) = (inner, slot) {
                        put_in(inner, slot, rest);
                    }
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::{ENTERPRISE, USERS};

    fn cut(only: &str, without: &str) -> Value {
        let user = json!({
            "schemas": ["x"], "id": "1", "userName": "a", "name": { "givenName": "g", "familyName": "f" },
            "emails": [{ "value": "v", "type": "work" }, { "value": "w" }], ENTERPRISE: { "department": "d", "division": "e" },
            "meta": { "version": "3" },
        });
        let names = |text: &str| text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (only, without) = (names(only), names(without));
        Projection::of(only.iter().map(String::as_str), without.iter().map(String::as_str)).cut(user, &USERS)
    }

    #[test]
    fn what_is_asked_for_is_given_with_id_and_schemas() {
        assert_eq!(cut("USERNAME", ""), json!({ "schemas": ["x"], "id": "1", "userName": "a" }));
        assert_eq!(
            cut("name.givenName,emails.value,emails.type", ""),
            json!({ "schemas": ["x"], "id": "1", "name": { "givenName": "g" },
                "emails": [{ "value": "v", "type": "work" }, { "value": "w" }] })
        );
        assert_eq!(
            cut("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department,colour,urn:x:y", ""),
            json!({ "schemas": ["x"], "id": "1", ENTERPRISE: { "department": "d" } })
        );
    }

    #[test]
    fn what_is_excluded_is_not_given_but_id_is() {
        let left =
            cut("", "id,schemas,meta,name,emails.type,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
        assert_eq!(
            left,
            json!({ "schemas": ["x"], "id": "1", "userName": "a", "emails": [{ "value": "v" }, { "value": "w" }] })
        );
        assert_eq!(cut("userName", "userName"), json!({ "schemas": ["x"], "id": "1", "userName": "a" }));
        let members = Projection::of([], ["members"]);
        assert!(!members.gives("MEMBERS") && members.gives("displayName") && members.is_asked());
        assert!(!Projection::of(["displayName"], []).gives("members"));
        assert!(Projection::default().gives("members"));
    }
}
