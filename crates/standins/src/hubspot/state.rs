//! What the portal holds: records, associations, properties, grants, and the meters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{HubError, HubSpotConfig, values};
use crate::server::clock::iso;
use crate::server::meter::{FixedMeter, RollingMeter};

/// Property names and their values, all of them strings.
pub(super) type Properties = BTreeMap<String, String>;

/// One CRM record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: u64,
    /// Its values.
    pub properties: BTreeMap<String, String>,
    /// When it was made, in milliseconds.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
    /// Whether it is in the bin.
    pub archived: bool,
    /// What search still shows until its index has caught up.
    pub(super) indexed: Option<BTreeMap<String, String>>,
}

/// A line between two records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Association {
    /// The object type it starts from.
    pub from: String,
    /// The record it starts from.
    pub from_id: u64,
    /// The object type it ends at.
    pub to: String,
    /// The record it ends at.
    pub to_id: u64,
    /// What it means.
    pub kind: u64,
}

/// What a token may do.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub scopes: Vec<String>,
    pub ends_ms: i64,
    pub private: bool,
}

/// An authorisation code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub redirect: String,
    pub scopes: Vec<String>,
    pub ends_ms: i64,
}

#[derive(Default)]
pub(super) struct State {
    pub objects: BTreeMap<String, BTreeMap<u64, Record>>,
    pub associations: BTreeSet<Association>,
    pub properties: BTreeMap<String, BTreeMap<String, Value>>,
    pub groups: BTreeMap<String, Vec<Value>>,
    pub tokens: HashMap<String, Grant>,
    pub refreshes: HashMap<String, Vec<String>>,
    pub codes: HashMap<String, Code>,
    pub rolling: RollingMeter,
    pub fixed: FixedMeter,
    last_id: u64,
}

impl State {
    pub(super) fn new(config: &HubSpotConfig) -> Self {
        let mut state = Self { properties: values::defaults(), last_id: 100, ..Self::default() };
        for token in &config.private_tokens {
            state.tokens.insert(token.clone(), Grant { scopes: Vec::new(), ends_ms: i64::MAX, private: true });
        }
        for name in &config.contact_properties {
            let property = values::property(name, name, "string", "text");
            state.properties.entry("contacts".to_owned()).or_default().insert(name.clone(), property);
        }
        state
    }

    /// A living record.
    pub(super) fn record(&self, object: &str, id: u64) -> Option<&Record> {
        self.objects.get(object)?.get(&id).filter(|record| !record.archived)
    }

    /// Finds a living record by its id, or by a unique property.
    pub(super) fn locate(&self, object: &str, id: &str, property: Option<&str>) -> Option<u64> {
        match property {
            None | Some("hs_object_id") => id.parse().ok().filter(|id| self.record(object, *id).is_some()),
            Some(name) => self.by_value(object, name, id),
        }
    }

    /// The living record whose property has this value, letters' case aside.
    pub(super) fn by_value(&self, object: &str, name: &str, value: &str) -> Option<u64> {
        let records = self.objects.get(object)?;
        let fits = |record: &&Record| {
            !record.archived && record.properties.get(name).is_some_and(|held| held.eq_ignore_ascii_case(value))
        };
        records.values().find(fits).map(|record| record.id)
    }

    /// Makes a record after checking its values.
    pub(super) fn create(&mut self, object: &str, given: &Value, now_ms: i64) -> Result<u64, HubError> {
        let mut properties = values::checked(self, object, given)?;
        if object == "notes" && !properties.contains_key("hs_timestamp") {
            let wrong = json!({ "isValid": false, "message": "hs_timestamp is required", "error": "REQUIRED_FIELD", "name": "hs_timestamp" });
            return Err(HubError::properties(vec![wrong]));
        }
        self.check_unique(object, &properties, None)?;
        properties.retain(|_, value| !value.is_empty());
        self.last_id += 1;
        let id = self.last_id;
        properties.insert("hs_object_id".into(), id.to_string());
        properties.insert("createdate".into(), iso(now_ms));
        stamp(&mut properties, object, now_ms);
        let record = Record { id, properties, created_ms: now_ms, updated_ms: now_ms, archived: false, indexed: None };
        self.objects.entry(object.to_owned()).or_default().insert(id, record);
        Ok(id)
    }

