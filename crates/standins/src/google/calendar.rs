//! Calendar: the list of calendars and their events, whole in a stretch of time and by what changed since a sync token.
//!
//! A newcomer's mistakes: a sync token together with a stretch of time, and expecting a removed event to say more than its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days};
use serde_json::{Map, Value, json};

use super::{CALENDAR, Data, Google, GoogleConfig, GoogleError, page};
use crate::server::form::pairs;
use crate::sign::sha256_hex;
use crate::sources::repeats;

/// A second calendar, which the account may write to.
pub const CHAIR: &str = "c_chair2@group.calendar.google.com";
/// Holidays, which nobody may write to.
const HOLIDAYS: &str = "en.usa#holiday@group.v.calendar.google.com";
const ZONE: &str = "America/Chicago";

/// An event of a calendar.
#[derive(Clone, Debug)]
pub struct Event {
    /// The calendar it is in.
    pub calendar: String,
    /// As it is shown.
    pub value: Value,
    /// The number of its last change.
    pub change: u64,
    /// Whether it is an appointment of a customer that a reader can see.
    pub appointment: bool,
}

/// A day of the seeds: this many days after the last one that has data, or before it.
fn day(config: &GoogleConfig, after: i64) -> String {
    let days = Days::new(after.unsigned_abs());
    let day = if after < 0 { config.today.checked_sub_days(days) } else { config.today.checked_add_days(days) };
    day.unwrap_or(config.today).to_string()
}

fn timed(starts: &str) -> Value {
    json!({ "dateTime": starts, "timeZone": ZONE })
}

/// An event with a guest, as everything is at first.
fn event(id: &str, owner: &str, guest: &str, made: &str, starts: &str) -> Value {
    json!({
        "kind": "calendar#event", "etag": format!("\"{id}\""), "id": id, "status": "confirmed", "iCalUID": format!("{id}@google.com"),
        "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"), "created": made, "updated": made,
        "summary": "Check-up", "description": "Notes that nobody is to read.", "creator": { "email": owner },
        "organizer": { "email": owner, "self": true }, "start": timed(starts), "end": timed(starts), "eventType": "default",
        "attendees": [
            { "email": owner, "self": true, "organizer": true, "responseStatus": "accepted" },
            { "email": guest, "responseStatus": "needsAction" },
        ],
    })
}

/// What the calendars hold at the start.
pub(super) fn seed(config: &GoogleConfig, data: &mut Data) {
    let owner = config.owner.as_str();
    let made = format!("{}T09:00:00.000Z", day(config, -40));
    let mut add = |calendar: &str, value: Value, appointment: bool| {
        data.changes += 1;
        data.events.push(Event { calendar: calendar.to_owned(), value, change: data.changes, appointment });
    };
    for n in 0..40_i64 {
        let starts = format!("{}T{:02}:30:00-05:00", day(config, n - 20), 9 + n % 7);
        add(owner, event(&format!("appt{n:03}"), owner, &format!("client{n}@example.com"), &made, &starts), true);
    }
    for n in 0..15_i64 {
        let starts = format!("{}T15:00:00-05:00", day(config, n));
        add(CHAIR, event(&format!("chair{n:03}"), owner, &format!("client{n}@example.com"), &made, &starts), true);
    }
    let soon = format!("{}T10:00:00-05:00", day(config, 3));
    for n in 0..6 {
        add(owner, event(&format!("staff{n}"), owner, "lee@acmedental.example", &made, &soon), false);
    }
    let mut with = |id: &str, name: &str, told: Value, appointment: bool| {
        let mut value = event(id, owner, "ana@example.com", &made, &soon);
        value[name] = told;
        add(owner, value, appointment);
    };
    with("allday", "start", json!({ "date": day(config, 3) }), false);
    with("private", "visibility", json!("private"), false);
    with("tentative", "status", json!("tentative"), true);
    with("off", "status", json!("cancelled"), true);
    // A series by its instances; of one that was taken out only the name is left.
    for n in 0..6 {
        let on = day(config, 7 * (n + 1));
        let (id, starts) = (format!("series_{}", on.replace('-', "")), format!("{on}T11:00:00-05:00"));
        let mut value = event(&id, owner, "bo@example.com", &made, &starts);
        value["recurringEventId"] = json!("series");
        value["originalStartTime"] = timed(&starts);
        if n == 2 {
            value = json!({
                "kind": "calendar#event", "id": id, "status": "cancelled", "recurringEventId": "series", "originalStartTime": timed(&starts),
            });
        }
        add(owner, value, n != 2);
    }
}

