//! Calendar: appointments of an account's calendars, whole at first and then by what changed (`syncToken`).
//!
//! Only what tells an appointment is asked for: descriptions, attachments and links are never read. Rules a newcomer would break:
//! a sync token goes with the parameters of the first call and without a stretch of time; 410 means that it is forgotten and the
//! calendar is read whole; of what was removed often only the name is left.

mod event;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use kernel::http::{Http, Method, Response, Url};
use serde_json::Value;

use super::{failure, host};
use crate::calendar::entry::Entry;
use crate::calendar::place::{Ask, Told};
use crate::calendar::read::{self, Keeper};
use crate::calendar::{Calendar, Config};
use crate::call::{Trouble, call};
use crate::oauth::Credentials;
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::wire::{each, name};

/// The source's name on its signals.
pub const NAME: &str = "google_calendar";

/// Calendars of one page of their list, as Google allows.
const CALENDARS: &str = "250";
/// What is asked for of an entry.
const FIELDS: &str = "nextPageToken,nextSyncToken,items(id,status,created,updated,summary,start,originalStartTime,visibility,\
    attendees(email,resource,responseStatus),organizer(email))";

/// Calendar as a source.
#[derive(Clone, Debug)]
pub struct GoogleCalendar {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> GoogleCalendar {
    let base_url = format!("{}/calendar/v3", host(base_url, super::BASE_URL));
    GoogleCalendar { http: http.clone(), base_url, config, credentials }
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl GoogleCalendar {
    /// An answer; `null` where a token is forgotten.
    async fn get(&self, url: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let build = |token: &kernel::config::Secret| {
            self.http.request(NAME, Method::GET, url).bearer(token.reveal()).query(query)
        };
        call(&self.http, &self.credentials, build, judge).await
    }

    /// The account's own calendar, of which the id is its address.
    async fn primary(&self) -> Result<Account, SourceError> {
        let answer = self.get(&format!("{}/users/me/calendarList/primary", self.base_url), &[]).await?;
        let id = answer["id"].as_str().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| SourceError::Malformed("the calendar has no id".to_owned()))?;
        Ok(Account { id: id.to_owned(), name: name(&answer["summary"]).unwrap_or_else(|| id.to_owned()) })
    }
}

#[async_trait]
impl Keeper for GoogleCalendar {
    const NAME: &'static str = NAME;

    fn config(&self) -> &Config {
        &self.config
    }

    async fn calendars(&self) -> Result<Vec<Calendar>, SourceError> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut query = vec![("maxResults", CALENDARS)];
            if !token.is_empty() {
                query.push(("pageToken", &token));
            }
            let mut answer = self.get(&format!("{}/users/me/calendarList", self.base_url), &query).await?;
            let next = answer["nextPageToken"].as_str().unwrap_or_default().to_owned();
            all.extend(record::records(&mut answer, "items")?);
            if next.is_empty() || next == token {
                break;
            }
            token = next;
        }
        let owner =
            all.iter().find(|one| one["primary"] == true).and_then(|one| one["id"].as_str()).unwrap_or_default();
        let mut chosen = Vec::new();
        for one in all.iter().filter(|one| one["deleted"] != true) {
            let Some(id) = one["id"].as_str() else { continue };
            let shown =
                name(&one["summaryOverride"]).or_else(|| name(&one["summary"])).unwrap_or_else(|| id.to_owned());
            let calendar = Calendar { id: id.to_owned(), name: shown, owner: owner.to_owned() };
            let own = matches!(one["accessRole"].as_str(), Some("owner" | "writer"));
            if self.config.reads(&calendar, own) {
                chosen.push(calendar);
            }
        }
        chosen.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(chosen)
    }

    async fn events(&self, calendar: &Calendar, ask: &Ask) -> Result<Option<Told>, SourceError> {
        let wrong = || SourceError::Refused(format!("{} is not an address", self.base_url));
        let mut url = Url::parse(&format!("{}/calendars", self.base_url)).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.push(&calendar.id).push("events");
        let size = self.config.page.clamp(1, 2_500).to_string();
        let mut query =
            vec![("singleEvents", "true"), ("showDeleted", "true"), ("maxResults", size.as_str()), ("fields", FIELDS)];
        let stretch = match ask {
            Ask::Whole(stretch) | Ask::Page { whole: Some(stretch), .. } => Some((iso(stretch.from), iso(stretch.to))),
            Ask::Changes(_) | Ask::Page { whole: None, .. } => None,
        };
        if let Some((from, to)) = &stretch {
            query.extend([("timeMin", from.as_str()), ("timeMax", to.as_str())]);
        }
        match ask {
            Ask::Whole(_) => {}
            Ask::Changes(token) => query.push(("syncToken", token.as_str())),
            Ask::Page { page, since, .. } => {
                query.push(("pageToken", page.as_str()));
                query.extend(since.as_deref().map(|token| ("syncToken", token)));
            }
        }
        let mut answer = self.get(url.as_str(), &query).await?;
        if answer.is_null() {
            return Ok(None);
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (page, token) = (text(&answer["nextPageToken"]), text(&answer["nextSyncToken"]));
        // An empty list may be left out where fields are chosen.
        let none = answer.is_object() && answer["items"].is_null();
        let entries = if none { Vec::new() } else { record::records(&mut answer, "items")? };
        Ok(Some(Told { entries, page, token }))
    }

    fn entry(record: &Value) -> Result<Option<Entry>, Rejection> {
        event::entry(record)
    }
}

/// What an answer means. Calendar tells too much by a reason in an older envelope, also with 403; 410 is no error but `null`.
fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    if response.status.as_u16() == 410 {
        return Ok(Value::Null);
    }
    let answer: Value = response.json().unwrap_or_default();
    let mut reasons = each(&answer["error"]["errors"]).filter_map(|error| error["reason"].as_str());
    let much = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"];
    if reasons.any(|reason| much.contains(&reason)) {
        return Err(SourceError::RateLimited { retry_after: response.retry_after(now) }.into());
    }
    failure::judge(response, now)
}

#[async_trait]
impl Source for GoogleCalendar {
    async fn check(&self) -> Result<Account, SourceError> {
        self.primary().await
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        Ok(read::streams(["summary", "start", "status", "attendees", "organizer", "created", "updated", "visibility"]))
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        read::read(self, &reading).await
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        read::map(self, record)
    }
}