    /// Changes a record after checking the values; an empty value clears.
    pub(super) fn update(
        &mut self,
        object: &str,
        id: u64,
        given: &Value,
        now_ms: i64,
        lag_ms: i64,
    ) -> Result<(), HubError> {
        let changes = values::checked(self, object, given)?;
        self.check_unique(object, &changes, Some(id))?;
        let record = self.objects.get_mut(object).and_then(|records| records.get_mut(&id));
        let Some(record) = record else { return Err(HubError::missing(&id.to_string())) };
        if now_ms - record.updated_ms >= lag_ms {
            record.indexed = Some(record.properties.clone());
        }
        for (name, value) in changes {
            if value.is_empty() {
                record.properties.remove(&name);
            } else {
                record.properties.insert(name, value);
            }
        }
        record.updated_ms = now_ms;
        stamp(&mut record.properties, object, now_ms);
        Ok(())
    }

    fn check_unique(&self, object: &str, properties: &Properties, own: Option<u64>) -> Result<(), HubError> {
        let unique = self
            .properties
            .get(object)
            .into_iter()
            .flatten()
            .filter(|(_, property)| property["hasUniqueValue"] == json!(true));
        for (name, _) in unique {
            let Some(value) = properties.get(name).filter(|value| !value.is_empty()) else { continue };
            if let Some(other) = self.by_value(object, name, value).filter(|other| Some(*other) != own) {
                let what = if object == "contacts" { "Contact" } else { "Object" };
                return Err(HubError::duplicate(what, other));
            }
        }
        Ok(())
    }

    /// Draws a line and its counterpart.
    pub(super) fn associate(&mut self, from: (&str, u64), to: (&str, u64), kinds: &[u64]) -> Result<(), HubError> {
        for (object, id) in [from, to] {
            if self.record(object, id).is_none() {
                return Err(HubError::missing(&id.to_string()));
            }
        }
        for &kind in kinds {
            self.associations.insert(Association {
                from: from.0.into(),
                from_id: from.1,
                to: to.0.into(),
                to_id: to.1,
                kind,
            });
            if let Some(back) = values::default_kind(to.0, from.0) {
                self.associations.insert(Association {
                    from: to.0.into(),
                    from_id: to.1,
                    to: from.0.into(),
                    to_id: from.1,
                    kind: back,
                });
            }
        }
        Ok(())
    }

    /// The lines from a record to records of one type.
    pub(super) fn lines(&self, object: &str, id: u64, to: &str) -> Vec<&Association> {
        self.associations.iter().filter(|line| line.from == object && line.from_id == id && line.to == to).collect()
    }
}

/// Writes when a record changed, under the name its type has for it, and when a deal entered the stage it is in.
fn stamp(properties: &mut Properties, object: &str, now_ms: i64) {
    properties.insert("lastmodifieddate".into(), iso(now_ms));
    if object != "contacts" {
        properties.insert("hs_lastmodifieddate".into(), iso(now_ms));
    }
    if let Some(stage) = properties.get("dealstage").filter(|_| object == "deals").cloned() {
        properties.entry(format!("hs_v2_date_entered_{stage}")).or_insert_with(|| iso(now_ms));
    }
}

/// A record as answers show it: only the wanted properties, the usual ones when none are named.
pub(super) fn shown(record: &Record, wanted: &[String]) -> Value {
    let usual = [
        "createdate",
        "lastmodifieddate",
        "hs_object_id",
        "email",
        "firstname",
        "lastname",
        "dealname",
        "amount",
        "dealstage",
        "pipeline",
        "closedate",
    ];
    let mut properties = serde_json::Map::new();
    for name in ["createdate", "lastmodifieddate", "hs_object_id"] {
        properties.insert(name.to_owned(), json!(record.properties.get(name)));
    }
    if wanted.is_empty() {
        for name in usual {
            if let Some(value) = record.properties.get(name) {
                properties.insert(name.to_owned(), json!(value));
            }
        }
    }
    for name in wanted {
        properties.insert(name.clone(), json!(record.properties.get(name)));
    }
    json!({
        "id": record.id.to_string(), "properties": properties, "createdAt": iso(record.created_ms),
        "updatedAt": iso(record.updated_ms), "archived": record.archived,
    })
}
