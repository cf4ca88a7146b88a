//! Analytics 4: visits by day and source, from `runReport`.

mod records;

use async_trait::async_trait;
use kernel::http::{Http, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::judge;
use super::host;
use crate::call::call;
use crate::oauth::Credentials;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk, goes_on};
use crate::wire::each;

/// Rows of a page at most, as Google sets it.
const MOST_ROWS: u32 = 250_000;

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The property's number.
    pub property: String,
    /// Dimensions beside the day, in the names of Analytics; the first one is the source.
    pub dimensions: Vec<String>,
    /// Metrics; the first one is the number of visits.
    pub metrics: Vec<String>,
    /// Rows of a page, 1 – 250,000.
    pub page_size: u32,
    /// Days that are read again for what arrives late.
    pub late_days: u32,
    /// Days of one report.
    pub slice_days: u32,
    /// The version of the interface.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            property: String::new(),
            dimensions: ["sessionSource", "sessionMedium"].map(str::to_owned).into(),
            metrics: ["sessions", "totalUsers", "keyEvents"].map(str::to_owned).into(),
            page_size: 10_000,
            late_days: 3,
            slice_days: 92,
            version: "v1beta".to_owned(),
        }
    }
}

/// Analytics as a source.
#[derive(Clone, Debug)]
pub struct Analytics {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one property.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Analytics {
    let base_url = host(base_url, "https://analyticsdata.googleapis.com").to_owned();
    Analytics { http: http.clone(), base_url, config, credentials }
}

impl Analytics {
    async fn report(&self, body: &Value) -> Result<Value, SourceError> {
        let Config { version, property, .. } = &self.config;
        let url = format!("{}/{version}/properties/{property}:runReport", self.base_url);
        let build = |token: &kernel::config::Secret| {
            self.http.request("google_analytics", Method::POST, &url).bearer(token.reveal()).json(body)
        };
        call(&self.http, &self.credentials, build, judge).await
    }

    fn stride(&self) -> Stride {
        Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: None }
    }
}

fn named(names: &[String]) -> Vec<Value> {
    names.iter().map(|name| json!({ "name": name })).collect()
}

#[async_trait]
impl Source for Analytics {
    async fn check(&self) -> Result<Account, SourceError> {
        let day = self.http.clock().now().date_naive();
        let body = json!({
            "dateRanges": [{ "startDate": day, "endDate": day }], "metrics": named(&self.config.metrics), "limit": "1",
        });
        self.report(&body).await?;
        Ok(Account { id: self.config.property.clone(), name: format!("Analytics {}", self.config.property) })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let fields = [&["date".to_owned()][..], &self.config.dimensions[..], &self.config.metrics[..]].concat();
        Ok(vec![Stream { name: "traffic".into(), title: "Visits by day and source".into(), fields, incremental: true }])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let mut walk = Walk::open(reading.cursor)?;
        let (from, to) = walk.slice(&reading, self.stride());
        let offset = walk.page.as_u64().unwrap_or(0);
        let size = self.config.page_size.clamp(1, MOST_ROWS);
        let dimensions = [&["date".to_owned()][..], &self.config.dimensions[..]].concat();
        let order: Vec<Value> =
            dimensions.iter().map(|name| json!({ "dimension": { "dimensionName": name } })).collect();
        let answer = self
            .report(&json!({
                "dateRanges": [{ "startDate": from, "endDate": to }], "dimensions": named(&dimensions),
                "metrics": named(&self.config.metrics), "orderBys": order, "limit": size.to_string(),
                "offset": offset.to_string(),
            }))
            .await?;
        if !answer["metricHeaders"].is_array() {
            return Err(SourceError::Malformed("the report has no headers".to_owned()));
        }
        if let Some(zone) = answer["metadata"]["timeZone"].as_str() {
            walk.zone = Some(zone.to_owned());
        }
        let records = records::rows(&answer, &self.config);
        walk.note(&records, records::day)?;
        let total = answer["rowCount"].as_u64();
        let reached = offset + records.len() as u64;
        let told_more = total.is_some_and(|total| reached < total);
        let done = if goes_on(each(&answer["rows"]).len(), size as usize, told_more) {
            walk.turn(json!(reached));
            false
        } else {
            walk.end_slice(self.stride())
        };
        Ok(Page { records, next: walk.cursor()?, done, total })
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        records::signals(record)
    }
}
