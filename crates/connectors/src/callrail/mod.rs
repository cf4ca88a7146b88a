//! CallRail: calls and forms, with offset pages over days, and signed webhooks.
//!
//! Webhooks are sent once and may never come, so calls are read again and again too; values and tags are given to a call days
//! after it, so the last days are read again.

mod records;
pub mod webhook;

use async_trait::async_trait;
use kernel::http::{Http, Method, header::AUTHORIZATION};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{by_status, call};
use crate::oauth::Credentials;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk, goes_on};
use crate::wire::each;

/// CallRail's own address.
pub const BASE_URL: &str = "https://api.callrail.com";

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account, `ACC…`; empty for the first one there is.
    pub account: String,
    /// Only this company, `COM…`.
    pub company: Option<String>,
    /// Records of a page, 1 – 250.
    pub page_size: u32,
    /// Days that are read again for tags, values and calls that come late.
    pub late_days: u32,
    /// Days asked for at once.
    pub slice_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { account: String::new(), company: None, page_size: 250, late_days: 7, slice_days: 31 }
    }
}

/// CallRail as a source.
#[derive(Clone, Debug)]
pub struct CallRail {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account; the credentials are a key.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> CallRail {
    let base_url = base_url.trim_end_matches('/');
    let base_url = if base_url.is_empty() { BASE_URL } else { base_url }.to_owned();
    CallRail { http: http.clone(), base_url, config, credentials }
}

impl CallRail {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let url = format!("{}/v3/{path}", self.base_url);
        let build = |key: &kernel::config::Secret| {
            let key = format!("Token token=\"{}\"", key.reveal());
            self.http.request("callrail", Method::GET, &url).header(AUTHORIZATION, key).query(query)
        };
        // The shape of its errors is not published: the status decides.
        call(&self.http, &self.credentials, build, |response, now| by_status(response, now, "")).await
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let answer = self.get("a.json", &[("per_page", "250")]).await?;
        let wanted = |one: &&Value| self.config.account.is_empty() || one["id"] == self.config.account.as_str();
        let found = each(&answer["accounts"]).find(wanted);
        let found = found.ok_or_else(|| SourceError::Refused("this key does not reach the account".to_owned()))?;
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        Ok(Account { id: text("id"), name: text("name") })
    }

    async fn account_id(&self) -> Result<String, SourceError> {
        if self.config.account.is_empty() { Ok(self.account().await?.id) } else { Ok(self.config.account.clone()) }
    }

    fn stride(&self) -> Stride {
        // Calls are kept for 25 months, and asking beyond is an error.
        Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: Some(750) }
    }
}

#[async_trait]
impl Source for CallRail {
    async fn check(&self) -> Result<Account, SourceError> {
        self.account().await
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |name: &str, title: &str, fields: &[&str]| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            incremental: true,
        };
        let calls =
            ["id", "start_time", "direction", "answered", "duration", "customer_phone_number", "source_name", "value"];
        Ok(vec![
            stream("calls", "Calls", &calls),
            stream("form_submissions", "Forms", &["id", "submitted_at", "form_data", "source", "company_id"]),
        ])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let (fields, sort, time) = match reading.stream {
            "calls" => (Some(records::CALL_FIELDS), "start_time", "start_time"),
            "form_submissions" => (None, "submitted_at", "submitted_at"),
            other => return Err(SourceError::Refused(format!("there is no stream {other}"))),
        };
        let mut walk = Walk::open(reading.cursor)?;
        let (from, to) = walk.slice(&reading, self.stride());
        let page = walk.page.as_u64().unwrap_or(1);
        let size = self.config.page_size.clamp(1, 250);
        let (from, to, number, per_page) = (from.to_string(), to.to_string(), page.to_string(), size.to_string());
        let mut query = vec![
            ("start_date", from.as_str()),
            ("end_date", &to),
            ("page", &number),
            ("per_page", &per_page),
            // Oldest first: what comes meanwhile comes at the end, so that no page shifts.
            ("sort", sort),
            ("order", "asc"),
        ];
        query.extend(self.config.company.as_deref().map(|company| ("company_id", company)));
        query.extend(fields.map(|fields| ("fields", fields)));
        let account = self.account_id().await?;
        let answer = self.get(&format!("a/{account}/{}.json", reading.stream), &query).await?;
        let list = &answer[reading.stream];
        if !list.is_array() {
            return Err(SourceError::Malformed(format!("the answer has no {}", reading.stream)));
        }
        let mut records: Vec<Value> = each(list).cloned().collect();
        walk.note(&records, |record| records::day(record, time))?;
        if let Some(zone) = records.iter().find_map(|record| record["company_time_zone"].as_str()) {
            walk.zone = Some(zone.to_owned());
        }
        if reading.stream == "form_submissions" && !records.is_empty() {
            let companies = self.get(&format!("a/{account}/companies.json"), &[("per_page", "250")]).await?;
            records::name_companies(&mut records, &each(&companies["companies"]));
        }
        let told_more = answer["total_pages"].as_u64().is_some_and(|pages| page < pages);
        let done = if goes_on(records.len(), size as usize, told_more) {
            walk.turn(json!(page + 1));
            false
        } else {
            walk.end_slice(self.stride())
        };
        Ok(Page { records, next: walk.cursor()?, done, total: answer["total_records"].as_u64() })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        match stream {
            "form_submissions" => records::form(record),
            _ => records::call(record),
        }
    }
}
