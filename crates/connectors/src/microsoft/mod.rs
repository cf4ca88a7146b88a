//! Microsoft (Outlook) Calendar by Microsoft Graph: appointments of an account's calendars, whole at first and then by what changed
//! (`delta`).
//!
//! Rules a newcomer would break: links to the next page and to later changes carry everything in them and are followed as they
//! are, but never to another host, since the token goes along; 410 means that a link is forgotten and the calendar is read whole;
//! of what was removed only the name is left; times of a series come bare, and what they share stands in the series itself.

mod event;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use kernel::config::Secret;
use kernel::http::header::HeaderName;
use kernel::http::{Http, Method, Response, Url};
use serde_json::Value;

use crate::calendar::entry::Entry;
use crate::calendar::place::{Ask, Told};
use crate::calendar::read::{self, Keeper};
use crate::calendar::{Calendar, Config};
use crate::call::{self, Trouble};
use crate::oauth::{Credentials, OAuthApp};
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};
use crate::wire::{self, name};

/// Graph's own address.
pub const BASE_URL: &str = "https://graph.microsoft.com/v1.0";
/// Where people of any tenant sign in; a tenant's own name in the place of `common` lets in its people alone.
pub const LOGIN_URL: &str = "https://login.microsoftonline.com/common";
/// The source's name on its signals.
pub const NAME: &str = "microsoft_calendar";

/// The version in Graph's own links.
const VERSION: &str = "/v1.0";

