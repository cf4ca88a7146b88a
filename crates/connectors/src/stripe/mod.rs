//! Stripe as a source: charges, refunds, lost disputes, and the events that tell of changes to older ones.
//!
//! Rules a newcomer would break: lists are newest first and know only when an object was made, so a change to an old one is seen
//! through `events` alone; an event carries the object as it was, so the object is read again; amounts are whole units of
//! zero-decimal currencies; an object of test mode is not money.

mod map;
mod webhook;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::http::{Http, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{self, Trouble};
use crate::oauth::Credentials;
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};

pub use webhook::notice;

/// Stripe's own address.
pub const BASE_URL: &str = "https://api.stripe.com";
/// The source's name on its signals.
pub const NAME: &str = "stripe";

/// How far back events are read at first: what is older was read as it is now by the other streams.
const EVENTS_BACK_S: i64 = 2 * 86_400;
/// The most records a list gives at once.
const MOST: u32 = 100;

/// How an account is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The version of the API that is asked for.
    pub version: String,
    /// A connected account (`acct_…`), where we read as a platform.
    pub account: Option<String>,
    /// Records of one page, 1–100.
    pub page: u32,
    /// Seconds before the newest known record that are read again.
    pub overlap_s: i64,
    /// The metadata key that holds our lead's key.
    pub lead_metadata: Option<String>,
    /// The metadata key that holds the place of business.
    pub location_metadata: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: "2026-07-29.dahlia".to_owned(),
            account: None,
            page: MOST,
            overlap_s: 3600,
            lead_metadata: None,
            location_metadata: None,
        }
    }
}

/// One Stripe account.
#[derive(Clone, Debug)]
pub struct Stripe {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account. The credentials are a secret or restricted key, or a token of Connect.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Stripe {
    Stripe { http: http.clone(), base_url: base_url.trim_end_matches('/').to_owned(), config, credentials }
}

/// How far a list was read: from its newest record down to `after`, all made at or after `from`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    from: Option<i64>,
    high: Option<i64>,
    after: Option<String>,
}

const STREAMS: [(&str, &str, &str, &[&str]); 4] = [
    (
        "charges",
        "Charges",
        "/v1/charges",
        &["amount_captured", "billing_details", "created", "currency", "customer", "status"],
    ),
    ("refunds", "Refunds", "/v1/refunds", &["amount", "charge", "created", "currency", "reason", "status"]),
    ("disputes", "Disputes", "/v1/disputes", &["amount", "charge", "created", "currency", "reason", "status"]),
    ("events", "Changes", "/v1/events", &["created", "data", "type"]),
];

/// Events after which an object is read again.
const CHANGES: [&str; 10] = [
    "charge.captured",
    "charge.succeeded",
    "charge.updated",
    "charge.refunded",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

impl Stripe {
    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, SourceError> {
        let url = format!("{}{path}", self.base_url);
        let build = |key: &kernel::config::Secret| {
            let request = self.http.get(NAME, &url).bearer(key.reveal());
            let request = request.header(version_header(), &self.config.version).query(query);
            match &self.config.account {
                Some(account) => request.header(account_header(), account),
                None => request,
            }
        };
        call::call(&self.http, &self.credentials, build, judge).await
    }

    /// A page of a list, or the list from its top where the record we stood at is gone.
    async fn list(&self, path: &str, query: &[(&str, String)], after: Option<&str>) -> Result<Value, SourceError> {
        let Some(after) = after else { return self.get(path, query).await };
        let mut from_here = query.to_vec();
        from_here.push(("starting_after", after.to_owned()));
        match self.get(path, &from_here).await {
            Err(SourceError::Refused(why)) if why.starts_with("resource_missing") => self.get(path, query).await,
            answer => answer,
        }
    }

    /// Puts the object as it is now into each event; of several events of one object the newest is kept.
    async fn freshen(&self, events: Vec<Value>) -> Result<Vec<Value>, SourceError> {
        let (mut seen, mut fresh) = (BTreeSet::new(), Vec::new());
        for mut event in events {
            let object = &event["data"]["object"];
            let (Some(kind), Some(id)) = (object["object"].as_str(), object["id"].as_str()) else { continue };
            let (path, expand) = match kind {
                "charge" => ("charges", None),
                "refund" => ("refunds", Some("charge")),
                "dispute" => ("disputes", Some("charge")),
                _ => continue,
            };
            if !CHANGES.contains(&event["type"].as_str().unwrap_or_default()) || !seen.insert(id.to_owned()) {
                continue;
            }
            let query: Vec<_> = expand.map(|field| ("expand[]", field.to_owned())).into_iter().collect();
            event["data"]["object"] = match self.get(&format!("/v1/{path}/{id}"), &query).await {
                Err(SourceError::Refused(why)) if why.starts_with("resource_missing") => continue,
                answer => answer?,
            };
            fresh.push(event);
        }
        Ok(fresh)
    }
}

fn version_header() -> kernel::http::header::HeaderName {
    kernel::http::header::HeaderName::from_static("stripe-version")
}

fn account_header() -> kernel::http::header::HeaderName {
    kernel::http::header::HeaderName::from_static("stripe-account")
}

/// `{"error":{type, code?, message}}`; a lock that could not be had (409) is worth another try.
fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    let answer: Value = if response.status.is_success() { Value::Null } else { response.json().unwrap_or_default() };
    let error = &answer["error"];
    let word = error["code"].as_str().or_else(|| error["type"].as_str()).unwrap_or_default();
    let said = error["message"].as_str().map(|message| format!("{word}: {message}")).unwrap_or_default();
    if response.status.as_u16() == 409 {
        return Err(SourceError::Unavailable(said).into());
    }
    call::by_status(response, now, &said)
}

