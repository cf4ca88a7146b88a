//! Properties and their values: what exists in a new portal, and which values fit.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::HubError;
use super::state::{Properties, State};

const NOTE_CHARS: usize = 65_536;
const LEAD_STATUS: [&str; 8] =
    ["NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"];
const LIFECYCLE: [&str; 8] = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];
/// The stages of the default pipeline.
pub(super) const STAGES: [&str; 7] = [
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
];

/// A property's definition.
pub(super) fn property(name: &str, label: &str, kind: &str, field: &str) -> Value {
    json!({
        "name": name, "label": label, "type": kind, "fieldType": field, "groupName": "contactinformation", "options": [],
        "hasUniqueValue": false, "hidden": false, "description": "", "displayOrder": -1, "calculated": false,
        "externalOptions": false, "formField": true, "modificationMetadata": { "archivable": true, "readOnlyValue": false },
    })
}

fn options(values: &[&str]) -> Value {
    values
        .iter()
        .enumerate()
        .map(|(place, value)| json!({ "label": value, "value": value, "displayOrder": place, "hidden": false }))
        .collect()
}

/// The properties of a new portal.
pub(super) fn defaults() -> BTreeMap<String, BTreeMap<String, Value>> {
    let text = |names: &[&str]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), property(name, name, "string", "text")))
            .collect::<BTreeMap<_, _>>()
    };
    let mut contacts = text(&[
        "firstname",
        "lastname",
        "phone",
        "mobilephone",
        "company",
        "website",
        "city",
        "country",
        "jobtitle",
        "hs_language",
        "message",
        "hs_analytics_source",
        "hubspot_owner_id",
    ]);
    let mut email = property("email", "Email", "string", "text");
    email["hasUniqueValue"] = json!(true);
    contacts.insert("email".into(), email);
    for (name, values) in [("hs_lead_status", &LEAD_STATUS), ("lifecyclestage", &LIFECYCLE)] {
        let mut property = property(name, name, "enumeration", "radio");
        property["options"] = options(values);
        contacts.insert(name.into(), property);
    }
    let mut deals =
        text(&["dealname", "pipeline", "hubspot_owner_id", "description", "dealtype", "deal_currency_code"]);
    deals.insert("amount".into(), property("amount", "Amount", "number", "number"));
    deals.insert("closedate".into(), property("closedate", "Close date", "datetime", "date"));
    let mut stage = property("dealstage", "Deal stage", "enumeration", "radio");
    stage["options"] = options(&STAGES);
    deals.insert("dealstage".into(), stage);
    let mut notes = text(&["hs_note_body", "hubspot_owner_id", "hs_attachment_ids"]);
    notes.insert("hs_timestamp".into(), property("hs_timestamp", "Timestamp", "datetime", "date"));
    let companies = text(&["name", "domain", "phone", "city", "country", "industry"]);
    let tasks = text(&["hs_task_subject", "hs_task_body", "hs_task_status", "hs_timestamp", "hubspot_owner_id"]);
    let leads = text(&["hs_lead_name", "hs_lead_type", "hs_lead_label", "hubspot_owner_id"]);
    let named = [
        ("contacts", contacts),
        ("deals", deals),
        ("notes", notes),
        ("companies", companies),
        ("tasks", tasks),
        ("leads", leads),
    ];
    let mut all: BTreeMap<String, BTreeMap<String, Value>> = named.map(|(name, held)| (name.to_owned(), held)).into();
    for held in all.values_mut() {
        for name in ["hs_object_id", "createdate", "lastmodifieddate", "hs_lastmodifieddate"] {
            let mut property = property(name, name, "string", "text");
            property["modificationMetadata"]["readOnlyValue"] = json!(true);
            held.insert(name.to_owned(), property);
        }
    }
    all
}

/// An object type by any of its names.
pub(super) fn object(name: &str) -> Result<&'static str, HubError> {
    Ok(match name {
        "contacts" | "contact" | "0-1" => "contacts",
        "companies" | "company" | "0-2" => "companies",
        "deals" | "deal" | "0-3" => "deals",
        "notes" | "note" | "0-46" => "notes",
        "tasks" | "task" | "0-27" => "tasks",
        "leads" | "lead" | "0-136" => "leads",
        other => return Err(HubError::validation(&format!("Unable to infer object type from: {other}"))),
    })
}

/// The type's number.
pub(super) fn type_id(object: &str) -> &'static str {
    match object {
        "contacts" => "0-1",
        "companies" => "0-2",
        "deals" => "0-3",
        "notes" => "0-46",
        "tasks" => "0-27",
        _ => "0-136",
    }
}

