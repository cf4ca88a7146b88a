//! Ads: what campaigns cost by day, and calls from ads, asked in GAQL.
//!
//! Days are asked for in slices; a slice comes as one stream (the usual way) or in pages. Conversions are attributed for weeks
//! after a click, so the last days are read again and correct what was told before.

mod records;

use async_trait::async_trait;
use chrono::NaiveDate;
use kernel::http::{Http, Method, header::HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::judge;
use super::host;
use crate::call::call;
use crate::oauth::Credentials;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk};
use crate::wire::each;

/// A stream of a slice may be long.
const LARGEST_ANSWER: usize = 128 * 1024 * 1024;

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The customer's number; dashes do not matter.
    pub customer: String,
    /// The manager account the permission goes through.
    pub login_customer: Option<String>,
    /// Sent only where it is set: Google no longer asks for it.
    pub developer_token: Option<String>,
    /// The version of the interface; old ones are taken away.
    pub version: String,
    /// Whether a slice comes as one stream; otherwise in pages.
    pub stream: bool,
    /// Days that are read again for what is attributed late.
    pub late_days: u32,
    /// Days asked for at once.
    pub slice_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            customer: String::new(),
            login_customer: None,
            developer_token: None,
            version: "v25".to_owned(),
            stream: true,
            late_days: 30,
            slice_days: 31,
        }
    }
}

/// Ads as a source.
#[derive(Clone, Debug)]
pub struct Ads {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one customer.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Ads {
    let base_url = host(base_url, "https://googleads.googleapis.com").to_owned();
    Ads { http: http.clone(), base_url, config, credentials }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl Ads {
    async fn ask(&self, action: &str, body: &Value) -> Result<Value, SourceError> {
        let customer = digits(&self.config.customer);
        let url = format!("{}/{}/customers/{customer}/googleAds:{action}", self.base_url, self.config.version);
        let build = |token: &kernel::config::Secret| {
            let mut request = self.http.request("google_ads", Method::POST, &url).bearer(token.reveal()).json(body);
            if let Some(manager) = &self.config.login_customer {
                request = request.header(HeaderName::from_static("login-customer-id"), digits(manager));
            }
            if let Some(developer) = &self.config.developer_token {
                request = request.header(HeaderName::from_static("developer-token"), developer);
            }
            request.max_body(LARGEST_ANSWER)
        };
        call(&self.http, &self.credentials, build, judge).await
    }

    fn stride(&self) -> Stride {
        Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: None }
    }

    /// Rows of one answer, the token of the next page, and the total it tells.
    async fn rows(&self, query: &str, token: &Value) -> Result<(Vec<Value>, Option<String>, Option<u64>), SourceError> {
        if self.config.stream {
            let answer =
                self.ask("searchStream", &json!({ "query": query, "summaryRowSetting": "NO_SUMMARY_ROW" })).await?;
            if !answer.is_array() {
                return Err(SourceError::Malformed("the stream is no list of batches".to_owned()));
            }
            let rows = each(&answer).flat_map(|batch| each(&batch["results"])).cloned().collect();
            return Ok((rows, None, None));
        }
        let mut body = json!({ "query": query });
        if token.is_string() {
            body["pageToken"] = token.clone();
        }
        let answer = self.ask("search", &body).await?;
        if !answer.is_object() {
            return Err(SourceError::Malformed("the answer is no page".to_owned()));
        }
        let next = answer["nextPageToken"].as_str().filter(|next| !next.is_empty()).map(str::to_owned);
        let total = answer["totalResultsCount"].as_str().and_then(|text| text.parse().ok());
        Ok((each(&answer["results"]).cloned().collect(), next, total))
    }
}

fn query(stream: &str, from: NaiveDate, to: NaiveDate) -> Option<String> {
    Some(match stream {
        "campaigns" => format!(
            "SELECT campaign.id, campaign.name, campaign.status, segments.date, metrics.cost_micros, metrics.clicks, \
             metrics.impressions, metrics.conversions, metrics.conversions_value, customer.id, customer.currency_code, \
             customer.time_zone FROM campaign WHERE segments.date BETWEEN '{from}' AND '{to}'"
        ),
        "calls" => format!(
            "SELECT call_view.call_duration_seconds, call_view.start_call_date_time, call_view.call_status, call_view.type, \
             call_view.caller_country_code, call_view.caller_area_code, customer.id, customer.time_zone FROM call_view \
             WHERE call_view.start_call_date_time BETWEEN '{from} 00:00:00' AND '{to} 23:59:59'"
        ),
        _ => return None,
    })
}

#[async_trait]
impl Source for Ads {
    async fn check(&self) -> Result<Account, SourceError> {
        let (rows, ..) = self.rows("SELECT customer.id, customer.descriptive_name FROM customer", &Value::Null).await?;
        let customer = rows.first().map(|row| row["customer"].clone()).unwrap_or_default();
        let name = customer["descriptiveName"].as_str().unwrap_or("Google Ads").to_owned();
        Ok(Account { id: digits(&self.config.customer), name })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |name: &str, title: &str, fields: &[&str]| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            incremental: true,
        };
        Ok(vec![
            stream("campaigns", "Cost of campaigns by day", &["campaign", "segments", "metrics", "customer"]),
            stream("calls", "Calls from ads", &["callView", "customer"]),
        ])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let mut walk = Walk::open(reading.cursor)?;
        let (from, to) = walk.slice(&reading, self.stride());
        let query = query(reading.stream, from, to)
            .ok_or_else(|| SourceError::Refused(format!("there is no stream {}", reading.stream)))?;
        let (mut rows, next, total) = match self.rows(&query, &walk.page).await {
            // A token may have gone stale between runs: the slice is read from its first page again.
            Err(SourceError::Refused(_)) if walk.page.is_string() => {
                walk.again();
                self.rows(&query, &Value::Null).await?
            }
            answer => answer?,
        };
        if let Some(zone) = rows.iter().find_map(|row| row["customer"]["timeZone"].as_str()) {
            walk.zone = Some(zone.to_owned());
        }
        // A stream of a customer may leave its number out.
        for customer in rows.iter_mut().filter_map(|row| row.get_mut("customer")?.as_object_mut()) {
            customer.insert("id".to_owned(), json!(digits(&self.config.customer)));
        }
        walk.note(&rows, records::day)?;
        let done = match next.filter(|_| !rows.is_empty()) {
            Some(next) => {
                walk.turn(json!(next));
                false
            }
            None => walk.end_slice(self.stride()),
        };
        Ok(Page { records: rows, next: walk.cursor()?, done, total })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        match stream {
            "calls" => records::call(record),
            _ => records::spend(record),
        }
    }
}
