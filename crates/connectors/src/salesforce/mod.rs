//! Salesforce as a source: leads, opportunities by stage, tasks and calendar events.
//!
//! Rules a newcomer would break: every call goes to the `instance_url` that came with the token; errors are a list; the daily limit
//! is a 403; a query locator ends, so the place also holds the last record's stamp and id; a transaction that took long shows
//! records older than what was read, so each run begins a little earlier than the last one ended.

mod failure;
mod map;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use kernel::config::Secret;
use kernel::http::Http;
use kernel::http::header::HeaderName;
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call;
use crate::oauth::{Credentials, OAuthApp};
use crate::record;
use crate::signal::{Signal, SignalKind};
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};

/// Where an account is connected; calls then go to the account's own address.
pub const LOGIN_URL: &str = "https://login.salesforce.com";
/// The source's name on its signals.
pub const NAME: &str = "salesforce";

/// How an account is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The version of the API, as in its paths.
    pub version: String,
    /// The currency of amounts in an account that has one.
    pub currency: Option<Currency>,
    /// Whether records name their currency.
    pub multi_currency: bool,
    /// What a stage of an opportunity means; a won one is a payment in any case.
    pub stages: BTreeMap<String, SignalKind>,
    /// The field that holds when the stage last changed; none in older accounts.
    pub stage_date_field: Option<String>,
    /// The field of leads and opportunities that holds the place of business.
    pub location_field: Option<String>,
    /// The calling code of phone numbers without one.
    pub calling_code: Option<String>,
    /// Seconds before the newest known record that are read again.
    pub overlap_s: i64,
    /// Records of one page, 200–2000, as a hint.
    pub page: u32,
}

impl Default for Config {
    fn default() -> Self {
        let stages = [("Proposal/Price Quote", SignalKind::Quote), ("Negotiation/Review", SignalKind::Quote)];
        Self {
            version: "v67.0".to_owned(),
            currency: None,
            multi_currency: false,
            stages: stages.map(|(stage, kind)| (stage.to_owned(), kind)).into(),
            stage_date_field: Some("LastStageChangeDate".to_owned()),
            location_field: None,
            calling_code: None,
            overlap_s: 120,
            page: 200,
        }
    }
}

/// One Salesforce account.
#[derive(Clone, Debug)]
pub struct Salesforce {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account; `base_url` is its `instance_url`.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Salesforce {
    Salesforce { http: http.clone(), base_url: base_url.trim_end_matches('/').to_owned(), config, credentials }
}

/// Our app at `login_url` ([`LOGIN_URL`], a sandbox's, or an account's own). An account's address comes with its tokens: see
/// [`instance_url`].
pub fn app(login_url: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    let base = login_url.trim_end_matches('/');
    OAuthApp {
        service: NAME.to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{base}/services/oauth2/authorize"),
        token_url: format!("{base}/services/oauth2/token"),
        scopes: ["api", "refresh_token"].map(str::to_owned).into(),
        pkce: true,
        ..OAuthApp::default()
    }
}

/// Everything up to the record `id` of the stamp `at` was read; `next` continues the query while it lives.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    at: Option<DateTime<Utc>>,
    id: Option<String>,
    next: Option<String>,
}

const STREAMS: [(&str, &str, &str, &[&str]); 4] = [
    (
        "leads",
        "Leads",
        "Lead",
        &[
            "CreatedDate",
            "Email",
            "Phone",
            "MobilePhone",
            "LeadSource",
            "Status",
            "IsConverted",
            "ConvertedOpportunityId",
            "ConvertedContactId",
        ],
    ),
    (
        "opportunities",
        "Opportunities",
        "Opportunity",
        &["CreatedDate", "Amount", "StageName", "IsWon", "CloseDate", "LeadSource"],
    ),
    (
        "tasks",
        "Tasks",
        "Task",
        &[
            "CreatedDate",
            "CompletedDateTime",
            "Status",
            "TaskSubtype",
            "CallType",
            "CallDurationInSeconds",
            "WhoId",
            "WhatId",
        ],
    ),
    ("events", "Events", "Event", &["CreatedDate", "StartDateTime", "WhoId", "WhatId"]),
];