type Query = BTreeMap<String, String>;

/// `GET /calendar/v3/users/me/calendarList`.
pub(super) async fn list(State(google): State<Arc<Google>>, parts: Parts) -> Result<Json<Value>, GoogleError> {
    google.admit(&parts, CALENDAR)?;
    Ok(Json(json!({ "kind": "calendar#calendarList", "items": calendars(&google.config) })))
}

/// `GET /calendar/v3/users/me/calendarList/primary`.
pub(super) async fn primary(State(google): State<Arc<Google>>, parts: Parts) -> Result<Json<Value>, GoogleError> {
    google.admit(&parts, CALENDAR)?;
    Ok(Json(calendars(&google.config).swap_remove(0)))
}

fn calendars(config: &GoogleConfig) -> Vec<Value> {
    let entry = |id: &str, name: &str, role: &str| json!({ "kind": "calendar#calendarListEntry", "id": id, "summary": name, "timeZone": ZONE, "accessRole": role });
    let mut own = entry(&config.owner, "Front desk", "owner");
    own["primary"] = json!(true);
    vec![own, entry(CHAIR, "Chair 2", "writer"), entry(HOLIDAYS, "Holidays in United States", "reader")]
}

/// `GET /calendar/v3/calendars/{calendar}/events`.
pub(super) async fn events(State(google): State<Arc<Google>>, Path(calendar): Path<String>, parts: Parts) -> Response {
    let answer = google.admit(&parts, CALENDAR).and_then(|()| told(&google, &calendar, &parts));
    match answer {
        Ok(Some(answer)) => Json(answer).into_response(),
        Ok(None) => forgotten(),
        Err(error) => error.into_response(),
    }
}

fn forgotten() -> Response {
    let message = "Sync token is no longer valid, a full sync is required.";
    let errors = json!([{ "domain": "calendar", "reason": "fullSyncRequired", "message": message }]);
    let error = json!({ "error": { "errors": errors, "code": 410, "message": message } });
    (StatusCode::GONE, Json(error)).into_response()
}

fn invalid(what: &str) -> GoogleError {
    GoogleError::invalid(&format!("Invalid value for: {what}"))
}

/// What a sync token goes with: everything that was asked, but for pages and the stretch of time.
fn bound(calendar: &str, query: &Query) -> String {
    let apart = ["pageToken", "syncToken", "timeMin", "timeMax"];
    let kept: Vec<_> = query.iter().filter(|(name, _)| !apart.contains(&name.as_str())).collect();
    sha256_hex(format!("{calendar} {kept:?}").as_bytes())[..12].to_owned()
}

