//! Meta's ad insights: what campaigns cost by day, with the leads they brought.
//!
//! A short stretch of days is asked for at once; a long one is ordered as a report run, asked for until it is complete, and then
//! read in pages. `paging.next` is never followed, since it carries the token: its cursor is used.

mod failure;
mod records;

use std::time::Duration;

use async_trait::async_trait;
use kernel::config::Secret;
use kernel::http::{Http, Method, Request};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::failure::judge;
use crate::call::call;
use crate::oauth::{Credentials, OAuthApp, TokenStyle};
use crate::signal::Signal;
use crate::source::{Account, Cursor, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk, read_cursor};
use crate::wire::{each, id};

/// Meta's own address.
pub const BASE_URL: &str = "https://graph.facebook.com";
/// What we ask for.
pub const SCOPE: &str = "ads_read";
/// The version where none is set.
pub const VERSION: &str = "v25.0";

/// How long to wait before a report run is asked for again.
const BETWEEN_POLLS: Duration = Duration::from_secs(5);
/// How often a failed report run is ordered again.
const ORDERS: u32 = 3;

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The ad account, with or without `act_`.
    pub account: String,
    /// The version of the Graph.
    pub version: String,
    /// Rows of a page, 1 – 500.
    pub page_size: u32,
    /// Days that are read again for what is attributed late.
    pub late_days: u32,
    /// Days asked for at once.
    pub slice_days: u32,
    /// A stretch of more days than this is ordered as a report run.
    pub async_from_days: u32,
    /// Kinds of actions that are leads; their counts are summed.
    pub lead_actions: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: String::new(),
            version: VERSION.to_owned(),
            page_size: 200,
            late_days: 28,
            slice_days: 90,
            async_from_days: 31,
            lead_actions: vec!["lead".to_owned()],
        }
    }
}

/// Our app at Meta. Its tokens last about 60 days, and are traded for new ones while they do.
pub fn app(base_url: &str, version: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    let base = base(base_url);
    let dialog = if base == BASE_URL { "https://www.facebook.com" } else { base };
    OAuthApp {
        service: "meta_ads".to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{dialog}/{version}/dialog/oauth"),
        token_url: format!("{base}/{version}/oauth/access_token"),
        scopes: vec![SCOPE.to_owned()],
        scope_separator: Some(','),
        style: TokenStyle::Query,
        ..OAuthApp::default()
    }
}

fn base(base_url: &str) -> &str {
    let base_url = base_url.trim_end_matches('/');
    if base_url.is_empty() { BASE_URL } else { base_url }
}

/// Insights as a source.
#[derive(Clone, Debug)]
pub struct MetaAds {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
    app_secret: Option<Secret>,
}

/// The source of one ad account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> MetaAds {
    MetaAds { http: http.clone(), base_url: base(base_url).to_owned(), config, credentials, app_secret: None }
}

/// Where in a slice the run under way stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// The report run, where one was ordered.
    run: Option<String>,
    /// Whether it is complete.
    complete: bool,
    /// How often it was ordered.
    orders: u32,
    /// The cursor of the next page.
    after: Option<String>,
}

impl MetaAds {
    /// Proves each call with the app's secret, as apps may demand.
    #[must_use]
    pub fn proved(mut self, app_secret: Secret) -> Self {
        self.app_secret = Some(app_secret);
        self
    }

    fn account(&self) -> String {
        format!("act_{}", self.config.account.trim_start_matches("act_"))
    }

    fn request(&self, method: Method, path: &str, token: &Secret) -> Request {
        let url = format!("{}/{}/{path}", self.base_url, self.config.version);
        let request = self.http.request("meta_ads", method, url).bearer(token.reveal());
        match &self.app_secret {
            None => request,
            Some(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
                let proof = hex::encode(hmac::sign(&key, token.reveal().as_bytes()));
                request.query(&[("appsecret_proof", proof.as_str())])
            }
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let build = |token: &Secret| self.request(Method::GET, path, token).query(query);
        call(&self.http, &self.credentials, build, judge).await
    }

    /// Name and time zone of the account.
    async fn about(&self) -> Result<Value, SourceError> {
        self.get(&self.account(), &[("fields", "id,name,currency,timezone_name")]).await
    }

    fn stride(&self) -> Stride {
        // The Graph keeps insights for 37 months.
        Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: Some(37 * 30) }
    }

    /// Orders a report run; ordering one twice only makes two.
    async fn order(&self, question: &[(&str, &str)]) -> Result<String, SourceError> {
        let path = format!("{}/insights", self.account());
        let build = |token: &Secret| self.request(Method::POST, &path, token).form(question);
        let answer = call(&self.http, &self.credentials, build, judge).await?;
        id(&answer["report_run_id"]).ok_or_else(|| SourceError::Malformed("the order has no report run".to_owned()))
    }

