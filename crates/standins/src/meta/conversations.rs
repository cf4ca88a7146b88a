//! `GET /{page-id}/conversations`: what the page and its people wrote, for asking whether a message arrived.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::{Call, GraphError, Holder, Meta};
use crate::server::clock::iso;
use crate::threads::{Author, Visible};

const NEWEST: usize = 20;

pub(super) async fn list(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    let (now, limit) = (meta.now_ms(), meta.config.limits.conversations_per_s);
    let account = meta.state(|state| {
        let account = state.accounts.get(&call.id).ok_or_else(|| GraphError::no_object(&call.id))?;
        let own = match &call.holder {
            Holder::Page(id) | Holder::Instagram(id) => *id == call.id,
            _ => false,
        };
        if !own {
            return Err(GraphError::new(403, 200, "(#200) Requires pages_messaging permission to manage the object"));
        }
        if limit != u64::MAX && !state.meter.take(&format!("conversations/{}", call.id), now, limit, 1000).allowed {
            return Err(GraphError::new(400, 613, "(#613) Calls to this api have exceeded the rate limit."));
        }
        let on_instagram = call.text("platform") == Some("instagram");
        Ok(account.linked.clone().filter(|_| on_instagram && !account.instagram).unwrap_or_else(|| call.id.clone()))
    })?;
    let people = match call.text("user_id") {
        Some(person) => vec![person.to_owned()],
        None => meta.threads.people(&account),
    };
    let data: Vec<Value> = people
        .iter()
        .map(|person| (person, meta.threads.thread(&account, person)))
        .filter(|(_, thread)| !thread.is_empty())
        .map(|(person, thread)| conversation(&account, person, &thread))
        .collect();
    Ok(Json(json!({ "data": data })))
}

fn conversation(account: &str, person: &str, thread: &[Visible]) -> Value {
    let messages: Vec<Value> = thread.iter().rev().take(NEWEST).map(|message| one(account, message)).collect();
    json!({
        "id": format!("t_{account}{person}"),
        "updated_time": thread.last().map(|message| iso(message.at_ms)),
        "participants": { "data": [{ "id": person }, { "id": account }] },
        "messages": { "data": messages },
    })
}

fn one(account: &str, message: &Visible) -> Value {
    let (from, to) = match message.author {
        Author::Customer => (message.person.as_str(), account),
        Author::App | Author::Native => (account, message.person.as_str()),
    };
    json!({
        "id": message.id, "created_time": iso(message.at_ms), "message": message.text.as_deref().unwrap_or_default(),
        "from": { "id": from }, "to": { "data": [{ "id": to }] },
    })
}