/// The answer; none where the sync token is forgotten.
fn told(google: &Google, calendar: &str, parts: &Parts) -> Result<Option<Value>, GoogleError> {
    let query = pairs(parts.uri.query().unwrap_or_default());
    let get = |name: &str| query.get(name).map(String::as_str);
    if !calendars(&google.config).iter().any(|one| one["id"] == calendar) {
        return Err(GoogleError::missing());
    }
    let size = get("maxResults").map_or(Ok(250), |size| size.parse::<usize>().map_err(|_| invalid("maxResults")))?;
    if !(1..=2_500).contains(&size) || get("singleEvents") != Some("true") {
        return Err(invalid("maxResults or singleEvents"));
    }
    let instant = |name: &str| match get(name) {
        None => Ok(None),
        Some(text) => DateTime::parse_from_rfc3339(text).map(Some).map_err(|_| invalid(name)),
    };
    let (from, to) = (instant("timeMin")?, instant("timeMax")?);
    let removed = get("showDeleted") == Some("true");
    let bound = bound(calendar, &query);
    let since = match get("syncToken") {
        None => None,
        Some(_) if from.is_some() || to.is_some() || get("updatedMin").is_some() || !removed => {
            return Err(GoogleError::invalid(
                "Sync token cannot be used with a stretch of time or without deleted events.",
            ));
        }
        Some(token) => match token.split_once('.') {
            Some((change, of)) if of == bound => Some(change.parse::<u64>().map_err(|_| invalid("syncToken"))?),
            _ => return Err(invalid("syncToken")),
        },
    };
    let asked: Vec<_> = query.iter().filter(|(name, _)| *name != "pageToken").collect();
    let question = format!("{calendar} {asked:?}");
    google.data(|data| {
        if since.is_some_and(|since| since < data.forgotten) {
            return Ok(None);
        }
        let at = |event: &Value| {
            let start = [&event["start"], &event["originalStartTime"]].into_iter().find(|one| one.is_object());
            let told = start.and_then(|start| start["dateTime"].as_str());
            told.and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        };
        let shown = |event: &&Event| {
            if let Some(since) = since {
                return event.change > since;
            }
            let starts = at(&event.value);
            (removed || event.value["status"] != "cancelled")
                && from.is_none_or(|from| starts.is_none_or(|at| at >= from))
                && to.is_none_or(|to| starts.is_none_or(|at| at < to))
        };
        let all: Vec<&Event> = data.events.iter().filter(|event| event.calendar == calendar).filter(shown).collect();
        let token = if repeats(&parts.extensions) { "" } else { get("pageToken").unwrap_or_default() };
        let (range, next) = page(token, &question, size, all.len())?;
        let fields = get("fields").map(item_fields);
        let items: Vec<Value> = all[range].iter().map(|event| selected(&event.value, fields.as_deref())).collect();
        let mut answer = json!({ "items": items });
        match next {
            Some(next) => answer["nextPageToken"] = json!(next),
            None => answer["nextSyncToken"] = json!(format!("{}.{bound}", data.changes)),
        }
        Ok(Some(answer))
    })
}

/// The names within `items(…)` of a selection.
fn item_fields(fields: &str) -> Vec<String> {
    let inside = fields.split_once("items(").map(|(_, rest)| rest).unwrap_or_default();
    let (mut names, mut depth) = (vec![String::new()], 0);
    for letter in inside.chars() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            letter if depth == 0 => {
                if let Some(name) = names.last_mut() {
                    name.push(letter);
                }
            }
            _ => {}
        }
    }
    names
}

/// An event with only the fields asked for.
fn selected(event: &Value, fields: Option<&[String]>) -> Value {
    let Some(fields) = fields else { return event.clone() };
    let all = event.as_object().into_iter().flatten();
    let kept = all.filter(|(name, _)| fields.contains(name));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<String, Value>>())
}

impl Google {
    /// How many appointments of customers there are to be read.
    pub fn appointments(&self) -> usize {
        self.data(|data| data.events.iter().filter(|event| event.appointment).count())
    }

    /// A guest is invited at `made` to a time that begins at `starts` (RFC 3339). Gives the event's id.
    pub fn appointment_comes(&self, guest: &str, made: &str, starts: &str) -> String {
        let id = format!("new{}", self.shared.dice.digits(12));
        let value = event(&id, &self.config.owner, guest, made, starts);
        self.data(|data| {
            data.changes += 1;
            let calendar = self.config.owner.clone();
            data.events.push(Event { calendar, value, change: data.changes, appointment: true });
        });
        id
    }

    fn event_changes(&self, id: &str, change: impl FnOnce(&mut Event)) {
        self.data(|data| {
            data.changes += 1;
            let number = data.changes;
            if let Some(event) = data.events.iter_mut().find(|event| event.value["id"] == id) {
                event.change = number;
                change(event);
            }
        });
    }

    /// The owner cancels an event at `at`; it still says what it was.
    pub fn appointment_is_cancelled(&self, id: &str, at: &str) {
        self.event_changes(id, |event| {
            event.value["status"] = json!("cancelled");
            event.value["updated"] = json!(at);
        });
    }

    /// An event is removed so that only its name is left.
    pub fn appointment_is_removed(&self, id: &str) {
        self.event_changes(id, |event| {
            event.appointment = false;
            event.value = json!({ "kind": "calendar#event", "id": id, "status": "cancelled" });
        });
    }

    /// An event is removed for good, and every sync token is forgotten: nobody is told any more.
    pub fn appointment_is_purged(&self, id: &str) {
        self.data(|data| {
            data.events.retain(|event| event.value["id"] != id);
            data.changes += 1;
            data.forgotten = data.changes;
        });
    }
}