/// One account.
#[derive(Clone, Debug)]
pub struct MicrosoftCalendar {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one account.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> MicrosoftCalendar {
    let base_url = base_url.trim_end_matches('/').to_owned();
    MicrosoftCalendar { http: http.clone(), base_url, config, credentials }
}

/// Our app at [`LOGIN_URL`], asking to read calendars, also while nobody is there.
pub fn app(login_url: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    let login = login_url.trim_end_matches('/');
    OAuthApp {
        service: NAME.to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{login}/oauth2/v2.0/authorize"),
        token_url: format!("{login}/oauth2/v2.0/token"),
        scopes: ["offline_access", "https://graph.microsoft.com/Calendars.Read"].map(str::to_owned).into(),
        extra: [("response_mode", "query"), ("prompt", "select_account")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        pkce: true,
        ..OAuthApp::default()
    }
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl MicrosoftCalendar {
    /// An answer for an address below the base; `null` where a link is forgotten.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        let url = format!("{}{path}", self.base_url);
        let size = self.config.page.clamp(1, 1_000);
        // Times in UTC, whatever the mailbox is set to.
        let prefer = format!("outlook.timezone=\"UTC\", odata.maxpagesize={size}");
        let build = |token: &Secret| {
            let request = self.http.request(NAME, Method::GET, &url).bearer(token.reveal());
            let request = request.header(HeaderName::from_static("prefer"), &prefer);
            if query.is_empty() { request } else { request.query(query) }
        };
        call::call(&self.http, &self.credentials, build, judge).await
    }

    /// The address below the base of a link that Graph gave, without its host.
    fn below(&self, link: &str) -> Result<String, SourceError> {
        let wrong = || SourceError::Malformed("a link in the answer is no address".to_owned());
        let link = Url::parse(link).map_err(|_| wrong())?;
        let base = Url::parse(&self.base_url).map_err(|_| wrong())?;
        let path = link.path();
        let below =
            path.strip_prefix(base.path()).filter(|rest| rest.starts_with('/')).or_else(|| path.strip_prefix(VERSION));
        let below = below.filter(|rest| rest.starts_with('/')).unwrap_or(path);
        Ok(link.query().map_or_else(|| below.to_owned(), |query| format!("{below}?{query}")))
    }

    /// A path below the base, with ids that may hold anything.
    fn path(&self, parts: &[&str]) -> Result<String, SourceError> {
        let wrong = || SourceError::Refused(format!("{} is not an address", self.base_url));
        let mut url = Url::parse("https://graph.microsoft.com").map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.extend(parts);
        Ok(url.path().to_owned())
    }

    /// A series; `null` where it is gone, as its times will be.
    async fn series(&self, id: &str) -> Result<Value, SourceError> {
        match self.get(&self.path(&["me", "events", id])?, &[]).await {
            Err(SourceError::Refused(_)) => Ok(Value::Null),
            found => found,
        }
    }

    /// Gives times of a series what they share, and leaves out the series themselves and the words of entries. Of a time that is told
    /// twice the last counts.
    async fn with_series(&self, told: Vec<Value>) -> Result<Vec<Value>, SourceError> {
        let mut series: BTreeMap<String, Value> = BTreeMap::new();
        let mut entries: Vec<Value> = Vec::new();
        for mut one in told {
            event::forget_words(&mut one);
            let id = wire::id(&one["id"]);
            if one["type"] == "seriesMaster" {
                series.extend(id.map(|id| (id, one)));
                continue;
            }
            entries.retain(|known| id.is_none() || wire::id(&known["id"]) != id);
            entries.push(one);
        }
        for entry in &mut entries {
            let Some(of) = event::bare(entry) else { continue };
            let shared = if let Some(known) = series.get(&of) {
                known.clone()
            } else {
                let found = self.series(&of).await?;
                series.insert(of, found.clone());
                found
            };
            event::share(entry, &shared);
        }
        Ok(entries)
    }
}

#[async_trait]
impl Keeper for MicrosoftCalendar {
    const NAME: &'static str = NAME;

    fn config(&self) -> &Config {
        &self.config
    }

    async fn calendars(&self) -> Result<Vec<Calendar>, SourceError> {
        let mut all = Vec::new();
        let mut path = "/me/calendars".to_owned();
        loop {
            let mut answer = self.get(&path, &[]).await?;
            let next = answer["@odata.nextLink"].as_str().map(|link| self.below(link)).transpose()?;
            all.extend(record::records(&mut answer, "value")?);
            match next {
                Some(next) if next != path => path = next,
                _ => break,
            }
        }
        let mut chosen = Vec::new();
        for one in &all {
            let Some(id) = wire::id(&one["id"]) else { continue };
            let shown = name(&one["name"]).unwrap_or_else(|| id.clone());
            let owner = record::email(&one["owner"]["address"]).unwrap_or_default();
            let calendar = Calendar { id, name: shown, owner };
            if self.config.reads(&calendar, one["canEdit"] == true) {
                chosen.push(calendar);
            }
        }
        chosen.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(chosen)
    }

    async fn events(&self, calendar: &Calendar, ask: &Ask) -> Result<Option<Told>, SourceError> {
        let mut answer = match ask {
            Ask::Whole(stretch) => {
                let (from, to) = (iso(stretch.from), iso(stretch.to));
                let query = [("startDateTime", from.as_str()), ("endDateTime", to.as_str())];
                let path = self.path(&["me", "calendars", &calendar.id, "calendarView", "delta"])?;
                self.get(&path, &query).await?
            }
            Ask::Changes(link) | Ask::Page { page: link, .. } => self.get(link, &[]).await?,
        };
        if answer.is_null() {
            return Ok(None);
        }
        let link = |name: &str| answer[name].as_str().map(|link| self.below(link)).transpose();
        let (page, token) = (link("@odata.nextLink")?, link("@odata.deltaLink")?);
        let entries = self.with_series(record::records(&mut answer, "value")?).await?;
        Ok(Some(Told { entries, page, token }))
    }

    fn entry(record: &Value) -> Result<Option<Entry>, Rejection> {
        event::entry(record)
    }
}

/// What an answer means: `{"error":{code, message}}`. What is forgotten is no error but `null`.
fn judge(response: &Response, now: DateTime<Utc>) -> Result<Value, Trouble> {
    let status = response.status.as_u16();
    if response.status.is_success() {
        return Ok(call::json(response)?);
    }
    let answer: Value = response.json().unwrap_or_default();
    let code = answer["error"]["code"].as_str().unwrap_or_default();
    let forgotten = ["syncStateNotFound", "syncStateInvalid", "resyncRequired"];
    if status == 410 || forgotten.iter().any(|word| word.eq_ignore_ascii_case(code)) {
        return Ok(Value::Null);
    }
    let said = if code.is_empty() {
        String::new()
    } else {
        format!("{code}: {}", answer["error"]["message"].as_str().unwrap_or_default())
    };
    // Too much, as a mailbox says it.
    if matches!(code, "ApplicationThrottled" | "TooManyRequests" | "MailboxConcurrency") {
        return Err(SourceError::RateLimited { retry_after: response.retry_after(now) }.into());
    }
    call::by_status(response, now, &said)
}

#[async_trait]
impl Source for MicrosoftCalendar {
    async fn check(&self) -> Result<Account, SourceError> {
        let answer = self.get("/me/calendar", &[]).await?;
        let owner = &answer["owner"];
        let id = record::email(&owner["address"]).or_else(|| wire::id(&answer["id"]));
        let id = id.ok_or_else(|| SourceError::Malformed("the calendar has no owner and no id".to_owned()))?;
        Ok(Account { name: name(&owner["name"]).unwrap_or_else(|| id.clone()), id })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let fields = ["subject", "start", "isCancelled", "attendees", "organizer", "createdDateTime", "sensitivity"];
        Ok(read::streams(fields))
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        read::read(self, &reading).await
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        read::map(self, record)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Clock;
    use kernel::http::HttpConfig;

    use super::*;

    #[test]
    fn a_link_never_leads_to_another_host() {
        let http = Http::new(HttpConfig::default(), Clock::system()).expect("a client");
        let at = |base: &str| source(&http, base, Config::default(), Credentials::token("t"));
        let link = "https://graph.microsoft.com/v1.0/me/calendars/A%2FB/calendarView/delta?$skiptoken=R0u%3D";
        let below = "/me/calendars/A%2FB/calendarView/delta?$skiptoken=R0u%3D";
        for base in [BASE_URL, "http://127.0.0.1:4000/v1.0", "https://proxy.example/graph"] {
            assert_eq!(at(base).below(link).as_deref().ok(), Some(below), "{base}");
        }
        let elsewhere = at(BASE_URL).below("https://evil.example/steal?$skiptoken=1").expect("only its path counts");
        assert_eq!(elsewhere, "/steal?$skiptoken=1");
        assert!(at(BASE_URL).below("no link").is_err());
        assert_eq!(at(BASE_URL).path(&["me", "events", "a/b="]).ok().as_deref(), Some("/me/events/a%2Fb="));
    }
}
