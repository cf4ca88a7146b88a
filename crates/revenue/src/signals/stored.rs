//! A signal as the table holds it.

use chrono::{DateTime, Utc};
use connectors::signal::SignalKind;
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

/// A stored signal.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSignal {
    /// Derived from source and external id.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: SignalKind,
    /// Where it comes from.
    pub source: String,
    /// The outside system's id.
    pub external_id: String,
    /// The place of business.
    pub location: Option<Uuid>,
    /// The lead; its own id where it opens one that the outside has no key for.
    pub lead: Option<Uuid>,
    /// The contact, or a digest of one.
    pub contact: Option<Uuid>,
    /// Minor units of the organisation's currency.
    pub minor: Option<i64>,
    /// Amount and currency as told, where it was another currency.
    pub original: Option<Value>,
    /// What else the kind knows.
    pub data: Option<Value>,
}

/// The columns, in the order of [`Row`].
pub(crate) const COLUMNS: &str =
    "s.id, s.at, s.kind, s.source, s.external_id, s.location_id, s.lead, s.contact, s.minor, s.original, s.data";

/// The same for whoever tells a lead's story or adds up: what neither asks for does not travel.
pub(crate) const STORY: &str = "s.id, s.at, s.kind, s.source, ''::text as external_id, s.location_id, s.lead, s.contact, \
    s.minor, null::jsonb as original, s.data";

/// A row that begins with [`COLUMNS`].
pub(crate) struct Row {
    id: Uuid,
    at: DateTime<Utc>,
    kind: String,
    source: String,
    external_id: String,
    location_id: Option<Uuid>,
    lead: Option<Uuid>,
    contact: Option<Uuid>,
    minor: Option<i64>,
    original: Option<Value>,
    data: Option<Value>,
}

/// By place: names would be looked up for each of a million rows.
impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            at: row.try_get(1)?,
            kind: row.try_get(2)?,
            source: row.try_get(3)?,
            external_id: row.try_get(4)?,
            location_id: row.try_get(5)?,
            lead: row.try_get(6)?,
            contact: row.try_get(7)?,
            minor: row.try_get(8)?,
            original: row.try_get(9)?,
            data: row.try_get(10)?,
        })
    }
}

impl Row {
    /// The signal; none when a newer program wrote its kind.
    pub(crate) fn into_stored(self) -> Option<StoredSignal> {
        Some(StoredSignal {
            id: self.id,
            at: self.at,
            kind: SignalKind::named(&self.kind)?,
            source: self.source,
            external_id: self.external_id,
            location: self.location_id,
            lead: self.lead,
            contact: self.contact,
            minor: self.minor,
            original: self.original,
            data: self.data,
        })
    }
}

impl StoredSignal {
    fn field(&self, name: &str) -> Option<&Value> {
        self.data.as_ref().and_then(Value::as_object).and_then(|data: &Map<String, Value>| data.get(name))
    }

    /// A flag of the data.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.field(name).and_then(Value::as_bool)
    }

    /// A word of the data.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Value::as_str)
    }

    /// A number of the data, rounded.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.field(name).and_then(Value::as_f64).map(|number| number.round() as i64)
    }

    /// A number of the data as it is.
    pub(crate) fn real(&self, name: &str) -> Option<f64> {
        self.field(name).and_then(Value::as_f64)
    }

    /// An instant of the data, as exact as PostgreSQL keeps it.
    pub(crate) fn instant(&self, name: &str) -> Option<DateTime<Utc>> {
        let at: DateTime<Utc> = self.word(name).and_then(|text| text.parse().ok())?;
        DateTime::from_timestamp_micros(at.timestamp_micros())
    }

    /// A call of somebody outside.
    pub(crate) fn is_inbound_call(&self) -> bool {
        self.kind == SignalKind::Call && self.word("direction") != Some("outbound")
    }

    /// A call in which two people spoke.
    pub(crate) fn is_answered_call(&self) -> bool {
        self.kind == SignalKind::Call && self.flag("answered").unwrap_or(self.number("duration_s").unwrap_or(0) > 0)
    }

    /// Whether a lead's story is made of it.
    pub(crate) fn is_of_journeys(&self) -> bool {
        !matches!(self.kind, SignalKind::Review | SignalKind::AdSpend | SignalKind::Visit)
    }

    /// Whether two tell the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self == other
    }
}
