//! Records of JSON as signals, by `JSONPath` (RFC 9535): for webhooks and any REST API.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use connectors::signal::{Signal, SignalKind};
use connectors::source::Rejection;
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_json_path::JsonPath;
use utoipa::ToSchema;

use crate::csv::dates::{self, DateOrder};
use crate::csv::money::{self, DecimalMark};

/// The longest key.
const LONGEST: usize = 200;
/// The longest path.
const LONGEST_PATH: usize = 500;
/// The most commas of a path: each may double what it finds.
const MOST_COMMAS: usize = 5;

/// Where a field's value is in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct At {
    /// A `JSONPath` from the record, such as `$.customer.email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The same for every record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What the words there mean: `{"sale": "payment"}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// How records become signals. Without fields a record is read as an item of `POST /v2/signals`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Where each field of a signal is.
    pub fields: BTreeMap<String, At>,
    /// The order of dates of three numbers.
    pub date_order: Option<DateOrder>,
    /// The time zone of times without an offset; UTC when absent.
    pub time_zone: Option<String>,
    /// Whether amounts are in minor units (cents).
    pub minor_units: bool,
}

/// Compiles a path. One that may find a value very many times over is refused: `$..*..*` and `$[*,*][*,*]…` of a small body are
/// more than fits in memory.
pub(crate) fn parse(text: &str) -> Result<JsonPath, String> {
    if text.len() > LONGEST_PATH || text.matches("..").count() > 1 || text.matches(',').count() > MOST_COMMAS {
        return Err(format!(
            "may find too much: a path has at most {LONGEST_PATH} characters, one `..` and {MOST_COMMAS} commas"
        ));
    }
    JsonPath::parse(text).map_err(|error| error.to_string())
}

enum Place {
    Path(JsonPath),
    Fixed(String),
}

/// A recipe, ready for records.
pub struct Extract {
    fields: Vec<(String, Place, BTreeMap<String, String>)>,
    order: Option<DateOrder>,
    zone: Tz,
    minor_units: bool,
    source: String,
}

/// The fields of an item of `POST /v2/signals`, each where its name says.
const USUAL: [&str; 8] = ["external_id", "at", "kind", "source", "location", "contact", "lead", "value"];

impl Extract {
    /// Compiles a recipe; the error names what is wrong, field by field. `source` is of records that name none.
    pub fn new(recipe: &Recipe, source: &str) -> Result<Self, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let mut fields = Vec::new();
        for (field, at) in &recipe.fields {
            let known = crate::csv::FIELDS.contains(&field.as_str()) || field.starts_with("data.") || field == "data";
            let place = match (&at.path, &at.value) {
                (Some(path), None) => parse(path).map(Place::Path),
                (None, Some(value)) => Ok(Place::Fixed(value.clone())),
                _ => Err("needs one of path and value".to_owned()),
            };
            match place {
                _ if !known => wrong.push((format!("fields.{field}"), "is not a field of a signal".to_owned())),
                Ok(place) => fields.push((field.clone(), place, at.values.clone())),
                Err(why) => wrong.push((format!("fields.{field}"), why)),
            }
        }
        if recipe.fields.is_empty() {
            for field in USUAL.into_iter().chain(["data"]) {
                let path = parse(&format!("$.{field}")).map_err(|error| vec![(field.to_owned(), error)])?;
                fields.push((field.to_owned(), Place::Path(path), BTreeMap::new()));
            }
        }
        for needed in ["external_id", "at", "kind"] {
            if !recipe.fields.is_empty() && !recipe.fields.contains_key(needed) {
                wrong.push((format!("fields.{needed}"), "is required".to_owned()));
            }
        }
        let zone = recipe.time_zone.as_deref().unwrap_or("UTC").parse::<Tz>();
        match zone {
            Ok(zone) if wrong.is_empty() => {
                let (order, minor_units) = (recipe.date_order, recipe.minor_units);
                Ok(Self { fields, order, zone, minor_units, source: source.to_owned() })
            }
            Ok(_) => Err(wrong),
            Err(_) => {
                wrong.push(("time_zone".to_owned(), "is not a time zone such as Europe/Berlin".to_owned()));
                Err(wrong)
            }
        }
    }

    /// The signal of a record, or why there is none.
    pub fn signal(&self, record: &Value, now: DateTime<Utc>) -> Result<Signal, Rejection> {
        let text = |field: &'static str| self.text(record, field);
        let needed = |field: &'static str| text(field)?.ok_or_else(|| reject(field, "is missing"));
        let id = needed("external_id")?;
        let at = dates::instant(&needed("at")?, self.order, self.zone, now).map_err(|why| reject("at", why))?;
        let word = needed("kind")?;
        let kind = SignalKind::named(&word).ok_or_else(|| reject("kind", format!("{word} is not a kind of signal")))?;
        let source = text("source")?.unwrap_or_else(|| self.source.clone());
        let mut signal = Signal::new(source, id, kind, at);
        signal.location = text("location")?;
        signal.contact = text("contact")?;
        signal.lead = text("lead")?;
        signal.value = self.value(record, kind)?;
        signal.data = self.data(record);
        Ok(signal)
    }

    fn find<'a>(
        &'a self,
        record: &'a Value,
        field: &str,
    ) -> Option<(Option<&'a Value>, &'a str, &'a BTreeMap<String, String>)> {
        let (_, place, values) = self.fields.iter().find(|(name, ..)| name == field)?;
        match place {
            Place::Path(path) => path.query(record).first().map(|value| (Some(value), "", values)),
            Place::Fixed(text) => Some((None, text, values)),
        }
    }

    fn text(&self, record: &Value, field: &'static str) -> Result<Option<String>, Rejection> {
        let Some((value, fixed, values)) = self.find(record, field) else { return Ok(None) };
        let text = match value {
            None => fixed.to_owned(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => yes.to_string(),
            Some(Value::Null) => return Ok(None),
            Some(_) => return Err(reject(field, "is not a text")),
        };
        if text.len() > LONGEST {
            return Err(reject(field, "is longer than 200 characters"));
        }
        Ok(Some(values.get(&text).cloned().unwrap_or(text)).filter(|text| !text.is_empty()))
    }

    fn value(&self, record: &Value, kind: SignalKind) -> Result<Option<Money>, Rejection> {
        let Some((Some(value), ..)) = self.find(record, "value") else { return Ok(None) };
        // `{"amount": 12.5, "currency": "EUR"}`, or an amount with its currency elsewhere.
        let (amount, inside) = match value {
            Value::Object(both) => {
                (both.get("amount").unwrap_or(&Value::Null), both.get("currency").and_then(Value::as_str))
            }
            other => (other, None),
        };
        let amount = match amount {
            Value::Null => return Ok(None),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(reject("value", "is not an amount")),
        };
        let code = match inside {
            Some(code) => code.to_owned(),
            None => self.text(record, "currency")?.ok_or_else(|| reject("currency", "is missing"))?,
        };
        let currency: Currency =
            money::currency(&code).ok_or_else(|| reject("currency", format!("{code} is not a currency in use")))?;
        let minor = if self.minor_units {
            amount.parse().map_err(|_| reject("value", "is not a whole number of minor units"))?
        } else {
            money::minor(&amount, DecimalMark::Point, currency).map_err(|why| reject("value", why))?
        };
        if minor < 0 {
            let why = if kind == SignalKind::Payment {
                "is less than nothing; money that went back is a refund"
            } else {
                "is less than nothing"
            };
            return Err(reject("value", why));
        }
        Ok(Some(Money::new(minor, currency)))
    }

    fn data(&self, record: &Value) -> Map<String, Value> {
        let mut data = match self.find(record, "data") {
            Some((Some(Value::Object(all)), ..)) => all.clone(),
            _ => Map::new(),
        };
        for (field, place, _) in &self.fields {
            let Some(name) = field.strip_prefix("data.") else { continue };
            let found = match place {
                Place::Path(path) => path.query(record).first().cloned(),
                Place::Fixed(text) => Some(Value::String(text.clone())),
            };
            if let Some(value) = found.filter(|value| !value.is_null()) {
                data.insert(name.to_owned(), value);
            }
        }
        data
    }
}

