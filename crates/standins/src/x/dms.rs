//! Direct messages: sent, read back, taken back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Call;
use super::{Problem, X, events, problem};
use crate::server::clock::iso;
use crate::server::meter::Reading;
use crate::threads::{Author, Platform, Visible};

const TEXT_CHARS: usize = 10_000;
const QUARTER_MS: i64 = 15 * 60 * 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// `POST /2/dm_conversations/with/{participant_id}/messages`.
pub(super) async fn send_with(
    State(x): State<Arc<X>>,
    Path(person): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    let user = call.user(&["dm.write", "dm.read", "tweet.read", "users.read"])?.to_owned();
    send(&x, &user, &person, &call.body)
}

/// `POST /2/dm_conversations/{dm_conversation_id}/messages`.
pub(super) async fn send_in(State(x): State<Arc<X>>, Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    let user = call.user(&["dm.write", "dm.read", "tweet.read", "users.read"])?.to_owned();
    let person = other(&id, &user).ok_or_else(|| Problem::forbidden("You are not part of this conversation."))?;
    send(&x, &user, &person, &call.body)
}

fn send(x: &Arc<X>, user: &str, person: &str, body: &Value) -> Result<Response, Problem> {
    if person.is_empty() || person.len() > 19 || !person.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::invalid(&format!(
            "The `participant_id` path parameter value [{person}] does not match ^[0-9]{{1,19}}$"
        )));
    }
    let reading = check_rate(x, user)?;
    let text = check_body(x, body)?;
    let allowed = x.state(|state| state.people.get(person).is_some_and(|known| !known.closed));
    if !allowed {
        return Err(Problem::forbidden("You cannot send messages to this user."));
    }
    let now = x.now_ms();
    let id = x.state(|state| state.next_id(now));
    let message = Visible {
        number: 0,
        id: id.clone(),
        platform: Platform::X,
        account: user.to_owned(),
        person: person.to_owned(),
        author: Author::App,
        kind: if text.is_some() { "text" } else { "media" }.to_owned(),
        text,
        key: None,
        at_ms: now,
        content: body.clone(),
    };
    events::sent(x, &message);
    x.threads.show(message);
    let answer = json!({ "data": { "dm_conversation_id": conversation(user, person), "dm_event_id": id } });
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    problem::with_limit(&mut response, x.config.limits.dms_per_15_min, reading);
    Ok(response)
}

fn check_rate(x: &X, user: &str) -> Result<Reading, Problem> {
    let (now, limits) = (x.now_ms(), x.config.limits);
    x.state(|state| {
        let day = state.meter.take(&format!("dm/day/{user}"), now, limits.dms_per_day, DAY_MS);
        if !day.allowed {
            return Err(Problem::too_many(limits.dms_per_day, day));
        }
        let quarter = state.meter.take(&format!("dm/{user}"), now, limits.dms_per_15_min, QUARTER_MS);
        if quarter.allowed { Ok(quarter) } else { Err(Problem::too_many(limits.dms_per_15_min, quarter)) }
    })
}

fn check_body(x: &X, body: &Value) -> Result<Option<String>, Problem> {
    let text = match &body["text"] {
        Value::Null => None,
        Value::String(text) if !text.is_empty() && text.chars().count() <= TEXT_CHARS => Some(text.clone()),
        _ => return Err(Problem::invalid("text must have 1 to 10000 characters")),
    };
    match body["attachments"].as_array().map(Vec::as_slice) {
        None | Some([]) if text.is_some() => Ok(text),
        None | Some([]) => Err(Problem::invalid("At least one of text and attachments is required")),
        Some([one]) => {
            let id = one["media_id"].as_str().unwrap_or_default();
            if x.state(|state| state.media.contains(id)) {
                Ok(text)
            } else {
                Err(Problem::invalid("Your media IDs are invalid."))
            }
        }
        Some(_) => Err(Problem::invalid("Exactly one attachment is supported")),
    }
}

/// `POST /2/media/upload`: gives an id that one message may carry.
pub(super) async fn upload(State(x): State<Arc<X>>) -> Json<Value> {
    let id = x.shared.dice.digits(19);
    x.state(|state| state.media.insert(id.clone()));
    Json(json!({ "data": { "id": id, "media_key": format!("3_{id}"), "expires_after_secs": 86_400 } }))
}

/// How much to read.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "dm_event.fields", default)]
    fields: String,
    #[serde(default = "hundred")]
    max_results: usize,
    pagination_token: Option<String>,
}

fn hundred() -> usize {
    100
}

