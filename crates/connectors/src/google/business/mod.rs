//! Business Profile: reviews with their replies, daily performance, places.
//!
//! A review changes when it is edited or answered, and then comes first again: an incremental run reads each place's reviews from
//! the newest change back to the newest one of the run before.

mod records;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use kernel::http::{Http, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::judge;
use super::host;
use crate::call::call;
use crate::oauth::Credentials;
use crate::signal::Signal;
use crate::source::{Account, Cursor, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::walk::{Stride, Walk, new_page, read_cursor, write_cursor};
use crate::wire::each;

/// Places read in one go, as Google allows.
const PLACES: &str = "100";

/// What a person sets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account, such as `accounts/123`; empty for the first one there is.
    pub account: String,
    /// Only these places, such as `locations/456`; empty for all.
    pub locations: Vec<String>,
    /// The time zone of daily figures, such as `America/Chicago`; Google tells none.
    pub time_zone: Option<String>,
    /// Reviews of a page, 1 – 50.
    pub page_size: u32,
    /// Days of performance that are read again for what arrives late.
    pub late_days: u32,
    /// Days of performance that are asked for at once.
    pub slice_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: String::new(),
            locations: Vec::new(),
            time_zone: None,
            page_size: 50,
            late_days: 7,
            slice_days: 180,
        }
    }
}

/// Business Profile as a source.
#[derive(Clone, Debug)]
pub struct BusinessProfile {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> BusinessProfile {
    BusinessProfile { http: http.clone(), base_url: base_url.to_owned(), config, credentials }
}

/// A place of business.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    /// Such as `locations/456`.
    name: String,
    /// How signals name it.
    key: String,
}

/// How far reviews were read.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Reviews {
    /// The newest change read of each place.
    marks: BTreeMap<String, DateTime<Utc>>,
    /// Of the run under way: places still to be read, the first one in part.
    todo: Vec<Place>,
    account: String,
    token: Option<String>,
    newest: Option<DateTime<Utc>>,
    prints: Vec<String>,
}

impl BusinessProfile {
    async fn get(&self, real: &str, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let url = format!("{}{path}", host(&self.base_url, real));
        let build = |token: &kernel::config::Secret| {
            self.http.request("google_business", Method::GET, &url).bearer(token.reveal()).query(query)
        };
        call(&self.http, &self.credentials, build, judge).await
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let mut token = String::new();
        loop {
            let query = [("pageSize", "20"), ("pageToken", token.as_str())];
            let query = if token.is_empty() { &query[..1] } else { &query[..] };
            let answer = self.get("https://mybusinessaccountmanagement.googleapis.com", "/v1/accounts", query).await?;
            let wanted = |one: &&Value| self.config.account.is_empty() || one["name"] == self.config.account.as_str();
            if let Some(found) = each(&answer["accounts"]).find(wanted) {
                let name = found["accountName"].as_str().unwrap_or_default().to_owned();
                return Ok(Account { id: found["name"].as_str().unwrap_or_default().to_owned(), name });
            }
            match answer["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() && next != token => token = next.to_owned(),
                _ => break,
            }
        }
        Err(SourceError::Refused(format!("there is no business account {} for this permission", self.config.account)))
    }

