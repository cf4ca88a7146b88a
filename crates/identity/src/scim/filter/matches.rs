//! Deciding in memory whether a resource fits a filter.
//!
//! Texts are compared without case unless the attribute's schema says otherwise. Of an attribute with several values one that
//! fits is enough; `ne` and `not` are true where nothing fits, absence included.

use std::cmp::Ordering;

use chrono::DateTime;
use serde_json::{Map, Value};

use super::{Filter, Literal, Op, Path};
use crate::scim::ScimError;
use crate::scim::schema::{self, Attr, Kind, Place, Type};

/// Refuses a filter that asks for an attribute this type of resource does not have.
pub(crate) fn check(filter: &Filter, kind: &'static Type) -> Result<(), ScimError> {
    let unknown = |path: &Path| {
        ScimError::bad("invalidFilter", format!("a {} has no attribute {path}", kind.name.to_lowercase()))
    };
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => check(left, kind).and_then(|()| check(right, kind)),
        Filter::Not(inner) => check(inner, kind),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Has(path) => {
            let attr = match kind.place(path.schema.as_deref(), &path.name) {
                Some(Place::Core(attr) | Place::Extended(_, attr)) => attr,
                Some(Place::Foreign | Place::Whole(_)) => return Ok(()),
                None => return Err(unknown(path)),
            };
            let sub_known = path.sub.as_deref().is_none_or(|sub| attr.sub(sub).is_some());
            let fits = sub_known && path.filter.as_deref().is_none_or(|inner| inner_known(inner, attr));
            if fits { Ok(()) } else { Err(unknown(path)) }
        }
    }
}

fn inner_known(filter: &Filter, attr: &Attr) -> bool {
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => inner_known(left, attr) && inner_known(right, attr),
        Filter::Not(inner) => inner_known(inner, attr),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Has(path) => {
            path.schema.is_none() && path.filter.is_none() && path.sub.is_none() && attr.sub(&path.name).is_some()
        }
    }
}

/// Whether a resource fits.
pub(crate) fn matches(filter: &Filter, resource: &Value, kind: &'static Type) -> bool {
    evaluate(filter, &|path| found(path, resource, kind))
}

/// Whether one value of a multi-valued attribute fits the filter in its brackets.
pub(crate) fn matches_element(filter: &Filter, element: &Value, attr: &'static Attr) -> bool {
    evaluate(filter, &|path| match attr.sub(&path.name) {
        Some(sub) if path.sub.is_none() && path.filter.is_none() => {
            values_of(element, &path.name).map(|value| (value, sub)).collect()
        }
        _ => Vec::new(),
    })
}

/// A value with the attribute that says how it is compared.
type Found<'a> = Vec<(&'a Value, &'static Attr)>;

fn evaluate<'a>(filter: &Filter, find: &dyn Fn(&Path) -> Found<'a>) -> bool {
    match filter {
        Filter::And(left, right) => evaluate(left, find) && evaluate(right, find),
        Filter::Or(left, right) => evaluate(left, find) || evaluate(right, find),
        Filter::Not(inner) => !evaluate(inner, find),
        Filter::Present(path) | Filter::Has(path) => find(path).iter().any(|(value, _)| is_present(value)),
        Filter::Compare(path, op, literal) => {
            let found = find(path);
            let any = |op: Op| found.iter().any(|(value, attr)| compare(value, attr, op, literal));
            match (op, literal) {
                (Op::Eq, Literal::Null) => !found.iter().any(|(value, _)| is_present(value)),
                (Op::Ne, Literal::Null) => found.iter().any(|(value, _)| is_present(value)),
                (Op::Ne, _) => !any(Op::Eq),
                (op, _) => any(*op),
            }
        }
    }
}

fn found<'a>(path: &Path, resource: &'a Value, kind: &'static Type) -> Found<'a> {
    let (attr, holder) = match kind.place(path.schema.as_deref(), &path.name) {
        Some(Place::Core(attr)) => (attr, Some(resource)),
        Some(Place::Extended(extension, attr)) => (attr, resource.get(extension.urn)),
        Some(Place::Whole(_) | Place::Foreign) | None => return Vec::new(),
    };
    let Some(holder) = holder else { return Vec::new() };
    let chosen = values_of(holder, &path.name)
        .filter(|value| path.filter.as_deref().is_none_or(|filter| matches_element(filter, value, attr)));
    match path.sub.as_deref() {
        Some(sub) => {
            let Some(leaf) = attr.sub(sub) else { return Vec::new() };
            chosen.flat_map(|value| values_of(value, sub)).map(|value| (value, leaf)).collect()
        }
        None => chosen.map(|value| simple(value, attr)).collect(),
    }
}

/// What a complex value is compared by when no sub-attribute is named: its `value`.
fn simple<'a>(value: &'a Value, attr: &'static Attr) -> (&'a Value, &'static Attr) {
    match (attr.sub("value"), value.get("value")) {
        (Some(leaf), Some(inner)) => (inner, leaf),
        _ => (value, attr),
    }
}

