//! `CallTrackingMetrics`: calls behind an access key, and signed triggers.

mod records;
pub mod webhook;

use async_trait::async_trait;
use kernel::http::{Http, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{by_status, call};
use crate::oauth::Credentials;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk, goes_on};
use crate::wire::{each, id};

/// Its own address.
pub const BASE_URL: &str = "https://api.calltrackingmetrics.com";

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account's number; empty for the first one there is.
    pub account: String,
    /// The account's time zone; its days are asked for.
    pub time_zone: Option<String>,
    /// Calls of a page, 1 – 150.
    pub page_size: u32,
    /// Days that are read again for tags and notes that come late.
    pub late_days: u32,
    /// Days asked for at once.
    pub slice_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { account: String::new(), time_zone: None, page_size: 150, late_days: 7, slice_days: 31 }
    }
}

/// `CallTrackingMetrics` as a source.
#[derive(Clone, Debug)]
pub struct Ctm {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account; the credentials are access key and secret.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Ctm {
    let base_url = base_url.trim_end_matches('/');
    let base_url = if base_url.is_empty() { BASE_URL } else { base_url }.to_owned();
    Ctm { http: http.clone(), base_url, config, credentials }
}

impl Ctm {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let Credentials::Basic { user, .. } = &self.credentials else {
            return Err(SourceError::Reconnect("an access key and its secret are needed".to_owned()));
        };
        let url = format!("{}/api/v1/{path}", self.base_url);
        let build = |secret: &kernel::config::Secret| {
            self.http.request("ctm", Method::GET, &url).basic(user, secret.reveal()).query(query)
        };
        call(&self.http, &self.credentials, build, |response, now| by_status(response, now, "")).await
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let answer = self.get("accounts", &[]).await?;
        let wanted =
            |one: &&Value| self.config.account.is_empty() || id(&one["id"]).as_ref() == Some(&self.config.account);
        let found = each(&answer["accounts"]).find(wanted);
        let found = found.ok_or_else(|| SourceError::Refused("this key does not reach the account".to_owned()))?;
        let name = found["name"].as_str().unwrap_or_default().to_owned();
        Ok(Account { id: id(&found["id"]).unwrap_or_default(), name })
    }

    fn stride(&self) -> Stride {
        Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: None }
    }
}

#[async_trait]
impl Source for Ctm {
    async fn check(&self) -> Result<Account, SourceError> {
        self.account().await
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let fields =
            ["id", "called_at", "direction", "call_status", "talk_time", "caller_number", "source", "tag_list"];
        let fields = fields.map(str::to_owned).into();
        Ok(vec![Stream { name: "calls".into(), title: "Calls".into(), fields, incremental: true }])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let mut walk = Walk::open(reading.cursor)?;
        walk.zone.clone_from(&self.config.time_zone);
        let (from, to) = walk.slice(&reading, self.stride());
        let page = walk.page.as_u64().unwrap_or(1);
        let size = self.config.page_size.clamp(1, 150);
        let account =
            if self.config.account.is_empty() { self.account().await?.id } else { self.config.account.clone() };
        let (from, to, number, per_page) = (from.to_string(), to.to_string(), page.to_string(), size.to_string());
        let query = [("start_date", from.as_str()), ("end_date", &to), ("page", &number), ("per_page", &per_page)];
        let answer = self.get(&format!("accounts/{account}/calls"), &query).await?;
        if !answer["calls"].is_array() {
            return Err(SourceError::Malformed("the answer has no calls".to_owned()));
        }
        let records: Vec<Value> = each(&answer["calls"]).cloned().collect();
        walk.note(&records, records::day)?;
        // Its address is on their host and is not followed: it says that there is a next page.
        let told_more = answer["next_page"].as_str().is_some_and(|next| !next.is_empty());
        let done = if goes_on(records.len(), size as usize, told_more) {
            walk.turn(json!(page + 1));
            false
        } else {
            walk.end_slice(self.stride())
        };
        Ok(Page { records, next: walk.cursor()?, done, total: answer["total_entries"].as_u64() })
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        records::call(record)
    }
}