/// `GET /2/dm_conversations/with/{id}/dm_events`.
pub(super) async fn read_with(
    State(x): State<Arc<X>>,
    Path(person): Path<String>,
    Query(page): Query<Page>,
    call: Call,
) -> Result<Response, Problem> {
    let user = call.user(&["dm.read"])?.to_owned();
    read(&x, &user, &page, x.threads.thread(&user, &person))
}

/// `GET /2/dm_conversations/{id}/dm_events`.
pub(super) async fn read_in(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    Query(page): Query<Page>,
    call: Call,
) -> Result<Response, Problem> {
    let user = call.user(&["dm.read"])?.to_owned();
    let person = other(&id, &user).ok_or_else(|| Problem::forbidden("You are not part of this conversation."))?;
    read(&x, &user, &page, x.threads.thread(&user, &person))
}

/// `GET /2/dm_events`.
pub(super) async fn read_all(
    State(x): State<Arc<X>>,
    Query(page): Query<Page>,
    call: Call,
) -> Result<Response, Problem> {
    let user = call.user(&["dm.read"])?.to_owned();
    let all = x.threads.since(0).into_iter().filter(|message| message.account == user).collect();
    read(&x, &user, &page, all)
}

/// Newest first, a page at a time.
fn read(x: &X, user: &str, page: &Page, messages: Vec<Visible>) -> Result<Response, Problem> {
    let (now, limit) = (x.now_ms(), x.config.limits.reads_per_15_min);
    let reading = x.state(|state| state.meter.take(&format!("read/{user}"), now, limit, QUARTER_MS));
    if !reading.allowed {
        return Err(Problem::too_many(limit, reading));
    }
    if !(1..=100).contains(&page.max_results) {
        return Err(Problem::invalid("max_results must be between 1 and 100"));
    }
    let from: usize = page.pagination_token.as_deref().and_then(|token| token.parse().ok()).unwrap_or(0);
    let kept: Vec<Visible> =
        x.state(|state| messages.into_iter().rev().filter(|message| !state.deleted.contains(&message.id)).collect());
    let data: Vec<Value> =
        kept.iter().skip(from).take(page.max_results).map(|message| one(message, &page.fields)).collect();
    let mut meta = json!({ "result_count": data.len() });
    if from + data.len() < kept.len() {
        meta["next_token"] = json!((from + data.len()).to_string());
    }
    let mut response =
        Json(if data.is_empty() { json!({ "meta": meta }) } else { json!({ "data": data, "meta": meta }) })
            .into_response();
    problem::with_limit(&mut response, limit, reading);
    Ok(response)
}

/// One event with the fields that were asked for beside the usual three.
fn one(message: &Visible, fields: &str) -> Value {
    let mut event = json!({ "id": message.id, "event_type": "MessageCreate" });
    if let Some(text) = &message.text {
        event["text"] = json!(text);
    }
    let sender = if message.author == Author::Customer { &message.person } else { &message.account };
    for field in fields.split(',') {
        match field {
            "sender_id" => event["sender_id"] = json!(sender),
            "created_at" => event["created_at"] = json!(iso(message.at_ms)),
            "dm_conversation_id" => {
                event["dm_conversation_id"] = json!(conversation(&message.account, &message.person));
            }
            _ => {}
        }
    }
    event
}

/// `DELETE /2/dm_events/{id}`.
pub(super) async fn remove(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    let user = call.user(&["dm.write", "dm.read"])?;
    let own = x.threads.find(&id).is_some_and(|message| message.account == user && message.author != Author::Customer);
    if !own {
        return Err(Problem::missing(&format!("Could not find dm_event with id: [{id}].")));
    }
    x.state(|state| state.deleted.insert(id));
    Ok(Json(json!({ "data": { "deleted": true } })))
}

/// A conversation's id: both users, the smaller number first.
pub(super) fn conversation(user: &str, person: &str) -> String {
    let order = |id: &str| (id.len(), id.to_owned());
    if order(user) < order(person) { format!("{user}-{person}") } else { format!("{person}-{user}") }
}

fn other(conversation: &str, user: &str) -> Option<String> {
    let (first, second) = conversation.split_once('-')?;
    if first == user { Some(second.to_owned()) } else { (second == user).then(|| first.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_named_by_both() {
        assert_eq!(conversation("20", "3"), "3-20");
        assert_eq!(conversation("3", "20"), "3-20");
        assert_eq!(other("3-20", "20").as_deref(), Some("3"));
        assert_eq!(other("3-20", "4"), None);
    }
}
