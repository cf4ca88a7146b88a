//! Mindbody as a source: sales, appointments, and visits of classes, through the Public API v6.
//!
//! Rules a newcomer would break: two permissions are needed, the app's key and a member of staff who signs in with it; pages go by
//! offset and say a total that is not believed: an empty or short page ends a list; times are the site's own clock; ids are texts
//! or numbers as it pleases; a list has no order that is promised, so a stretch of time that has ended is read as a whole.

mod failure;
mod map;
mod staff;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use kernel::config::Secret;
use kernel::http::Http;
use kernel::http::header::HeaderName;
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call;
use crate::oauth::{Access, Credentials, Tokens};
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::wire::{self, each};

pub use webhook::notice;

/// Mindbody's own address.
pub const BASE_URL: &str = "https://api.mindbodyonline.com/public/v6";
/// The source's name on its signals.
pub const NAME: &str = "mindbody";

/// The most people one call may ask for.
const PEOPLE: usize = 50;

/// How a site is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The site.
    pub site_id: String,
    /// What its sales are counted in; its records do not say.
    pub currency: Currency,
    /// The clock on its wall.
    pub time_zone: Tz,
    /// Records of one page, 1–200.
    pub page: u32,
    /// Days before the newest known record that are read again.
    pub overlap_days: i64,
    /// Whether classes and their visits are read.
    pub class_visits: bool,
    /// Whether a visit to a class that was not signed in is somebody who did not come.
    pub unsigned_is_no_show: bool,
    /// Whether people's addresses are asked for.
    pub clients: bool,
    /// The calling code of phone numbers without one.
    pub calling_code: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            site_id: "-99".to_owned(),
            currency: Currency::USD,
            time_zone: Tz::UTC,
            page: 200,
            overlap_days: 14,
            class_visits: true,
            unsigned_is_no_show: false,
            clients: true,
            calling_code: None,
        }
    }
}

/// One Mindbody site.
#[derive(Clone, Debug)]
pub struct Mindbody {
    http: Http,
    base_url: String,
    config: Config,
    /// The app's key; empty where the credentials have none, and every call is then refused.
    api_key: Secret,
    credentials: Credentials,
}

/// The source of one site. The credentials are [`Credentials::Staff`].
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Mindbody {
    let base_url = base_url.trim_end_matches('/').to_owned();
    let (api_key, credentials) = match credentials {
        Credentials::Staff { api_key, user, password } => {
            let sign_in = staff::SignIn {
                http: http.clone(),
                base_url: base_url.clone(),
                site_id: config.site_id.clone(),
                api_key: api_key.clone(),
                user,
                password,
            };
            // An end in the past: the first call signs in.
            let none = Tokens { expires_at: Some(DateTime::UNIX_EPOCH), ..Tokens::fixed(Secret::default()) };
            (api_key, Credentials::OAuth(Access::renewed(none, Arc::new(sign_in))))
        }
        other => (Secret::default(), other),
    };
    Mindbody { http: http.clone(), base_url, config, api_key, credentials }
}

/// The stretch from `from` to `to` (the site's clock) was read up to `offset`; `first` begins the page before, `high` is the newest
/// record seen. Between runs only `from` is set.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    from: Option<NaiveDateTime>,
    to: Option<NaiveDateTime>,
    offset: u64,
    first: Option<String>,
    high: Option<NaiveDateTime>,
}

/// A stream: its path, the field of its list, the parameters of its stretch, and when a record was.
struct Shape {
    name: &'static str,
    title: &'static str,
    path: &'static str,
    field: &'static str,
    span: [&'static str; 2],
    at: &'static str,
    fields: &'static [&'static str],
}

const STREAMS: [Shape; 3] = [
    Shape {
        name: "sales",
        title: "Sales",
        path: "/sale/sales",
        field: "Sales",
        span: ["SaleStartDateTime", "SaleEndDateTime"],
        at: "SaleDateTime",
        fields: &["SaleDateTime", "ClientId", "LocationId", "Payments", "PurchasedItems"],
    },
    Shape {
        name: "appointments",
        title: "Appointments",
        path: "/appointment/staffappointments",
        field: "Appointments",
        span: ["StartDate", "EndDate"],
        at: "StartDateTime",
        fields: &["StartDateTime", "Status", "ClientId", "LocationId", "FirstAppointment"],
    },
    Shape {
        name: "visits",
        title: "Visits of classes",
        path: "/class/classes",
        field: "Classes",
        span: ["StartDateTime", "EndDateTime"],
        at: "StartDateTime",
        fields: &["StartDateTime", "ClientId", "LocationId", "SignedIn", "Missed", "LateCancelled"],
    },
];

impl Mindbody {
    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, SourceError> {
        if self.api_key.is_empty() {
            return Err(SourceError::Refused(
                "a Mindbody connection needs an API key and a member of staff".to_owned(),
            ));
        }
        let url = format!("{}{path}", self.base_url);
        let build = |token: &Secret| {
            let request = self.http.get(NAME, &url).bearer(token.reveal()).query(query);
            let request = request.header(HeaderName::from_static("api-key"), self.api_key.reveal());
            request.header(HeaderName::from_static("siteid"), &self.config.site_id)
        };
        call::call(&self.http, &self.credentials, build, failure::judge).await
    }