impl Salesforce {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let url = format!("{}{path}", self.base_url);
        let options = format!("batchSize={}", self.config.page.clamp(200, 2000));
        let build = |token: &Secret| {
            let header = HeaderName::from_static("sforce-query-options");
            self.http.get(NAME, &url).bearer(token.reveal()).header(header, &options).query(query)
        };
        call::call(&self.http, &self.credentials, build, failure::judge).await
    }

    async fn query(&self, soql: &str) -> Result<Value, SourceError> {
        self.get(&format!("/services/data/{}/query", self.config.version), &[("q", soql)]).await
    }

    /// The fields a stream asks for.
    fn fields(&self, object: &str, fields: &[&str]) -> Vec<String> {
        let mut all: Vec<String> =
            ["Id", "SystemModstamp"].iter().chain(fields).map(|field| (*field).to_owned()).collect();
        if matches!(object, "Lead" | "Opportunity") {
            all.extend(self.config.location_field.clone());
        }
        if object == "Opportunity" {
            all.extend(self.config.stage_date_field.clone());
            all.extend(self.config.multi_currency.then(|| "CurrencyIsoCode".to_owned()));
        }
        all
    }

    /// The records after a place, in the order of their stamps.
    fn soql(&self, object: &str, fields: &[&str], place: &Place, since: DateTime<Utc>) -> String {
        let at = stamp(place.at.unwrap_or(since));
        let after = match &place.id {
            Some(id) => format!("(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{}'))", quoted(id)),
            None => format!("SystemModstamp >= {at}"),
        };
        let fields = self.fields(object, fields).join(",");
        format!("SELECT {fields} FROM {object} WHERE {after} ORDER BY SystemModstamp ASC, Id ASC")
    }

    /// Puts the lead that became an opportunity or a contact into each record, so that its key stays the lead's.
    async fn with_leads(&self, records: &mut [Value], fields: [&str; 3]) -> Result<(), SourceError> {
        let ids = |prefix: &str| {
            let all = records.iter().flat_map(|record| fields.map(|field| record[field].as_str().unwrap_or_default()));
            let mut ids: Vec<String> =
                all.filter(|id| id.starts_with(prefix)).map(|id| format!("'{}'", quoted(id))).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.join(",")
        };
        let (opportunities, contacts, leads) = (ids("006"), ids("003"), ids("00Q"));
        let listed = [("ConvertedOpportunityId", opportunities), ("ConvertedContactId", contacts), ("Id", leads)];
        for (field, list) in listed {
            if list.is_empty() {
                continue;
            }
            let soql = format!(
                "SELECT Id,Email,Phone,MobilePhone,ConvertedOpportunityId,ConvertedContactId FROM Lead WHERE {field} IN ({list}) ORDER BY Id ASC"
            );
            let mut answer = self.query(&soql).await?;
            let leads = record::records(&mut answer, "records")?;
            for record in records.iter_mut().filter(|record| record["_lead"].is_null()) {
                let names = fields.map(|name| record[name].as_str().map(str::to_owned));
                let found = leads
                    .iter()
                    .find(|lead| lead[field].as_str().is_some_and(|id| names.iter().flatten().any(|name| name == id)));
                if let Some(lead) = found {
                    record["_lead"] = lead.clone();
                }
            }
        }
        Ok(())
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A text inside quotes of a query.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

#[async_trait]
impl Source for Salesforce {
    async fn check(&self) -> Result<Account, SourceError> {
        let answer = self.query("SELECT Id,Name FROM Organization").await?;
        let one = &answer["records"][0];
        let (Some(id), Some(name)) = (one["Id"].as_str(), one["Name"].as_str()) else {
            return Err(SourceError::Malformed("the account does not say who it is".to_owned()));
        };
        Ok(Account { id: id.to_owned(), name: name.to_owned() })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |(name, title, object, fields): (&str, &str, &str, &[&str])| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: self.fields(object, fields),
            incremental: true,
        };
        Ok(STREAMS.into_iter().map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let known = STREAMS.into_iter().find(|(name, ..)| *name == reading.stream);
        let (_, _, object, fields) =
            known.ok_or_else(|| SourceError::Refused(format!("no stream {}", reading.stream)))?;
        let place: Place = record::place(reading.cursor)?;
        let soql = self.soql(object, fields, &place, reading.since);
        let mut answer = match place.next.as_deref() {
            Some(next) if next.starts_with("/services/data/") => match self.get(next, &[]).await {
                Err(SourceError::Refused(why)) if why.starts_with("INVALID_QUERY_LOCATOR") => self.query(&soql).await?,
                answer => answer?,
            },
            _ => self.query(&soql).await?,
        };
        let mut records = record::records(&mut answer, "records")?;
        let next = answer["nextRecordsUrl"].as_str().map(str::to_owned);
        let done = answer["done"].as_bool().unwrap_or(next.is_none());
        let last = match records.last() {
            Some(last) => {
                let at = record::moment(&last["SystemModstamp"]);
                let at = at.ok_or_else(|| SourceError::Malformed("a record has no SystemModstamp".to_owned()))?;
                Some((at, last["Id"].as_str().unwrap_or_default().to_owned()))
            }
            None => None,
        };
        let stands = |(at, id): &(DateTime<Utc>, String)| place.id.as_ref() == Some(id) && place.at == Some(*at);
        if !done && (next.is_none() || last.as_ref().is_none_or(stands) || (next == place.next && next.is_some())) {
            return Err(SourceError::Malformed("the query repeats a page or ends before it says so".to_owned()));
        }
        let place = match (done, last) {
            (false, Some((at, id))) => Place { at: Some(at), id: Some(id), next },
            (_, last) => {
                // The newest stamp of the run; the next one begins a little before it, and never before this one began.
                let newest = last.map(|(at, _)| at).or(place.at);
                let earlier = newest.map(|at| at - Duration::seconds(self.config.overlap_s));
                let at = if place.id.is_none() { earlier.max(place.at) } else { earlier };
                Place { at, ..Place::default() }
            }
        };
        match object {
            "Opportunity" => self.with_leads(&mut records, ["Id", "Id", "Id"]).await?,
            "Task" | "Event" => self.with_leads(&mut records, ["WhoId", "WhatId", "WhoId"]).await?,
            _ => {}
        }
        let total = answer["totalSize"].as_u64();
        Ok(Page { records, next: record::cursor(&place)?, done, total })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}

/// The address of an account out of what the token endpoint told beside its tokens; `None` where it is not of Salesforce.
pub fn instance_url(more: &serde_json::Map<String, Value>) -> Option<String> {
    let url = more.get("instance_url")?.as_str()?;
    let parsed = kernel::http::Url::parse(url).ok()?;
    let ours = parsed.host_str().is_some_and(|host| host.ends_with(".salesforce.com") || host.ends_with(".force.com"));
    (ours && parsed.scheme() == "https").then(|| url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_salesforce_is_an_instance() {
        let more = |url: &str| json!({"instance_url": url}).as_object().cloned().unwrap_or_default();
        assert!(instance_url(&more("https://na1.my.salesforce.com/")).is_some_and(|url| !url.ends_with('/')));
        for wrong in ["http://na1.my.salesforce.com", "https://salesforce.com.example.com", "https://10.0.0.1", ""] {
            assert_eq!(instance_url(&more(wrong)), None, "{wrong}");
        }
        assert_eq!(quoted("O'Neil\\"), "O\\'Neil\\\\");
    }
}
