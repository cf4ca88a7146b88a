//! Microsoft Graph as far as calendars go: the calendars of one account, their events by `delta`, and sign-in with tokens that end.
//!
//! A newcomer's mistakes: taking a link apart (it is to be followed as it is), expecting times of a series to say what they share
//! with it, and reading a removed event (only its name is left).

mod delta;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::delivery::Courier;
use crate::grants::{self, Denied, Grants, bearer};
use crate::server::form::pairs;
use crate::server::{Handle, Shared, Standin, locked};
use crate::sources::garbled;

/// Reads calendars.
pub const CALENDARS: &str = "https://graph.microsoft.com/Calendars.Read";
/// Makes a refresh token appear.
pub const OFFLINE: &str = "offline_access";

/// The account's own calendar.
const OWN: &str = "AAMkAGI1AAAown=";
/// A second one.
const CHAIR: &str = "AAMkAGI1AAAchair2/A=";
/// Birthdays, which nobody may write to.
const BIRTHDAYS: &str = "AAMkAGI1AAAbirthdays=";

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct MicrosoftConfig {
    /// The app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The address of whoever the calendars are of.
    pub owner: String,
    /// The day that the seeds lie around.
    pub today: NaiveDate,
    /// How long an access token lives, in seconds.
    pub access_s: i64,
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for MicrosoftConfig {
    fn default() -> Self {
        Self {
            client_id: "standin-microsoft-client".into(),
            client_secret: "standin-microsoft-secret".into(),
            owner: "front@acmedental.example".into(),
            today: NaiveDate::from_ymd_opt(2026, 10, 15).unwrap_or_default(),
            access_s: 3_599,
            seed: 27,
        }
    }
}

/// An event.
#[derive(Clone, Debug)]
struct Event {
    calendar: &'static str,
    value: Value,
    /// The number of its last change.
    change: u64,
    /// Whether it is an appointment of a customer that a reader can see.
    appointment: bool,
}

#[derive(Default)]
struct Data {
    events: Vec<Event>,
    changes: u64,
    /// Links of before this change are forgotten.
    forgotten: u64,
}

/// One account.
pub struct Microsoft {
    /// How it was set up.
    pub config: MicrosoftConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    data: Mutex<Data>,
}

impl Standin for Microsoft {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

/// `{"error":{code, message, innerError}}`.
fn error(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let inner = json!({ "date": "2026-10-15T09:00:00", "request-id": "r1", "client-request-id": "r1" });
    (status, axum::Json(json!({ "error": { "code": code, "message": message, "innerError": inner } }))).into_response()
}

fn wording(status: u16, _name: Option<&str>) -> Response {
    match status {
        401 => error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
        403 => error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        404 => error(404, "ErrorItemNotFound", "The specified object was not found in the store."),
        410 => error(410, "syncStateNotFound", "The sync state generation is not found; a full sync is needed."),
        429 => error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        503 => error(503, "serviceNotAvailable", "The service is temporarily unavailable."),
        _ => error(status, "generalException", "An unspecified error has occurred."),
    }
}

/// A moment as Graph shows it: without an offset, with its zone beside it.
fn moment(at: DateTime<Utc>) -> Value {
    json!({ "dateTime": at.format("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "timeZone": "UTC" })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An event with a guest, as everything is at first.
fn event(id: &str, owner: &str, guest: &str, made: DateTime<Utc>, starts: DateTime<Utc>) -> Value {
    json!({
        "@odata.etag": format!("W/\"{id}\""), "id": id, "iCalUId": format!("0400{id}"), "createdDateTime": stamp(made),
        "lastModifiedDateTime": stamp(made), "subject": "Check-up", "bodyPreview": "Notes that nobody is to read.", "isAllDay": false,
        "body": { "contentType": "text", "content": "Notes that nobody is to read." }, "isCancelled": false, "isOrganizer": true,
        "sensitivity": "normal", "showAs": "busy", "type": "singleInstance", "seriesMasterId": null, "start": moment(starts),
        "end": moment(starts), "organizer": { "emailAddress": { "name": "Front desk", "address": owner } },
        "attendees": [{ "type": "required", "status": { "response": "none" }, "emailAddress": { "name": "Guest", "address": guest } }],
    })
}

impl Microsoft {
    /// Starts an account on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: MicrosoftConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("microsoft", config.seed, wording);
        let grants = Grants::new(&config.client_id, &config.client_secret, config.access_s, true);
        let microsoft = Self { config, grants, shared, data: Mutex::default() };
        microsoft.seed();
        let microsoft = Arc::new(microsoft);
        Handle::start(bind, Arc::clone(&microsoft), routes(microsoft)).await
    }

    fn data<T>(&self, act: impl FnOnce(&mut Data) -> T) -> T {
        act(&mut locked(&self.data))
    }

    /// An hour of a day, so many days after the seeds' own or before it.
    fn at(&self, after: i64, hour: u32) -> DateTime<Utc> {
        let (today, days) = (self.config.today, Days::new(after.unsigned_abs()));
        let day = if after < 0 { today.checked_sub_days(days) } else { today.checked_add_days(days) };
        day.and_then(|day| day.and_hms_opt(hour, 0, 0)).unwrap_or_default().and_utc()
    }

    fn add(&self, calendar: &'static str, value: Value, appointment: bool) {
        self.data(|data| {
            data.changes += 1;
            data.events.push(Event { calendar, value, change: data.changes, appointment });
        });
    }

    fn seed(&self) {
        let (owner, made) = (self.config.owner.as_str(), self.at(-40, 9));
        for n in 0..35_i64 {
            let (guest, starts) = (format!("client{n}@example.com"), self.at(n - 20, 14));
            self.add(OWN, event(&format!("AAMkAGI1AAAappt{n:03}="), owner, &guest, made, starts), true);
        }
        for n in 0..15_i64 {
            let (guest, starts) = (format!("client{n}@example.com"), self.at(n, 16));
            self.add(CHAIR, event(&format!("AAMkAGI1AAAchair{n:03}="), owner, &guest, made, starts), true);
        }
        let with = |id: &str, changes: &[(&str, Value)], appointment: bool| {
            let mut value = event(id, owner, "ana@example.com", made, self.at(3, 15));
            for (name, told) in changes {
                value[*name] = told.clone();
            }
            self.add(OWN, value, appointment);
        };
        let colleague = json!([{ "type": "required", "status": { "response": "accepted" }, "emailAddress": { "address": "lee@acmedental.example" } }]);
        with("AAMkAGI1AAAstaff=", &[("attendees", colleague)], false);
        with("AAMkAGI1AAAallday=", &[("isAllDay", json!(true))], false);
        with("AAMkAGI1AAAprivate=", &[("sensitivity", json!("private"))], false);
        with("AAMkAGI1AAAtentative=", &[("showAs", json!("tentative"))], true);
        with("AAMkAGI1AAAoff=", &[("isCancelled", json!(true))], true);
        with("AAMkAGI1AAAseries=", &[("type", json!("seriesMaster"))], false);
        // Times of a series come bare.
        for n in 0..5_i64 {
            let starts = self.at(7 * (n + 1), 15);
            let time = json!({
                "id": format!("AAMkAGI1AAAseries{n}="), "type": "occurrence", "seriesMasterId": "AAMkAGI1AAAseries=", "start": moment(starts),
                "end": moment(starts),
            });
            self.add(OWN, time, true);
        }
    }

    /// How many appointments of customers there are to be read.
    pub fn appointments(&self) -> usize {
        self.data(|data| data.events.iter().filter(|event| event.appointment).count())
    }

    /// A guest is invited at `made` to a time that begins at `starts`. Gives the event's id.
    pub fn appointment_comes(&self, guest: &str, made: DateTime<Utc>, starts: DateTime<Utc>) -> String {
        let id = format!("AAMkAGI1AAA{}=", self.shared.dice.word(40));
        self.add(OWN, event(&id, &self.config.owner, guest, made, starts), true);
        id
    }

    /// A guest of an event declines at `at`.
    pub fn guest_declines(&self, id: &str, at: DateTime<Utc>) {
        self.change(id, |value| {
            value["attendees"][0]["status"]["response"] = json!("declined");
            value["lastModifiedDateTime"] = json!(stamp(at));
        });
    }

    /// The owner removes an event: only its name is left.
    pub fn event_is_removed(&self, id: &str) {
        self.change(id, |value| *value = json!({ "id": id, "@removed": { "reason": "deleted" } }));
    }

    /// An event is removed and every link is forgotten: nobody is told any more.
    pub fn event_is_purged(&self, id: &str) {
        self.data(|data| {
            data.events.retain(|event| event.value["id"] != id);
            data.changes += 1;
            data.forgotten = data.changes;
        });
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        self.data(|data| {
            data.changes += 1;
            let number = data.changes;
            if let Some(event) = data.events.iter_mut().find(|event| event.value["id"] == id) {
                event.change = number;
                change(&mut event.value);
            }
        });
    }

    /// Why a request is not served.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        match self.grants.scopes(&self.shared, bearer(headers)) {
            Err(Denied::Unknown | Denied::Expired) => Some(wording(401, None)),
            Ok(scopes) if !scopes.iter().any(|held| held == CALENDARS) => Some(wording(403, None)),
            Ok(_) => None,
        }
    }
}

fn routes(microsoft: Arc<Microsoft>) -> Router {
    Router::new()
        .route("/v1.0/me/calendar", get(delta::own))
        .route("/v1.0/me/calendars", get(delta::calendars))
        .route("/v1.0/me/calendars/{calendar}/calendarView/delta", get(delta::delta))
        .route("/v1.0/me/events/{event}", get(delta::event))
        .layer(axum::middleware::from_fn(garbled))
        .route("/common/oauth2/v2.0/authorize", get(consent))
        .route("/common/oauth2/v2.0/token", post(token))
        .with_state(microsoft)
}

async fn consent(State(microsoft): State<Arc<Microsoft>>, RawQuery(query): RawQuery) -> Response {
    microsoft.grants.consent(&microsoft.shared, &query.unwrap_or_default())
}

async fn token(State(microsoft): State<Arc<Microsoft>>, parts: Parts, body: String) -> Response {
    grants::answer(microsoft.grants.token(&microsoft.shared, &parts.headers, &pairs(&body)))
}
