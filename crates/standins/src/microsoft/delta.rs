//! Calendars, and the events of one: first all of a stretch of time, then what changed, by links.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};

use super::{BIRTHDAYS, CHAIR, Event, Microsoft, OWN, error, wording};
use crate::server::form::pairs;
use crate::sign::percent;
use crate::sources::repeats;

fn shown(microsoft: &Microsoft, id: &str, name: &str, own: bool) -> Value {
    json!({
        "id": id, "name": name, "isDefaultCalendar": id == OWN, "canEdit": own, "canShare": own,
        "owner": { "name": "Front desk", "address": microsoft.config.owner },
    })
}

/// `GET /me/calendar`.
pub(super) async fn own(State(microsoft): State<Arc<Microsoft>>, parts: Parts) -> Response {
    let refused = microsoft.refusal(&parts.headers);
    refused.unwrap_or_else(|| Json(shown(&microsoft, OWN, "Calendar", true)).into_response())
}

/// `GET /me/calendars`, in two pages.
pub(super) async fn calendars(State(microsoft): State<Arc<Microsoft>>, parts: Parts) -> Response {
    if let Some(refused) = microsoft.refusal(&parts.headers) {
        return refused;
    }
    let ask = pairs(parts.uri.query().unwrap_or_default());
    if ask.get("$skip").is_some_and(|skip| skip == "2") {
        return Json(json!({ "value": [shown(&microsoft, BIRTHDAYS, "Birthdays", false)] })).into_response();
    }
    let next = format!("{}/v1.0/me/calendars?$skip=2", microsoft.shared.base_url());
    let first = [shown(&microsoft, OWN, "Calendar", true), shown(&microsoft, CHAIR, "Chair 2", true)];
    Json(json!({ "value": first, "@odata.nextLink": next })).into_response()
}

/// `GET /me/events/{id}`.
pub(super) async fn event(State(microsoft): State<Arc<Microsoft>>, Path(id): Path<String>, parts: Parts) -> Response {
    if let Some(refused) = microsoft.refusal(&parts.headers) {
        return refused;
    }
    let found = microsoft.data(|data| {
        let held = data.events.iter().find(|event| event.value["id"] == id.as_str());
        held.filter(|event| event.value["@removed"].is_null()).map(|event| event.value.clone())
    });
    found.map_or_else(|| wording(404, None), |value| Json(value).into_response())
}

/// Where a link goes on.
#[derive(Clone, Copy)]
struct Link {
    /// Only what changed after this.
    since: u64,
    /// The change that the round under way began at.
    until: u64,
    /// From this place on.
    offset: usize,
    /// The stretch of time, in seconds.
    from: i64,
    to: i64,
}

impl Link {
    fn read(text: &str) -> Option<Self> {
        let parts: Option<Vec<i64>> = text.split('_').map(|part| part.parse().ok()).collect();
        let [since, until, offset, from, to]: [i64; 5] = parts?.try_into().ok()?;
        let (since, until) = (u64::try_from(since).ok()?, u64::try_from(until).ok()?);
        Some(Self { since, until, offset: usize::try_from(offset).ok()?, from, to })
    }

    fn written(self) -> String {
        format!("{}_{}_{}_{}_{}", self.since, self.until, self.offset, self.from, self.to)
    }
}

/// A refusal of a question: code and message.
type Wrong = (&'static str, &'static str);

/// What is asked for: a new round over a stretch, the next page, or what changed.
fn asked(ask: &BTreeMap<String, String>, changes: u64) -> Result<Link, Wrong> {
    let instant = |name: &str| {
        let text = ask.get(name).map_or("", String::as_str);
        let at = DateTime::parse_from_rfc3339(text).map(|at| at.timestamp());
        at.map_err(|_| ("ErrorInvalidParameter", "This request requires a valid startDateTime and endDateTime."))
    };
    let link = |text: &str| Link::read(text).ok_or(("ErrorInvalidUrlQuery", "The token is badly formed."));
    match (ask.get("$skiptoken"), ask.get("$deltatoken")) {
        (Some(page), None) => link(page),
        (None, Some(changed)) => Ok(Link { until: changes, offset: 0, ..link(changed)? }),
        (None, None) => {
            if ask.keys().any(|name| name.starts_with('$')) {
                return Err(("ErrorInvalidUrlQuery", "The query is not supported with change tracking."));
            }
            let (from, to) = (instant("startDateTime")?, instant("endDateTime")?);
            Ok(Link { since: 0, until: changes, offset: 0, from, to })
        }
        _ => Err(("ErrorInvalidUrlQuery", "One token at a time.")),
    }
}

fn starts(event: &Event) -> Option<DateTime<Utc>> {
    let text = event.value["start"]["dateTime"].as_str()?;
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc())
}

/// `GET /me/calendars/{id}/calendarView/delta`.
pub(super) async fn delta(
    State(microsoft): State<Arc<Microsoft>>,
    Path(calendar): Path<String>,
    parts: Parts,
) -> Response {
    if let Some(refused) = microsoft.refusal(&parts.headers) {
        return refused;
    }
    if calendar != OWN && calendar != CHAIR {
        return wording(404, None);
    }
    let prefer = parts.headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !prefer.contains("outlook.timezone=\"UTC\"") {
        return error(400, "ErrorInvalidRequest", "The stand-in shows times in UTC only: ask for them.");
    }
    let size =
        prefer.split("odata.maxpagesize=").nth(1).and_then(|rest| rest.split(',').next()?.trim().parse::<usize>().ok());
    let size = size.unwrap_or(10).clamp(1, 1_000);
    let ask = pairs(parts.uri.query().unwrap_or_default());
    microsoft.data(|data| {
        let mut link = match asked(&ask, data.changes) {
            Ok(link) => link,
            Err((code, message)) => return error(400, code, message),
        };
        if link.since > 0 && link.since < data.forgotten {
            return wording(410, None);
        }
        if repeats(&parts.extensions) {
            link.offset = 0;
        }
        let fits = |event: &&Event| {
            let within = starts(event).is_none_or(|at| (link.from..link.to).contains(&at.timestamp()));
            let removed = !event.value["@removed"].is_null();
            let new = event.change > link.since && event.change <= link.until;
            event.calendar == calendar && within && new && (link.since > 0 || !removed)
        };
        let all: Vec<&Event> = data.events.iter().filter(fits).collect();
        let page: Vec<&Value> = all.iter().skip(link.offset).take(size).map(|event| &event.value).collect();
        let after = link.offset + page.len();
        let base = microsoft.shared.base_url();
        let to = |name: &str, link: Link| {
            format!("{base}/v1.0/me/calendars/{}/calendarView/delta?{name}={}", percent(&calendar), link.written())
        };
        let mut answer = json!({ "@odata.context": format!("{base}/v1.0/$metadata#Collection(event)"), "value": page });
        if after < all.len() {
            answer["@odata.nextLink"] = json!(to("$skiptoken", Link { offset: after, ..link }));
        } else {
            answer["@odata.deltaLink"] = json!(to("$deltatoken", Link { since: link.until, offset: 0, ..link }));
        }
        Json(answer).into_response()
    })
}
