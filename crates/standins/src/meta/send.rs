//! `POST /{page, Instagram account or number}/messages`: one visible message, checked as the platform checks it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::rules::{self, Wanted};
use super::{Call, GraphError, Holder, Meta, events};
use crate::threads::{Author, Platform, Visible};
use crate::whatsapp;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Where a send goes.
struct Route {
    /// The account whose conversation it is.
    account: String,
    person: String,
    instagram: bool,
}

pub(super) async fn messages(State(meta): State<Arc<Meta>>, call: Call) -> Result<Response, GraphError> {
    if meta.state(|state| state.numbers.contains_key(&call.id)) {
        return whatsapp::send::send(&meta, &call);
    }
    let route = route(&meta, &call)?;
    check_rate(&meta, &route.account)?;
    let human_agent = rules::human_agent(&call.params)?;
    let wanted = rules::wanted(&call.params, route.instagram)?;
    check_window(&meta, &route, human_agent)?;
    let answer = match wanted {
        Wanted::Action(action) => {
            act(&meta, &route, action, &call.params);
            json!({ "recipient_id": route.person })
        }
        Wanted::Message(message) => {
            let id = deliver(&meta, &route, message);
            json!({ "recipient_id": route.person, "message_id": id })
        }
    };
    Ok(Json(answer).into_response())
}

/// Finds the account and checks that the caller may speak for it and that the person exists.
fn route(meta: &Meta, call: &Call) -> Result<Route, GraphError> {
    let person = rules::recipient(&call.params)?.to_owned();
    meta.state(|state| {
        let account = state.accounts.get(&call.id).ok_or_else(|| GraphError::no_object(&call.id))?;
        let allowed = match &call.holder {
            Holder::Page(page) => *page == call.id || account.linked.as_ref() == Some(page),
            Holder::Instagram(id) => *id == call.id,
            _ => false,
        };
        if !allowed {
            return Err(GraphError::new(403, 200, "(#200) Requires pages_messaging permission to manage the object"));
        }
        if account.restricted {
            let message = "(#10) This Page is temporarily restricted from sending messages.";
            return Err(GraphError::new(403, 10, message).detail(1_893_063));
        }
        let linked = account.linked.clone().filter(|_| !account.instagram);
        let own = state.person(&call.id, &person).map(|known| (call.id.clone(), account.instagram, known));
        let other = linked.and_then(|id| state.person(&id, &person).map(|known| (id, true, known)));
        let Some((account, instagram, known)) = own.or(other) else {
            return Err(GraphError::new(400, 100, "(#100) No matching user found").detail(2_018_001));
        };
        if known.blocked {
            return Err(GraphError::new(400, 551, "(#551) This person isn't available right now.").detail(1_545_041));
        }
        Ok(Route { account, person, instagram })
    })
}

fn check_rate(meta: &Meta, account: &str) -> Result<(), GraphError> {
    let (now, limit) = (meta.now_ms(), meta.config.limits.sends_per_s);
    let within = limit == u64::MAX || meta.state(|state| state.meter.take(account, now, limit, 1000)).allowed;
    if within {
        Ok(())
    } else {
        Err(GraphError::new(400, 613, "(#613) Calls to this api have exceeded the rate limit."))
    }
}

fn check_window(meta: &Meta, route: &Route, human_agent: bool) -> Result<(), GraphError> {
    let heard = meta.threads.last_heard(&route.account, &route.person).unwrap_or(i64::MIN / 2);
    let open = if human_agent { 7 * DAY_MS } else { DAY_MS };
    if meta.now_ms() - heard < open {
        return Ok(());
    }
    let message = "(#10) This message is sent outside of allowed window.";
    Err(GraphError::new(400, 10, message).detail(if route.instagram { 2_534_022 } else { 2_018_278 }))
}

fn act(meta: &Meta, route: &Route, action: &str, params: &Map<String, Value>) {
    meta.shared.count("signals");
    meta.state(|state| {
        state.signals.push(json!({
            "account": route.account, "person": route.person, "action": action, "payload": params.get("payload"),
        }));
    });
}

/// Shows the message and sends what follows it: the echo, the receipt, the read mark.
fn deliver(meta: &Meta, route: &Route, message: &Map<String, Value>) -> String {
    let dice = &meta.shared.dice;
    let id = if route.instagram { format!("aWdf{}", dice.word(40)) } else { format!("m_{}", dice.word(44)) };
    let key = message.get("metadata").and_then(Value::as_str).map(str::to_owned);
    let kind = message.get("attachment").and_then(|a| a.get("type")).and_then(Value::as_str).unwrap_or("text");
    let platform = if route.instagram { Platform::Instagram } else { Platform::Messenger };
    let visible = Visible {
        number: 0,
        id: id.clone(),
        platform,
        account: route.account.clone(),
        person: route.person.clone(),
        author: Author::App,
        kind: kind.to_owned(),
        text: message.get("text").and_then(Value::as_str).map(str::to_owned),
        key,
        at_ms: meta.now_ms(),
        content: Value::Object(message.clone()),
    };
    let app_id = meta.config.app_id.parse().ok();
    events::sent(meta, &visible, app_id);
    meta.threads.show(visible);
    id
}