    /// Asks how a run is: true when it is complete, false when it failed.
    async fn complete(&self, run: &str) -> Result<bool, SourceError> {
        let answer =
            self.get(run, &[("fields", "async_status,async_percent_completion,error_code,error_user_msg")]).await?;
        match answer["async_status"].as_str().unwrap_or_default() {
            "Job Completed" => Ok(true),
            "Job Failed" | "Job Skipped" => Ok(false),
            "" => Err(SourceError::Malformed("the report run has no status".to_owned())),
            _ => Err(SourceError::RateLimited { retry_after: Some(BETWEEN_POLLS) }),
        }
    }

    /// Brings an ordered run to completion, one step; `None` when pages can be read.
    async fn prepare(&self, place: &mut Place, question: &[(&str, &str)]) -> Result<Option<()>, SourceError> {
        match &place.run {
            None if place.orders >= ORDERS => {
                Err(SourceError::Refused(format!("the report run failed {ORDERS} times")))
            }
            None => {
                place.run = Some(self.order(question).await?);
                place.orders += 1;
                Ok(Some(()))
            }
            Some(_) if place.complete => Ok(None),
            Some(run) => {
                match self.complete(run).await {
                    Ok(true) => {
                        place.complete = true;
                        return Ok(None);
                    }
                    // It failed, or it is gone.
                    Ok(false) | Err(SourceError::Refused(_)) => place.run = None,
                    Err(error) => return Err(error),
                }
                Ok(Some(()))
            }
        }
    }
}

#[async_trait]
impl Source for MetaAds {
    async fn check(&self) -> Result<Account, SourceError> {
        let about = self.about().await?;
        let name = about["name"].as_str().unwrap_or("Meta Ads").to_owned();
        Ok(Account { id: id(&about["id"]).unwrap_or_else(|| self.account()), name })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let fields = records::FIELDS.split(',').map(str::to_owned).collect();
        Ok(vec![Stream {
            name: "insights".into(),
            title: "Cost of campaigns by day".into(),
            fields,
            incremental: true,
        }])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let mut walk = Walk::open(reading.cursor)?;
        if walk.zone.is_none() {
            walk.zone = self.about().await?["timezone_name"].as_str().map(str::to_owned);
        }
        let (from, to) = walk.slice(&reading, self.stride());
        let mut place: Place = read_cursor(&Cursor(walk.page.clone()))?;
        let range = json!({ "since": from, "until": to }).to_string();
        let question = [
            ("level", "campaign"),
            ("fields", records::FIELDS),
            ("time_range", range.as_str()),
            ("time_increment", "1"),
        ];
        let ordered = (to - from).num_days() + 1 > i64::from(self.config.async_from_days);
        if ordered && self.prepare(&mut place, &question).await?.is_some() {
            walk.turn(json!(place));
            return Ok(Page { next: walk.cursor()?, ..Page::default() });
        }
        let path = format!("{}/insights", place.run.clone().unwrap_or_else(|| self.account()));
        let size = self.config.page_size.clamp(1, 500).to_string();
        let mut query = if ordered { Vec::new() } else { question.to_vec() };
        query.push(("limit", &size));
        query.extend(place.after.as_deref().map(|after| ("after", after)));
        let answer = match self.get(&path, &query).await {
            // A run or a cursor may have gone stale between runs: the slice is read from its beginning again.
            Err(SourceError::Refused(_)) if (place.run.is_some() || place.after.is_some()) && place.orders < ORDERS => {
                walk.again();
                walk.turn(json!(Place { orders: place.orders + 1, ..Place::default() }));
                return Ok(Page { next: walk.cursor()?, ..Page::default() });
            }
            answer => answer?,
        };
        if !answer["data"].is_array() {
            return Err(SourceError::Malformed("the insights have no data".to_owned()));
        }
        let rows: Vec<Value> = each(&answer["data"]).cloned().collect();
        walk.note(&rows, records::day)?;
        let records = rows.into_iter().map(|row| records::with_zone(row, walk.zone.as_deref(), &self.config)).collect();
        let paging = &answer["paging"];
        let next = paging["cursors"]["after"].as_str().filter(|_| paging["next"].is_string());
        let done = match next.filter(|after| place.after.as_deref() != Some(*after)) {
            Some(after) => {
                place.after = Some(after.to_owned());
                walk.turn(json!(place));
                false
            }
            None => walk.end_slice(self.stride()),
        };
        Ok(Page { records, next: walk.cursor()?, done, total: None })
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        records::spend(record)
    }
}