fn reject(field: &'static str, reason: impl Into<String>) -> Rejection {
    Rejection { field: Some(field.to_owned()), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).expect("a valid instant")
    }

    fn recipe(value: Value) -> Recipe {
        serde_json::from_value(value).expect("a recipe")
    }

    #[test]
    fn without_fields_a_record_is_a_signal_as_the_api_takes_it() {
        let extract = Extract::new(&Recipe::default(), "webhook").expect("compiles");
        let record = json!({"external_id": "p1", "at": "2026-01-02T03:04:05Z", "kind": "payment", "contact": "sam@example.com",
            "value": {"amount": 12.5, "currency": "EUR"}, "data": {"rating": 5}});
        let signal = extract.signal(&record, now()).expect("a signal");
        assert_eq!((signal.source.as_str(), signal.value.map(|value| value.minor)), ("webhook", Some(1_250)));
        assert_eq!(signal.data["rating"], 5);
        let missing = extract.signal(&json!({"external_id": "p1", "kind": "payment"}), now()).expect_err("no time");
        assert_eq!(missing.field.as_deref(), Some("at"));
    }

    #[test]
    fn paths_reach_into_records_and_words_are_translated() {
        let extract = Extract::new(
            &recipe(json!({"minor_units": true, "fields": {
                "external_id": {"path": "$.id"}, "at": {"path": "$.created"}, "kind": {"path": "$.type", "values": {"sale": "payment"}},
                "source": {"value": "till"}, "value": {"path": "$.total"}, "currency": {"value": "USD"},
                "contact": {"path": "$.people[?@.role == 'buyer'].email"}, "data.shop": {"path": "$.shop.name"},
            }})),
            "rest",
        )
        .expect("compiles");
        let record = json!({"id": 17, "created": 1_780_000_000, "type": "sale", "total": 1999, "shop": {"name": "Main"},
            "people": [{"role": "clerk", "email": "c@x.example"}, {"role": "buyer", "email": "b@x.example"}]});
        let signal = extract.signal(&record, now()).expect("a signal");
        assert_eq!((signal.external_id.as_str(), signal.contact.as_deref()), ("17", Some("b@x.example")));
        assert_eq!((signal.value.map(|value| value.minor), &signal.data["shop"]), (Some(1_999), &json!("Main")));
    }

    #[test]
    fn a_path_that_finds_everything_over_and_over_is_refused() {
        for path in ["$..*..*", "$[*,*][*,*][*,*][*,*][*,*][*,*]", &format!("$.{}", "x".repeat(500))] {
            assert!(parse(path).is_err(), "{path}");
        }
        for path in ["$..email", "$.items[0,1,2].id", "$.people[?@.role == 'buyer'].email"] {
            assert!(parse(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_recipe_says_what_is_wrong_with_it() {
        let wrong = Extract::new(
            &recipe(json!({"time_zone": "Mars", "fields": {"at": {"path": "$["}, "colour": {"value": "x"}}})),
            "rest",
        );
        let fields: Vec<String> = wrong.err().expect("wrong").into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["fields.at", "fields.colour", "fields.external_id", "fields.kind", "time_zone"]);
    }
}
