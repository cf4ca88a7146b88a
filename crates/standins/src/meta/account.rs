//! Pages of the person who signed in, the app's subscription to them, and the app's webhook.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::state::PAGE_FIELDS;
use super::{Call, GraphError, Holder, Meta};

/// `GET /me/accounts`: the pages of the person, with their tokens.
pub(super) async fn pages(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if !matches!(call.holder, Holder::User(_)) {
        return Err(GraphError::parameter("Tried accessing nonexisting field (accounts) on node type (Page)"));
    }
    let fields = call.fields();
    let pages: Vec<Value> = meta.state(|state| {
        state
            .accounts
            .iter()
            .filter(|(_, account)| !account.instagram)
            .map(|(id, account)| {
                let mut page = json!({ "id": id });
                for field in &fields {
                    match *field {
                        "name" => page["name"] = json!(account.name),
                        "access_token" => page["access_token"] = json!(account.token),
                        "tasks" => page["tasks"] = json!(["ADVERTISE", "ANALYZE", "MESSAGING", "MODERATE", "MANAGE"]),
                        field if field.starts_with("instagram_business_account") => {
                            if let Some(linked) = &account.linked {
                                page["instagram_business_account"] = json!({ "id": linked });
                            }
                        }
                        _ => {}
                    }
                }
                page
            })
            .collect()
    });
    Ok(Json(json!({ "data": pages, "paging": { "cursors": { "before": "QVFI", "after": "QVFJ" } } })))
}

/// `POST /{id}/subscribed_apps`: from now on the account's events are delivered.
pub(super) async fn subscribe(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if meta.state(|state| state.wabas.contains_key(&call.id)) {
        return set_waba(&meta, &call, true);
    }
    let fields: BTreeSet<String> = match call.params.get("subscribed_fields") {
        Some(Value::String(list)) => list.split(',').map(|field| field.trim().to_owned()).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return Err(GraphError::parameter("The parameter subscribed_fields is required.")),
    };
    let known = [
        "feed",
        "standby",
        "messaging_handovers",
        "messaging_optins",
        "messaging_policy_enforcement",
        "comments",
        "mentions",
        "live_comments",
        "story_insights",
    ];
    if let Some(unknown) =
        fields.iter().find(|field| !PAGE_FIELDS.contains(&field.as_str()) && !known.contains(&field.as_str()))
    {
        return Err(GraphError::parameter(&format!("Param subscribed_fields has an unknown field {unknown}")));
    }
    with_account(&meta, &call, |subscribed| *subscribed = fields)
}

/// `DELETE /{id}/subscribed_apps`.
pub(super) async fn unsubscribe(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if meta.state(|state| state.wabas.contains_key(&call.id)) {
        return set_waba(&meta, &call, false);
    }
    with_account(&meta, &call, BTreeSet::clear)
}

/// `GET /{id}/subscribed_apps`.
pub(super) async fn subscriptions(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    let app = &meta.config.app_id;
    meta.state(|state| {
        if let Some(waba) = state.wabas.get(&call.id) {
            let data =
                json!({ "whatsapp_business_api_data": { "id": app, "name": "Recoup", "link": "https://example.com" } });
            return Ok(Json(json!({ "data": if waba.subscribed { vec![data] } else { vec![] } })));
        }
        let account = state.accounts.get(&call.id).ok_or_else(|| GraphError::no_object(&call.id))?;
        let data = json!({ "id": app, "name": "Recoup", "subscribed_fields": account.subscribed });
        Ok(Json(json!({ "data": if account.subscribed.is_empty() { vec![] } else { vec![data] } })))
    })
}

fn with_account(
    meta: &Meta,
    call: &Call,
    change: impl FnOnce(&mut BTreeSet<String>),
) -> Result<Json<Value>, GraphError> {
    meta.state(|state| {
        let account = state.accounts.get_mut(&call.id).ok_or_else(|| GraphError::no_object(&call.id))?;
        let own = match &call.holder {
            Holder::Page(id) | Holder::Instagram(id) => *id == call.id || account.linked.as_ref() == Some(id),
            _ => false,
        };
        if !own {
            return Err(GraphError::new(403, 210, "(#210) A page access token is required to request this resource."));
        }
        change(&mut account.subscribed);
        Ok(Json(json!({ "success": true })))
    })
}

fn set_waba(meta: &Meta, call: &Call, subscribed: bool) -> Result<Json<Value>, GraphError> {
    if call.holder != Holder::Business(call.id.clone()) && !matches!(call.holder, Holder::User(_)) {
        return Err(GraphError::new(403, 200, "(#200) You do not have permission to access this business account"));
    }
    meta.state(|state| {
        if let Some(waba) = state.wabas.get_mut(&call.id) {
            waba.subscribed = subscribed;
        }
    });
    Ok(Json(json!({ "success": true })))
}

/// `POST /{app-id}/subscriptions`: sets the app's webhook, which must pass its handshake first.
pub(super) async fn app_webhook(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if call.holder != Holder::App || call.id != meta.config.app_id {
        return Err(GraphError::new(403, 15, "(#15) This method must be called with an app access_token."));
    }
    let (Some(url), Some(token)) = (call.text("callback_url"), call.text("verify_token")) else {
        return Err(GraphError::parameter("callback_url and verify_token are required"));
    };
    if meta.verify_webhook(url, token).await {
        Ok(Json(json!({ "success": true })))
    } else {
        let message = "(#2200) Callback verification failed: the callback URL or verify token couldn't be validated.";
        Err(GraphError::new(400, 2200, message))
    }
}

impl Meta {
    /// Performs the handshake with `url` and, when it answers the challenge, delivers webhooks there from now on.
    pub async fn verify_webhook(&self, url: &str, verify_token: &str) -> bool {
        let challenge = self.shared.dice.digits(10);
        let request = self.courier.client().get(url).query(&[
            ("hub.mode", "subscribe"),
            ("hub.challenge", &challenge),
            ("hub.verify_token", verify_token),
        ]);
        let answered = match request.timeout(std::time::Duration::from_secs(10)).send().await {
            Ok(response) if response.status() == 200 => response.text().await.is_ok_and(|body| body == challenge),
            _ => false,
        };
        self.shared.count(if answered { "handshake.passed" } else { "handshake.failed" });
        if answered {
            self.courier.verified(url);
        }
        answered
    }
}
