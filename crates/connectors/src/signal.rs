//! A signal: something that happened to a business, as every source tells it and `POST /v2/signals` takes it.

use chrono::{DateTime, Utc};
use kernel::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happened. The names are part of the public interface and of stored rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// Somebody asked for something: a form, a first message, a new deal.
    Lead,
    /// The business answered or tried to reach somebody. `data.meaningful` (default true), `data.writer` (`bot`, `person`).
    Response,
    /// A phone call. `data.direction` (`inbound`, `outbound`), `data.answered`, `data.duration_s`.
    Call,
    /// A price was given.
    Quote,
    /// A time was booked. `data.starts_at`, `data.cancelled`.
    Booking,
    /// Somebody did not come.
    NoShow,
    /// Money came in; `value` is positive.
    Payment,
    /// Money went back; `value` is positive.
    Refund,
    /// A review. `data.rating` (1–5), `data.replied_at`, `data.rival` where it is of a competitor.
    Review,
    /// Money spent on advertising in a day. `data.campaign`, `data.clicks`, `data.impressions`.
    AdSpend,
    /// Visits in a day. `data.count` (default 1), `data.page`.
    Visit,
}

impl SignalKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Lead,
        Self::Response,
        Self::Call,
        Self::Quote,
        Self::Booking,
        Self::NoShow,
        Self::Payment,
        Self::Refund,
        Self::Review,
        Self::AdSpend,
        Self::Visit,
    ];

    /// The name, as in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Response => "response",
            Self::Call => "call",
            Self::Quote => "quote",
            Self::Booking => "booking",
            Self::NoShow => "no_show",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Review => "review",
            Self::AdSpend => "ad_spend",
            Self::Visit => "visit",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One signal, not yet bound to an organisation. `(source, external_id)` is its identity: the same pair again changes nothing,
/// or corrects it where the content differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The outside system's id of it, 1–200 characters.
    pub external_id: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: SignalKind,
    /// Where it comes from, such as `stripe` or `google_ads`: lower case, digits, `_`, `-`, `.`; 1–64 characters.
    pub source: String,
    /// The outside key or name of the place of business.
    pub location: Option<String>,
    /// An email address or phone number (E.164), or the outside key of a person; personal data, never logged.
    pub contact: Option<String>,
    /// The outside key of the lead it belongs to.
    pub lead: Option<String>,
    /// The money in it.
    pub value: Option<Money>,
    /// What else the kind knows; small (≤ 8 KiB).
    pub data: Map<String, Value>,
}

impl Signal {
    /// A signal with only what every one has.
    pub fn new(source: impl Into<String>, external_id: impl Into<String>, kind: SignalKind, at: DateTime<Utc>) -> Self {
        Self {
            external_id: external_id.into(),
            at,
            kind,
            source: source.into(),
            location: None,
            contact: None,
            lead: None,
            value: None,
            data: Map::new(),
        }
    }
}
