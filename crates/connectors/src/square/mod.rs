//! Square as a source: payments and refunds of every place, and bookings.
//!
//! Rules a newcomer would break: without a `location_id` only the default place is told, so places are read one after the other;
//! a payment's money is in minor units; bookings are listed by when they begin, at most 31 days at once, so recent and coming ones
//! are read again on every run.

mod map;
mod webhook;

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use kernel::config::Secret;
use kernel::http::header::HeaderName;
use kernel::http::{Http, Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{self, Trouble};
use crate::oauth::{Credentials, OAuthApp, TokenStyle};
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::wire::each;

pub use webhook::notice;

/// Square's own address.
pub const BASE_URL: &str = "https://connect.squareup.com";
/// The source's name on its signals.
pub const NAME: &str = "square";

/// The longest stretch of bookings one list may cover.
const WINDOW_DAYS: i64 = 31;

/// How an account is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The version of the API, a date.
    pub version: String,
    /// The places to read; every active one where empty.
    pub locations: Vec<String>,
    /// Records of one page, 1–100.
    pub page: u32,
    /// Seconds before the newest known change of a payment that are read again.
    pub overlap_s: i64,
    /// Days before the newest known refund that are read again: refunds are listed by when they were made, and settle later.
    pub refund_days: i64,
    /// Days of coming bookings that are read.
    pub ahead_days: i64,
    /// Whether people's addresses are asked for where a record names only their key.
    pub customers: bool,
    /// The calling code of phone numbers without one.
    pub calling_code: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: "2025-08-20".to_owned(),
            locations: Vec::new(),
            page: 100,
            overlap_s: 120,
            refund_days: 7,
            ahead_days: 62,
            customers: true,
            calling_code: None,
        }
    }
}

/// One Square account.
#[derive(Clone, Debug)]
pub struct Square {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Square {
    Square { http: http.clone(), base_url: base_url.trim_end_matches('/').to_owned(), config, credentials }
}

/// Our app at [`BASE_URL`], asking to read.
pub fn app(base_url: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    let base = base_url.trim_end_matches('/');
    let scopes = ["PAYMENTS_READ", "ORDERS_READ", "MERCHANT_PROFILE_READ", "APPOINTMENTS_READ", "CUSTOMERS_READ"];
    OAuthApp {
        service: NAME.to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{base}/oauth2/authorize"),
        token_url: format!("{base}/oauth2/token"),
        scopes: scopes.map(str::to_owned).into(),
        extra: vec![("session".to_owned(), "false".to_owned())],
        style: TokenStyle::Json,
        ..OAuthApp::default()
    }
}

/// What was changed at or after `from` is being read: of the places in `left` (`None`: not begun), the first up to `cursor`.
/// For bookings `from` is where the stretch begins.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    from: Option<DateTime<Utc>>,
    high: Option<DateTime<Utc>>,
    left: Option<Vec<String>>,
    cursor: Option<String>,
}

