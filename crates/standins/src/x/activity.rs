//! Subscriptions: the Activity API, and the deprecated Account Activity beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::auth::{Call, Caller};
use super::state::Subscription;
use super::{Problem, X};

const PRIVATE: [&str; 4] = ["dm.received", "dm.sent", "dm.read", "dm.indicate_typing"];
const PUBLIC: [&str; 4] = ["post.create", "post.delete", "profile.update.bio", "profile.update.screenname"];

/// `POST /2/activity/subscriptions`.
pub(super) async fn create(State(x): State<Arc<X>>, call: Call) -> Result<Json<Value>, Problem> {
    x.admin_rate()?;
    let event = call.body["event_type"].as_str().unwrap_or_default();
    if !PRIVATE.contains(&event) && !PUBLIC.contains(&event) {
        return Err(Problem::invalid(&format!("event_type: '{event}' is not valid")));
    }
    let user = call.body["filter"]["user_id"].as_str().unwrap_or_default().to_owned();
    match &call.caller {
        Caller::User { id, oauth1: false, .. } if *id == user => {
            call.user(&["dm.read"])?;
        }
        Caller::App if PUBLIC.contains(&event) => {}
        _ => return Err(Problem::forbidden("Private events need the OAuth 2.0 token of the filtered user.")),
    }
    let tag = call.body["tag"].as_str().unwrap_or_default();
    if tag.chars().count() > 200 {
        return Err(Problem::invalid("tag must have 1 to 200 characters"));
    }
    let webhook = x.state(|state| state.webhook.as_ref().map(|webhook| webhook.id.clone()));
    let asked = call.body["webhook_id"].as_str();
    if asked.is_some() && asked != webhook.as_deref() {
        return Err(Problem::missing("Webhook not found"));
    }
    let now = x.shared.clock.now_iso();
    let id = x.shared.dice.digits(19);
    let json = json!({
        "subscription_id": id, "event_type": event, "filter": call.body["filter"], "tag": tag, "webhook_id": asked,
        "created_at": now, "updated_at": now,
    });
    let kept = Subscription { event_type: event.to_owned(), user, tag: tag.to_owned(), json: json.clone() };
    x.state(|state| {
        if state.subscriptions.values().any(|other| other.event_type == kept.event_type && other.user == kept.user) {
            return Err(Problem::invalid("DuplicateSubscriptionFailed"));
        }
        state.subscriptions.insert(id, kept);
        Ok(())
    })?;
    Ok(Json(json!({ "data": { "subscription": json } })))
}

/// `GET /2/activity/subscriptions`.
pub(super) async fn list(State(x): State<Arc<X>>, _call: Call) -> Result<Json<Value>, Problem> {
    x.admin_rate()?;
    let data: Vec<Value> = x.state(|state| state.subscriptions.values().map(|kept| kept.json.clone()).collect());
    Ok(Json(json!({ "meta": { "total_subscriptions": data.len() }, "data": data })))
}

/// `PUT /2/activity/subscriptions/{id}`: a new tag.
pub(super) async fn update(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    let updated = x.state(|state| {
        let kept = state.subscriptions.get_mut(&id)?;
        if let Some(tag) = call.body["tag"].as_str() {
            tag.clone_into(&mut kept.tag);
            kept.json["tag"] = json!(tag);
        }
        if call.body["webhook_id"].is_string() {
            kept.json["webhook_id"] = call.body["webhook_id"].clone();
        }
        Some(kept.json.clone())
    });
    updated.map(|json| Json(json!({ "data": { "subscription": json } }))).ok_or_else(not_found)
}

/// `DELETE /2/activity/subscriptions/{id}`.
pub(super) async fn remove(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    _call: Call,
) -> Result<Json<Value>, Problem> {
    let removed = x.state(|state| state.subscriptions.remove(&id).is_some());
    if removed { Ok(Json(json!({ "data": { "deleted": true } }))) } else { Err(not_found()) }
}

fn not_found() -> Problem {
    Problem::missing("SubscriptionNotFound")
}

/// `POST /2/account_activity/webhooks/{id}/subscriptions/all`, signed by the user the old way.
pub(super) async fn subscribe_all(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    let user = old_user(&x, &id, &call)?;
    if x.state(|state| state.all_activity.insert(user)) {
        Ok(Json(json!({ "data": { "subscribed": true } })))
    } else {
        Err(Problem::invalid("DuplicateSubscriptionFailed"))
    }
}

/// `GET` of the same path.
pub(super) async fn subscribed_all(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    let user = old_user(&x, &id, &call)?;
    Ok(Json(json!({ "data": { "subscribed": x.state(|state| state.all_activity.contains(&user)) } })))
}

/// `DELETE /2/account_activity/webhooks/{id}/subscriptions/{user}/all`, by the app.
pub(super) async fn unsubscribe_all(
    State(x): State<Arc<X>>,
    Path((_, user)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    call.app()?;
    if x.state(|state| state.all_activity.remove(&user)) {
        Ok(Json(json!({ "data": { "subscribed": false } })))
    } else {
        Err(not_found())
    }
}

/// `GET /2/account_activity/subscriptions/count`.
pub(super) async fn count(State(x): State<Arc<X>>, call: Call) -> Result<Json<Value>, Problem> {
    call.app()?;
    let count = x.state(|state| state.all_activity.len());
    Ok(Json(
        json!({ "data": { "account_name": "recoup", "subscriptions_count_all": count.to_string(), "provisioned_count": "3" } }),
    ))
}

fn old_user(x: &X, webhook: &str, call: &Call) -> Result<String, Problem> {
    if !matches!(call.caller, Caller::User { oauth1: true, .. }) {
        return Err(Problem::wrong_auth("Supported authentication types are [OAuth 1.0a User Context]."));
    }
    if !x.state(|state| state.webhook.as_ref().is_some_and(|known| known.id == webhook)) {
        return Err(Problem::missing("Webhook not found"));
    }
    call.user(&[]).map(str::to_owned)
}

impl X {
    fn admin_rate(&self) -> Result<(), Problem> {
        let (now, limit) = (self.now_ms(), self.config.limits.admin_per_15_min);
        let reading = self.state(|state| state.meter.take("admin", now, limit, 900_000));
        if reading.allowed { Ok(()) } else { Err(Problem::too_many(limit, reading)) }
    }
}