/// The values under a name, whatever its case; of a list each one.
fn values_of<'a>(holder: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let value = holder.as_object().and_then(|object| get(object, name));
    match value {
        Some(Value::Array(items)) => items.iter().collect::<Vec<_>>().into_iter(),
        Some(value) => vec![value].into_iter(),
        None => Vec::new().into_iter(),
    }
}

/// The value under a name, whatever its case.
pub(crate) fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn compare(value: &Value, attr: &schema::Attr, op: Op, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Bool(value), literal) => op == Op::Eq && as_flag(literal) == Some(*value),
        (Value::Number(value), Literal::Number(literal)) => {
            let order = value.as_f64().zip(literal.as_f64()).and_then(|(a, b)| a.partial_cmp(&b));
            order.is_some_and(|order| ordered(order, op))
        }
        (Value::String(value), Literal::Text(literal)) if attr.kind == Kind::Instant => {
            match (DateTime::parse_from_rfc3339(value), DateTime::parse_from_rfc3339(literal)) {
                (Ok(value), Ok(literal)) => ordered(value.cmp(&literal), op),
                _ => texts(value, literal, op),
            }
        }
        (Value::String(value), Literal::Text(literal)) if attr.case_exact => texts(value, literal, op),
        (Value::String(value), Literal::Text(literal)) => texts(&value.to_lowercase(), &literal.to_lowercase(), op),
        // A number or a word that was not quoted, for an attribute that holds texts: `employeeNumber eq 701984`.
        (Value::String(value), Literal::Number(literal)) => texts(value, &literal.to_string(), op),
        (Value::String(value), Literal::Bool(literal)) => texts(&value.to_lowercase(), &literal.to_string(), op),
        _ => false,
    }
}

fn texts(value: &str, literal: &str, op: Op) -> bool {
    match op {
        Op::Co => value.contains(literal),
        Op::Sw => value.starts_with(literal),
        Op::Ew => value.ends_with(literal),
        _ => ordered(value.cmp(literal), op),
    }
}

fn ordered(order: Ordering, op: Op) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Ne | Op::Co | Op::Sw | Op::Ew => false,
    }
}

/// True and false, also as Entra quotes them.
pub(crate) fn as_flag(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Bool(flag) => Some(*flag),
        Literal::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Literal::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::filter;
    use crate::scim::schema::USERS;

    fn user() -> Value {
        json!({
            "id": "member_1",
            "userName": "BJensen@example.com",
            "externalId": "Ab1",
            "active": true,
            "name": { "familyName": "Jensen", "givenName": "Barbara" },
            "emails": [
                { "value": "barbara@work.example", "type": "work", "primary": true },
                { "value": "babs@home.example", "type": "home" },
            ],
            "nickName": "",
            "meta": { "lastModified": "2027-01-15T08:00:00Z" },
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales", "employeeNumber": "701984" },
        })
    }

    #[test]
    fn every_operator_on_every_kind_of_attribute() {
        let user = user();
        for (text, expected) in [
            (r#"userName eq "bjensen@EXAMPLE.com""#, true),
            (r#"USERNAME sw "bjensen""#, true),
            (r#"userName ew "example.com" and userName co "SEN@""#, true),
            (r#"externalId eq "ab1""#, false),
            (r#"externalId eq "Ab1""#, true),
            ("active eq true", true),
            (r#"active eq "True""#, true),
            ("active ne false", true),
            ("active eq false", false),
            ("active gt false", false),
            (r#"name.familyName eq "jensen""#, true),
            (r#"emails eq "babs@home.example""#, true),
            (r#"emails.type eq "home""#, true),
            (r#"emails[type eq "work"].value eq "babs@home.example""#, false),
            (r#"emails[type eq "work" and value co "@work"]"#, true),
            (r#"emails[type eq "work" and not (primary eq true)]"#, false),
            (r#"emails[primary eq "True"].value sw "barbara""#, true),
            (r#"not (emails.value ew "@other.example")"#, true),
            (r#"emails.value ne "babs@home.example""#, false),
            (r#"title ne "Dr""#, true),
            ("title pr", false),
            ("nickName pr", false),
            ("emails pr and name pr", true),
            ("title eq null and name ne null", true),
            (r#"meta.lastModified gt "2027-01-15T08:30:00+01:00""#, true),
            ("meta.lastModified le 2027-01-15T08:00:00Z", true),
            (r#"meta.lastModified lt "2027-01-15T08:00:00Z""#, false),
            (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#, true),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:employeeNumber eq 701984", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName pr", true),
            ("urn:example:2.0:Thing:colour pr", false),
            (r#"userName gt "a" and userName lt "c""#, true),
            (r#"userName eq "x" or userName pr and active eq true"#, true),
        ] {
            let read = filter::filter(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(check(&read, &USERS).is_ok(), "{text}");
            assert_eq!(matches(&read, &user, &USERS), expected, "{text}");
        }
    }

    #[test]
    fn attributes_that_are_not_there_are_refused() {
        for text in
            ["colour pr", r#"name.shade eq "x""#, r#"emails[colour eq "x"]"#, "emails[value.x pr]", "members pr"]
        {
            let read = filter::filter(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(check(&read, &USERS).is_err(), "{text}");
        }
    }
}