const STREAMS: [(&str, &str, &[&str]); 3] = [
    (
        "payments",
        "Payments",
        &["created_at", "total_money", "status", "location_id", "customer_id", "buyer_email_address"],
    ),
    ("refunds", "Refunds", &["created_at", "amount_money", "status", "location_id", "payment_id", "reason"]),
    ("bookings", "Bookings", &["created_at", "start_at", "status", "location_id", "customer_id"]),
];

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Square {
    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, SourceError> {
        let url = format!("{}{path}", self.base_url);
        let build = |token: &Secret| {
            let request = self.http.request(NAME, method.clone(), &url).bearer(token.reveal()).query(query);
            let request = request.header(HeaderName::from_static("square-version"), &self.config.version);
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        call::call(&self.http, &self.credentials, build, judge).await
    }

    /// The places to read, in a stable order.
    async fn places(&self) -> Result<Vec<String>, SourceError> {
        if !self.config.locations.is_empty() {
            return Ok(self.config.locations.clone());
        }
        let answer = self.call(Method::GET, "/v2/locations", &[], None).await?;
        let active = each(&answer["locations"]).filter(|place| place["status"] != "INACTIVE");
        let mut ids: Vec<String> = active.filter_map(|place| place["id"].as_str()).map(str::to_owned).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Puts the person into records that name only a key.
    async fn with_people(&self, records: &mut [Value]) -> Result<(), SourceError> {
        let nameless = |record: &Value| record["buyer_email_address"].as_str().is_none();
        let ids: BTreeSet<String> = records
            .iter()
            .filter(|record| nameless(record))
            .filter_map(|record| record["customer_id"].as_str())
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
        if ids.is_empty() || !self.config.customers {
            return Ok(());
        }
        let body = json!({"customer_ids": ids});
        let answer = self.call(Method::POST, "/v2/customers/bulk-retrieve", &[], Some(&body)).await?;
        for record in records {
            let Some(id) = record["customer_id"].as_str() else { continue };
            let customer = answer["responses"][id]["customer"].clone();
            record["_customer"] = customer;
        }
        Ok(())
    }

    /// Bookings of one stretch, and where the next one begins.
    async fn bookings(&self, reading: &Reading<'_>, place: Place) -> Result<Page, SourceError> {
        let begin = reading.now - Duration::days(WINDOW_DAYS);
        let from = place.from.unwrap_or(reading.since.min(begin));
        let to = from + Duration::days(WINDOW_DAYS);
        let mut query = vec![("limit", self.config.page.clamp(1, 100).to_string())];
        query.extend([("start_at_min", iso(from)), ("start_at_max", iso(to))]);
        query.extend(place.cursor.clone().map(|cursor| ("cursor", cursor)));
        let mut answer = self.call(Method::GET, "/v2/bookings", &query, None).await?;
        let mut records = listed(&mut answer, "bookings")?;
        let cursor = next_cursor(&answer, place.cursor.as_deref(), &records)?;
        let last = to >= reading.now + Duration::days(self.config.ahead_days);
        let done = cursor.is_none() && last;
        let from = match (&cursor, done) {
            (Some(_), _) => from,
            (None, false) => to,
            (None, true) => begin,
        };
        self.with_people(&mut records).await?;
        let next = Place { from: Some(from), cursor, ..Place::default() };
        Ok(Page { records, next: record::cursor(&next)?, done, total: None })
    }
}

/// An empty list is left out of the answer.
fn listed(answer: &mut Value, field: &str) -> Result<Vec<Value>, SourceError> {
    if answer.is_object() && answer[field].is_null() { Ok(Vec::new()) } else { record::records(answer, field) }
}

fn next_cursor(answer: &Value, asked: Option<&str>, records: &[Value]) -> Result<Option<String>, SourceError> {
    let cursor = answer["cursor"].as_str().filter(|cursor| !cursor.is_empty());
    if cursor.is_some() && (cursor == asked || records.is_empty()) {
        return Err(SourceError::Malformed("the list repeats a page or ends before it says so".to_owned()));
    }
    Ok(cursor.map(str::to_owned))
}

/// `{"errors":[{category, code, detail}]}`.
fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if response.status.is_success() {
        return Ok(call::json(response)?);
    }
    let answer: Value = response.json().unwrap_or_default();
    let error = &answer["errors"][0];
    let code = error["code"].as_str().unwrap_or_default();
    let said = if code.is_empty() {
        String::new()
    } else {
        format!("{code}: {}", error["detail"].as_str().unwrap_or_default())
    };
    Err(match code {
        "ACCESS_TOKEN_EXPIRED" => Trouble::Token(said),
        "ACCESS_TOKEN_REVOKED" => SourceError::Reconnect(said).into(),
        "RATE_LIMITED" => SourceError::RateLimited { retry_after: response.retry_after(now) }.into(),
        _ => return call::by_status(response, now, &said),
    })
}

#[async_trait]
impl Source for Square {
    async fn check(&self) -> Result<Account, SourceError> {
        let answer = self.call(Method::GET, "/v2/merchants/me", &[], None).await?;
        let merchant = &answer["merchant"];
        let id = merchant["id"].as_str().ok_or_else(|| SourceError::Malformed("the merchant has no id".to_owned()))?;
        Ok(Account { id: id.to_owned(), name: merchant["business_name"].as_str().unwrap_or(id).to_owned() })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |(name, title, fields): (&str, &str, &[&str])| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            incremental: true,
        };
        Ok(STREAMS.into_iter().map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let place: Place = record::place(reading.cursor)?;
        let (path, field, sort, overlap) = match reading.stream {
            "payments" => ("/v2/payments", "payments", "UPDATED_AT", Duration::seconds(self.config.overlap_s)),
            "refunds" => ("/v2/refunds", "refunds", "CREATED_AT", Duration::days(self.config.refund_days)),
            "bookings" => return self.bookings(&reading, place).await,
            other => return Err(SourceError::Refused(format!("no stream {other}"))),
        };
        let from = place.from.unwrap_or(reading.since);
        let mut left = match place.left {
            Some(left) => left,
            None => self.places().await?,
        };
        let Some(location) = left.first().cloned() else {
            return Err(SourceError::Refused("the account has no active place of business".to_owned()));
        };
        let by_update = sort == "UPDATED_AT";
        let mut query = vec![
            ("location_id", location),
            ("sort_order", "ASC".to_owned()),
            ("limit", self.config.page.clamp(1, 100).to_string()),
        ];
        query.push((if by_update { "updated_at_begin_time" } else { "begin_time" }, iso(from)));
        query.extend(by_update.then(|| ("sort_field", sort.to_owned())));
        query.extend(place.cursor.clone().map(|cursor| ("cursor", cursor)));
        let mut answer = self.call(Method::GET, path, &query, None).await?;
        let mut records = listed(&mut answer, field)?;
        let cursor = next_cursor(&answer, place.cursor.as_deref(), &records)?;
        let stamp = if by_update { "updated_at" } else { "created_at" };
        let high = records.iter().filter_map(|record| record::moment(&record[stamp])).chain(place.high).max();
        if cursor.is_none() {
            left.remove(0);
        }
        let done = left.is_empty();
        let next = if done {
            Place { from: high.map(|high| high - overlap).max(place.from), ..Place::default() }
        } else {
            Place { from: Some(from), high, left: Some(left), cursor }
        };
        self.with_people(&mut records).await?;
        Ok(Page { records, next: record::cursor(&next)?, done, total: None })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}
