//! HubSpot as a source: contacts and deals in the order of their changes.
//!
//! Rules a newcomer would break: a search reaches 10,000 records and pages by number, so a record that changes meanwhile would push
//! another one out of sight; each page therefore begins at the stamp of the last one, and records of one stamp are told apart by
//! their id. The index is seconds behind, so a run begins a little before the last one ended. Contacts name their stamp
//! `lastmodifieddate`, everything else `hs_lastmodifieddate`.

mod map;
mod notice;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::config::Secret;
use kernel::http::{Http, Method, Response};
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{Failure, FailureKind};
use crate::call::{self, Trouble};
use crate::oauth::{Credentials, OAuthApp};
use crate::record;
use crate::signal::{Signal, SignalKind};
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::wire::{self, each};

pub use notice::notice;

/// The source's name on its signals.
pub const NAME: &str = "hubspot";

/// As many as one batch reads, so that a page's people are one call.
const PAGE: usize = 100;

/// How an account is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The currency of amounts that name none.
    pub currency: Option<Currency>,
    /// What it means that a deal entered a stage. A payment counts while the deal is in its stage.
    pub stages: BTreeMap<String, SignalKind>,
    /// The properties that hold when a deal entered a stage: this, followed by the stage.
    pub entered_prefix: String,
    /// Life-cycle stages of contacts that asked for nothing.
    pub not_leads: Vec<String>,
    /// The property that holds the place of business.
    pub location_property: Option<String>,
    /// The calling code of phone numbers without one.
    pub calling_code: Option<String>,
    /// Seconds before the newest known change that are read again.
    pub overlap_s: i64,
}

impl Default for Config {
    fn default() -> Self {
        let stages = [
            ("appointmentscheduled", SignalKind::Booking),
            ("contractsent", SignalKind::Quote),
            ("closedwon", SignalKind::Payment),
        ];
        Self {
            currency: None,
            stages: stages.map(|(stage, kind)| (stage.to_owned(), kind)).into(),
            entered_prefix: "hs_v2_date_entered_".to_owned(),
            not_leads: ["subscriber", "evangelist", "other"].map(str::to_owned).into(),
            location_property: None,
            calling_code: None,
            overlap_s: 60,
        }
    }
}

/// One HubSpot account.
#[derive(Clone, Debug)]
pub struct Feed {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Feed {
    Feed { http: http.clone(), base_url: base_url.trim_end_matches('/').to_owned(), config, credentials }
}

/// Our app: people consent at `consent_url` (`https://app.hubspot.com`), tokens come from `base_url`.
pub fn app(consent_url: &str, base_url: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    OAuthApp {
        service: NAME.to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{}/oauth/authorize", consent_url.trim_end_matches('/')),
        token_url: format!("{}/oauth/v3/token", base_url.trim_end_matches('/')),
        scopes: ["oauth", "crm.objects.contacts.read", "crm.objects.deals.read"].map(str::to_owned).into(),
        ..OAuthApp::default()
    }
}

/// Everything before the stamp `at` (milliseconds) was read, and of that stamp the records in `seen`; with `tie`, also those up to
/// this id; with `past`, all of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    at: Option<i64>,
    tie: Option<u64>,
    past: bool,
    seen: Vec<u64>,
}

impl Feed {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, SourceError> {
        let url = format!("{}{path}", self.base_url);
        let build = |token: &Secret| {
            let request = self.http.request(NAME, method.clone(), &url).bearer(token.reveal());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        call::call(&self.http, &self.credentials, build, judge).await
    }

    fn properties(&self, object: &str) -> Vec<String> {
        let fixed: &[&str] = match object {
            "contacts" => &[
                "createdate",
                "lastmodifieddate",
                "email",
                "phone",
                "mobilephone",
                "lifecyclestage",
                "hs_lead_status",
                "hs_analytics_source",
            ],
            _ => &[
                "createdate",
                "hs_lastmodifieddate",
                "amount",
                "deal_currency_code",
                "dealstage",
                "pipeline",
                "closedate",
            ],
        };
        let mut all: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).collect();
        all.extend(self.config.location_property.clone());
        if object == "deals" {
            all.extend(self.config.stages.keys().map(|stage| format!("{}{stage}", self.config.entered_prefix)));
        }
        all
    }