#[async_trait]
impl Source for Stripe {
    async fn check(&self) -> Result<Account, SourceError> {
        let account = self.get("/v1/account", &[]).await?;
        let id = account["id"].as_str().ok_or_else(|| SourceError::Malformed("the account has no id".to_owned()))?;
        let names = [
            &account["settings"]["dashboard"]["display_name"],
            &account["business_profile"]["name"],
            &account["email"],
        ];
        let name = names.into_iter().find_map(Value::as_str).unwrap_or(id);
        Ok(Account { id: id.to_owned(), name: name.to_owned() })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |(name, title, _, fields): (&str, &str, &str, &[&str])| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            incremental: true,
        };
        Ok(STREAMS.into_iter().map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let known = STREAMS.into_iter().find(|(name, ..)| *name == reading.stream);
        let (name, _, path, _) = known.ok_or_else(|| SourceError::Refused(format!("no stream {}", reading.stream)))?;
        let place: Place = record::place(reading.cursor)?;
        let begin = match name {
            "events" => reading.since.timestamp().max(reading.now.timestamp() - EVENTS_BACK_S),
            _ => reading.since.timestamp(),
        };
        let from = place.from.unwrap_or(begin);
        let limit = self.config.page.clamp(1, MOST).to_string();
        let mut query = vec![("limit", limit), ("created[gte]", from.to_string())];
        match name {
            "refunds" | "disputes" => query.push(("expand[]", "data.charge".to_owned())),
            "events" => query.extend(CHANGES.map(|change| ("types[]", change.to_owned()))),
            _ => {}
        }
        let mut answer = self.list(path, &query, place.after.as_deref()).await?;
        let more = answer["has_more"].as_bool();
        let more =
            more.ok_or_else(|| SourceError::Malformed("the list does not say whether there is more".to_owned()))?;
        let records = record::records(&mut answer, "data")?;
        let last = records.last().and_then(|record| record["id"].as_str()).map(str::to_owned);
        let repeats =
            place.after.is_some() && records.iter().any(|record| record["id"].as_str() == place.after.as_deref());
        if repeats || (more && last.is_none()) {
            return Err(SourceError::Malformed("the list repeats a page or ends before it says so".to_owned()));
        }
        let high = records.iter().filter_map(|record| record["created"].as_i64()).chain(place.high).max();
        let next = if more {
            Place { from: Some(from), high, after: last }
        } else {
            let from = high.map_or(from, |high| from.max(high - self.config.overlap_s));
            Place { from: Some(from), ..Place::default() }
        };
        let records = if name == "events" { self.freshen(records).await? } else { records };
        Ok(Page { records, next: record::cursor(&next)?, done: !more, total: None })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Cursor;

    #[test]
    fn the_place_survives_and_a_strange_one_is_refused() {
        let place = Place { from: Some(1), high: Some(2), after: Some("ch_1".into()) };
        let kept = record::cursor(&place).expect("a cursor");
        let read: Place = record::place(&kept).expect("the place");
        assert_eq!((read.from, read.high, read.after.as_deref()), (Some(1), Some(2), Some("ch_1")));
        assert!(matches!(record::place::<Place>(&Cursor(Value::from(5))), Err(SourceError::Refused(_))));
    }
}