    async fn places(&self, account: &str) -> Result<Vec<Value>, SourceError> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut query = vec![("readMask", "name,title,storeCode"), ("pageSize", PLACES)];
            if !token.is_empty() {
                query.push(("pageToken", &token));
            }
            let real = "https://mybusinessbusinessinformation.googleapis.com";
            let answer = self.get(real, &format!("/v1/{account}/locations"), &query).await?;
            let wanted =
                |name: &str| self.config.locations.is_empty() || self.config.locations.iter().any(|one| one == name);
            let found = each(&answer["locations"]).filter(|one| one["name"].as_str().is_some_and(wanted));
            all.extend(found.cloned());
            match answer["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() && next != token => token = next.to_owned(),
                _ => return Ok(all),
            }
        }
    }

    async fn todo(&self) -> Result<(String, Vec<Place>), SourceError> {
        let account = self.account().await?.id;
        let places = records::places(&self.places(&account).await?);
        let todo = places.into_iter().map(|(name, key)| Place { name, key }).collect();
        Ok((account, todo))
    }

    async fn reviews(&self, reading: &Reading<'_>) -> Result<Page, SourceError> {
        let mut at: Reviews = read_cursor(reading.cursor)?;
        if at.todo.is_empty() {
            (at.account, at.todo) = self.todo().await?;
            (at.token, at.newest) = (None, None);
            at.prints.clear();
        }
        let Some(place) = at.todo.first().cloned() else {
            return Ok(Page { next: write_cursor(&at)?, done: true, ..Page::default() });
        };
        let answer = match self.reviews_page(&at, &place, at.token.as_deref()).await {
            // A token may have gone stale between runs: the place is read from its first page again.
            Err(SourceError::Refused(_)) if at.token.is_some() => {
                (at.token, at.newest) = (None, None);
                at.prints.clear();
                self.reviews_page(&at, &place, None).await?
            }
            answer => answer?,
        };
        let shown: Vec<Value> = each(&answer["reviews"]).cloned().collect();
        new_page(&mut at.prints, &shown)?;
        at.newest = at.newest.max(shown.iter().filter_map(records::changed).max());
        let until = at.marks.get(&place.name).copied().unwrap_or(reading.since);
        let fresh = |review: &Value| records::changed(review).is_none_or(|changed| changed >= until);
        let reached = !shown.iter().all(fresh);
        let next = answer["nextPageToken"].as_str().filter(|next| !next.is_empty() && !shown.is_empty() && !reached);
        at.token = next.map(str::to_owned);
        if at.token.is_none() {
            at.todo.remove(0);
            let newest = at.newest.take();
            if let Some(newest) = newest {
                let mark = at.marks.entry(place.name.clone()).or_insert(newest);
                *mark = newest.max(*mark);
            }
            at.prints.clear();
        }
        let records = shown.into_iter().filter(fresh).map(|review| records::of_place(review, &place.key)).collect();
        Ok(Page {
            records,
            done: at.todo.is_empty(),
            next: write_cursor(&at)?,
            total: answer["totalReviewCount"].as_u64(),
        })
    }

    async fn reviews_page(&self, at: &Reviews, place: &Place, token: Option<&str>) -> Result<Value, SourceError> {
        let size = self.config.page_size.clamp(1, 50).to_string();
        let mut query = vec![("pageSize", size.as_str()), ("orderBy", "updateTime desc")];
        query.extend(token.map(|token| ("pageToken", token)));
        let path = format!("/v4/{}/{}/reviews", at.account, place.name);
        self.get("https://mybusiness.googleapis.com", &path, &query).await
    }

    async fn performance(&self, reading: &Reading<'_>) -> Result<Page, SourceError> {
        let stride = Stride { late_days: self.config.late_days, slice_days: self.config.slice_days, oldest_days: None };
        let mut walk = Walk::open(reading.cursor)?;
        walk.zone.clone_from(&self.config.time_zone);
        let (from, to) = walk.slice(reading, stride);
        let mut todo: Vec<Place> = match &walk.page {
            Value::Null => self.todo().await?.1,
            page => read_cursor(&Cursor(page.clone()))?,
        };
        let mut records = Vec::new();
        if let Some(place) = todo.first().cloned() {
            let answer = self.figures(&place, from, to).await?;
            records = records::days(&answer, &place.name, &place.key, walk.zone.as_deref());
            walk.note(&records, records::day)?;
            todo.remove(0);
        }
        let done = if todo.is_empty() {
            walk.end_slice(stride)
        } else {
            walk.turn(write_cursor(&todo)?.0);
            false
        };
        Ok(Page { records, next: walk.cursor()?, done, total: None })
    }

    async fn figures(&self, place: &Place, from: NaiveDate, to: NaiveDate) -> Result<Value, SourceError> {
        let mut query: Vec<(String, String)> =
            records::METRICS.iter().map(|&metric| ("dailyMetrics".to_owned(), metric.to_owned())).collect();
        for (which, day) in [("startDate", from), ("endDate", to)] {
            for (part, value) in
                [("year", i64::from(day.year())), ("month", day.month().into()), ("day", day.day().into())]
            {
                query.push((format!("dailyRange.{which}.{part}"), value.to_string()));
            }
        }
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("/v1/{}:fetchMultiDailyMetricsTimeSeries", place.name);
        self.get("https://businessprofileperformance.googleapis.com", &path, &query).await
    }
}

#[async_trait]
impl Source for BusinessProfile {
    async fn check(&self) -> Result<Account, SourceError> {
        self.account().await
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |name: &str, title: &str, fields: &[&str], incremental| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
            incremental,
        };
        Ok(vec![
            stream(
                "reviews",
                "Reviews and replies",
                &["starRating", "comment", "createTime", "updateTime", "reviewReply"],
                true,
            ),
            stream("performance", "Daily figures of profiles", &records::METRICS, true),
            stream("locations", "Places", &["name", "title", "storeCode"], false),
        ])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        match reading.stream {
            "reviews" => self.reviews(&reading).await,
            "performance" => self.performance(&reading).await,
            "locations" => {
                let records = self.places(&self.account().await?.id).await?;
                let total = Some(records.len() as u64);
                let next = Cursor(json!({ "read_at": reading.now }));
                Ok(Page { records, next, done: true, total })
            }
            other => Err(SourceError::Refused(format!("there is no stream {other}"))),
        }
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        match stream {
            "reviews" => records::review(record),
            "performance" => records::visits(record),
            // Places are for people; they mean nothing by themselves.
            _ => Ok(Vec::new()),
        }
    }
}