    /// Puts the first contact of each deal into it.
    async fn with_contacts(&self, deals: &mut [Value]) -> Result<(), SourceError> {
        let inputs: Vec<Value> = deals.iter().map(|deal| json!({"id": deal["id"]})).collect();
        if inputs.is_empty() {
            return Ok(());
        }
        let lines = self
            .call(Method::POST, "/crm/v4/associations/deals/contacts/batch/read", Some(&json!({"inputs": inputs})))
            .await?;
        let mut contact_of: BTreeMap<String, u64> = BTreeMap::new();
        for line in each(&lines["results"]) {
            let ids = each(&line["to"]).filter_map(|to| wire::id(&to["toObjectId"])?.parse().ok());
            if let (Some(deal), Some(contact)) = (wire::id(&line["from"]["id"]), ids.min()) {
                contact_of.insert(deal, contact);
            }
        }
        let wanted: BTreeSet<u64> = contact_of.values().copied().collect();
        let mut people: BTreeMap<String, Value> = BTreeMap::new();
        let wanted: Vec<Value> = wanted.into_iter().map(|id| json!({"id": id.to_string()})).collect();
        for inputs in wanted.chunks(PAGE) {
            let body = json!({"inputs": inputs, "properties": ["email", "phone", "mobilephone"]});
            let answer = self.call(Method::POST, "/crm/v3/objects/contacts/batch/read", Some(&body)).await?;
            for person in each(&answer["results"]) {
                people.extend(wire::id(&person["id"]).map(|id| (id, person["properties"].clone())));
            }
        }
        for deal in deals {
            let Some(contact) = wire::id(&deal["id"]).and_then(|id| contact_of.get(&id)) else { continue };
            let known = people.get(&contact.to_string()).filter(|person| person.is_object());
            let mut person = known.cloned().unwrap_or_else(|| json!({}));
            person["id"] = json!(contact.to_string());
            deal["_contact"] = person;
        }
        Ok(())
    }
}

/// Milliseconds of a record's stamp.
fn stamp(record: &Value, property: &str) -> Result<i64, SourceError> {
    let at = record::moment(&record["properties"][property]).or_else(|| record::moment(&record["updatedAt"]));
    at.map(|at| at.timestamp_millis()).ok_or_else(|| SourceError::Malformed(format!("a record has no {property}")))
}

fn is_at(record: &Value, property: &str, at: i64) -> bool {
    stamp(record, property).is_ok_and(|stamp| stamp == at)
}

fn search(place: &Place, at: i64, property: &str, properties: &[String]) -> Value {
    let at = at.to_string();
    let filter =
        |name: &str, operator: &str, value: &str| json!({"propertyName": name, "operator": operator, "value": value});
    let (filters, sort) = match place.tie {
        Some(id) => (vec![filter(property, "EQ", &at), filter("hs_object_id", "GT", &id.to_string())], "hs_object_id"),
        None => (vec![filter(property, if place.past { "GT" } else { "GTE" }, &at)], property),
    };
    json!({
        "filterGroups": [{"filters": filters}], "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
        "properties": properties, "limit": PAGE,
    })
}

fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if response.status.is_success() {
        return Ok(call::json(response)?);
    }
    let failure = Failure::from_answer(response.status.as_u16(), response.retry_after(now), &response.body);
    Err(match failure.kind {
        FailureKind::RateLimited(_) => SourceError::RateLimited { retry_after: failure.retry_after }.into(),
        FailureKind::Unauthorised => Trouble::Token(failure.message),
        FailureKind::MissingScopes | FailureKind::GrantExpired => SourceError::Reconnect(failure.message).into(),
        FailureKind::Unavailable | FailureKind::Lost => SourceError::Unavailable(failure.message).into(),
        FailureKind::Malformed => SourceError::Malformed(failure.message).into(),
        FailureKind::NotFound | FailureKind::Conflict { .. } | FailureKind::Invalid => {
            SourceError::Refused(failure.message).into()
        }
    })
}

/// HubSpot's id of a record.
fn number(record: &Value) -> Option<u64> {
    wire::id(&record["id"])?.parse().ok()
}

/// Where the next page begins; `None` after the last.
fn step(place: &Place, at: i64, records: &[Value], property: &str, full: bool) -> Result<Option<Place>, SourceError> {
    let stamps = records.iter().map(|record| stamp(record, property)).collect::<Result<Vec<_>, _>>()?;
    if stamps.iter().any(|stamp| *stamp < at) {
        return Err(SourceError::Malformed("the search gives records that were not asked for".to_owned()));
    }
    match (place.tie, full) {
        (Some(before), true) => {
            let last = records.iter().filter_map(number).max().filter(|last| *last > before);
            let last = last.ok_or_else(|| SourceError::Malformed("the search repeats a page".to_owned()))?;
            Ok(Some(Place { at: Some(at), tie: Some(last), past: false, seen: place.seen.clone() }))
        }
        (Some(_), false) => Ok(Some(Place { at: Some(at), past: true, ..Place::default() })),
        (None, true) => {
            let last = stamps.iter().max().copied();
            let last = last.ok_or_else(|| SourceError::Malformed("the search ends before it says so".to_owned()))?;
            let tied = last == at && !place.past;
            let here = records
                .iter()
                .zip(&stamps)
                .filter(|(_, stamp)| **stamp == last)
                .filter_map(|(record, _)| number(record));
            let before = if last == at { place.seen.as_slice() } else { &[] };
            let seen = here.chain(before.iter().copied()).collect();
            Ok(Some(Place { at: Some(last), tie: tied.then_some(0), past: false, seen }))
        }
        (None, false) => Ok(None),
    }
}