    /// The site's clock at an instant.
    fn wall(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.config.time_zone).naive_local()
    }

    /// The visits of classes, each with the start and place of its class.
    async fn visits(&self, classes: &[Value]) -> Result<Vec<Value>, SourceError> {
        let mut visits = Vec::new();
        for class in classes {
            let Some(id) = wire::id(&class["Id"]) else { continue };
            let mut answer = self.get("/class/classvisits", &[("ClassID", id)]).await?;
            let class_told = answer.get_mut("Class");
            let class_told = class_told.ok_or_else(|| SourceError::Malformed("the answer has no class".to_owned()))?;
            for mut visit in record::records(class_told, "Visits")?.into_iter().filter(Value::is_object) {
                for field in ["StartDateTime", "LocationId"] {
                    if visit[field].is_null() {
                        visit[field] =
                            if field == "LocationId" { class["Location"]["Id"].clone() } else { class[field].clone() };
                    }
                }
                visits.push(visit);
            }
        }
        Ok(visits)
    }

    /// Puts the person into records that name a key.
    async fn with_clients(&self, records: &mut [Value]) -> Result<(), SourceError> {
        if !self.config.clients {
            return Ok(());
        }
        let ids: BTreeSet<String> = records.iter().filter_map(|record| wire::id(&record["ClientId"])).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let mut people: BTreeMap<String, Value> = BTreeMap::new();
        for some in ids.chunks(PEOPLE) {
            let mut query = vec![("Limit", PEOPLE.to_string())];
            query.extend(some.iter().map(|id| ("ClientIDs", id.clone())));
            let answer = self.get("/client/clients", &query).await?;
            for client in each(&answer["Clients"]) {
                let kept = json!({"Email": client["Email"], "MobilePhone": client["MobilePhone"]});
                people.extend(wire::id(&client["Id"]).map(|id| (id, kept)));
            }
        }
        for record in records {
            if let Some(person) = wire::id(&record["ClientId"]).and_then(|id| people.get(&id)) {
                record["_client"] = person.clone();
            }
        }
        Ok(())
    }
}

fn written(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

#[async_trait]
impl Source for Mindbody {
    async fn check(&self) -> Result<Account, SourceError> {
        let answer = self.get("/site/sites", &[("SiteIds", self.config.site_id.clone())]).await?;
        let site = &answer["Sites"][0];
        let id = wire::id(&site["Id"])
            .ok_or_else(|| SourceError::Refused("the site is not one this key may read".to_owned()))?;
        Ok(Account { name: wire::name(&site["Name"]).unwrap_or_else(|| id.clone()), id })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let wanted = STREAMS.into_iter().filter(|shape| shape.name != "visits" || self.config.class_visits);
        let stream = |shape: Shape| Stream {
            name: shape.name.to_owned(),
            title: shape.title.to_owned(),
            fields: shape.fields.iter().map(|field| (*field).to_owned()).collect(),
            incremental: true,
        };
        Ok(wanted.map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let known = STREAMS.into_iter().find(|shape| shape.name == reading.stream);
        let shape = known.ok_or_else(|| SourceError::Refused(format!("no stream {}", reading.stream)))?;
        let place: Place = record::place(reading.cursor)?;
        let from = place.from.unwrap_or_else(|| self.wall(reading.since));
        let to = place.to.unwrap_or_else(|| self.wall(reading.now));
        let limit = u64::from(self.config.page.clamp(1, 200));
        let query = [
            (shape.span[0], written(from)),
            (shape.span[1], written(to)),
            ("Limit", limit.to_string()),
            ("Offset", place.offset.to_string()),
        ];
        let mut answer = self.get(shape.path, &query).await?;
        let total = answer["PaginationResponse"]["TotalResults"].as_u64();
        let listed = record::records(&mut answer, shape.field)?;
        let first = listed.first().and_then(|record| wire::id(&record["Id"]));
        if place.offset > 0 && first.is_some() && first == place.first {
            return Err(SourceError::Malformed("the list repeats a page".to_owned()));
        }
        let done = (listed.len() as u64) < limit;
        let high = listed.iter().filter_map(|record| record::local(&record[shape.at])).chain(place.high).max();
        let next = if done {
            // What settles later (a status, a sale that is changed) is within the overlap.
            let earlier = high.map(|high| high - Duration::days(self.config.overlap_days));
            Place { from: earlier.max(place.from), ..Place::default() }
        } else {
            Place { from: Some(from), to: Some(to), offset: place.offset + listed.len() as u64, first, high }
        };
        let mut records = if shape.name == "visits" { self.visits(&listed).await? } else { listed };
        self.with_clients(&mut records).await?;
        Ok(Page { records, next: record::cursor(&next)?, done, total })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}