/// The usual association from one type to another.
pub(super) fn default_kind(from: &str, to: &str) -> Option<u64> {
    Some(match (from, to) {
        ("deals", "contacts") => 3,
        ("contacts", "deals") => 4,
        ("deals", "companies") => 341,
        ("companies", "deals") => 342,
        ("contacts", "notes") => 201,
        ("notes", "contacts") => 202,
        ("deals", "notes") => 213,
        ("notes", "deals") => 214,
        ("notes", "companies") => 190,
        ("companies", "notes") => 189,
        ("tasks", "contacts") => 204,
        ("contacts", "tasks") => 203,
        ("contacts", "companies") => 279,
        ("companies", "contacts") => 280,
        _ => return None,
    })
}

/// The given values, if every one names a property and fits it.
pub(super) fn checked(state: &State, object: &str, given: &Value) -> Result<Properties, HubError> {
    let given = match given {
        Value::Object(given) => given.clone(),
        Value::Null => serde_json::Map::new(),
        _ => return Err(HubError::validation("Invalid input JSON on line 1, column 1: properties must be an object")),
    };
    let known = state.properties.get(object);
    let (mut properties, mut wrong) = (Properties::new(), Vec::new());
    for (name, value) in given {
        let text = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => {
                return Err(HubError::validation(&format!(
                    "Invalid input JSON on line 1, column 1: Cannot deserialize value of type `java.lang.String` from {other} (property {name})"
                )));
            }
        };
        let refused = match known.and_then(|known| known.get(&name)) {
            None => Some(("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist"))),
            Some(property) => misfit(property, &name, &text),
        };
        match refused {
            Some((code, message)) => {
                wrong.push(json!({ "isValid": false, "message": message, "error": code, "name": name, "localizedErrorMessage": message, "propertyName": name }));
            }
            None => {
                properties.insert(name, text);
            }
        }
    }
    if wrong.is_empty() { Ok(properties) } else { Err(HubError::properties(wrong)) }
}

/// Why a value does not fit its property.
fn misfit(property: &Value, name: &str, text: &str) -> Option<(&'static str, String)> {
    if text.is_empty() {
        return None;
    }
    if property["modificationMetadata"]["readOnlyValue"] == json!(true) {
        return Some(("READ_ONLY_VALUE", format!("\"{name}\" is a read only property; its value cannot be set.")));
    }
    match property["type"].as_str().unwrap_or_default() {
        "number" if text.parse::<f64>().is_err() => Some(("INVALID_LONG", format!("{text} was not a valid number."))),
        "datetime" | "date" if !is_date(text) => Some(("INVALID_DATE", format!("{text} was not a valid date."))),
        "bool" if !matches!(text, "true" | "false") => {
            Some(("INVALID_OPTION", format!("{text} was not one of the allowed options: [true, false]")))
        }
        "enumeration" => {
            let options: Vec<&str> =
                property["options"].as_array().into_iter().flatten().filter_map(|o| o["value"].as_str()).collect();
            let fits = text.split(';').all(|part| options.contains(&part));
            (!fits).then(|| ("INVALID_OPTION", format!("{text} was not one of the allowed options: {options:?}")))
        }
        _ if name == "email" && !is_email(text) => Some(("INVALID_EMAIL", format!("Email address {text} is invalid"))),
        _ if text.chars().count() > NOTE_CHARS => {
            Some(("INVALID_LENGTH", format!("{name} is longer than {NOTE_CHARS} characters")))
        }
        _ => None,
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<i64>().is_ok()
        || chrono::DateTime::parse_from_rfc3339(text).is_ok()
        || chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    !user.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_dates_and_options() {
        assert!(
            is_email("a@example.com")
                && !is_email("a@example")
                && !is_email("@example.com")
                && !is_email("a b@example.com")
        );
        assert!(
            is_date("2026-01-31")
                && is_date("1787212345678")
                && is_date("2026-01-31T10:00:00Z")
                && !is_date("tomorrow")
        );
        let known = defaults();
        let status = &known["contacts"]["hs_lead_status"];
        assert_eq!(misfit(status, "hs_lead_status", "HOT").unwrap().0, "INVALID_OPTION");
        assert_eq!(misfit(status, "hs_lead_status", "NEW"), None);
        assert_eq!(misfit(&known["deals"]["amount"], "amount", "12,5").unwrap().0, "INVALID_LONG");
    }
}