#[async_trait]
impl Source for Feed {
    async fn check(&self) -> Result<Account, SourceError> {
        let details = self.call(Method::GET, "/account-info/v3/details", None).await?;
        let id =
            wire::id(&details["portalId"]).ok_or_else(|| SourceError::Malformed("the account has no id".to_owned()))?;
        Ok(Account { name: format!("HubSpot {id}"), id })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |(name, title): (&str, &str)| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: self.properties(name),
            incremental: true,
        };
        Ok([("contacts", "Contacts"), ("deals", "Deals")].into_iter().map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let property = match reading.stream {
            "contacts" => "lastmodifieddate",
            "deals" => "hs_lastmodifieddate",
            other => return Err(SourceError::Refused(format!("no stream {other}"))),
        };
        let place: Place = record::place(reading.cursor)?;
        let at = place.at.unwrap_or_else(|| reading.since.timestamp_millis());
        let body = search(&place, at, property, &self.properties(reading.stream));
        let path = format!("/crm/v3/objects/{}/search", reading.stream);
        let mut answer = self.call(Method::POST, &path, Some(&body)).await?;
        let mut records = record::records(&mut answer, "results")?;
        let full = !answer["paging"]["next"].is_null() || records.len() >= PAGE;
        let step = step(&place, at, &records, property, full)?;
        let done = step.is_none();
        let next = match (step, records.last()) {
            (Some(next), _) => next,
            (None, Some(last)) => {
                let newest = stamp(last, property)?;
                Place { at: Some(newest - self.config.overlap_s * 1000), ..Place::default() }
            }
            (None, None) => Place { at: place.at, ..Place::default() },
        };
        let told =
            |record: &Value| is_at(record, property, at) && number(record).is_some_and(|id| place.seen.contains(&id));
        records.retain(|record| !told(record));
        if reading.stream == "deals" {
            self.with_contacts(&mut records).await?;
        }
        Ok(Page { records, next: record::cursor(&next)?, done, total: answer["total"].as_u64() })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: u64, at: i64) -> Value {
        let at = DateTime::from_timestamp_millis(at).expect("an instant").to_rfc3339();
        json!({"id": id.to_string(), "properties": {"lastmodifieddate": at}})
    }

    fn next(place: &Place, records: &[Value], full: bool) -> Option<(Option<i64>, Option<u64>, bool)> {
        let at = place.at.unwrap_or_default();
        step(place, at, records, "lastmodifieddate", full).expect("a step").map(|next| (next.at, next.tie, next.past))
    }

    #[test]
    fn what_was_seen_of_a_stamp_is_kept() {
        const T: i64 = 1_790_000_000_000;
        let begin = Place { at: Some(T), ..Place::default() };
        let next = step(&begin, T, &[record(1, T), record(2, T + 5), record(3, T + 5)], "lastmodifieddate", true);
        assert_eq!(next.expect("a step").expect("more").seen, [2, 3]);
    }

    #[test]
    fn records_of_one_stamp_are_told_apart_by_their_id() {
        const T: i64 = 1_790_000_000_000;
        let begin = Place { at: Some(T), ..Place::default() };
        assert_eq!(
            next(&begin, &[record(1, T), record(2, T + 5)], true),
            Some((Some(T + 5), None, false)),
            "the last stamp again"
        );
        assert_eq!(
            next(&begin, &[record(1, T), record(2, T)], true),
            Some((Some(T), Some(0), false)),
            "a page of one stamp"
        );
        let tie = Place { tie: Some(0), ..begin.clone() };
        assert_eq!(next(&tie, &[record(1, T), record(2, T)], true), Some((Some(T), Some(2), false)));
        assert_eq!(next(&tie, &[record(3, T)], false), Some((Some(T), None, true)), "all of it: go past it");
        let past = Place { past: true, ..begin.clone() };
        assert_eq!(next(&past, &[record(9, T + 1)], false), None);
        assert!(
            step(&begin, T, &[record(1, T - 1)], "lastmodifieddate", true).is_err(),
            "a page that was not asked for"
        );
        assert!(
            step(&Place { tie: Some(5), ..begin }, T, &[record(5, T)], "lastmodifieddate", true).is_err(),
            "the same page"
        );
    }
}
