//! Webhooks: registered by the app, challenged at once, delivered to only while the last challenge was answered.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::auth::Call;
use super::state::Webhook;
use super::{Problem, X};
use crate::sign;

/// `POST /2/webhooks`.
pub(super) async fn create(State(x): State<Arc<X>>, call: Call) -> Result<Json<Value>, Problem> {
    call.app()?;
    let url = call.body["url"].as_str().unwrap_or_default();
    check_url(&x, url)?;
    if let Some(known) = x.state(|state| state.webhook.clone()) {
        let reason = if known.url == url { "DuplicateUrlFailed" } else { "WebhookLimitExceeded" };
        return Err(Problem::invalid(reason));
    }
    if !x.challenge(url).await {
        return Err(Problem::invalid("CrcValidationFailed"));
    }
    let webhook = x.register(url);
    Ok(Json(json!({ "data": shown(&webhook) })))
}

/// `GET /2/webhooks`.
pub(super) async fn list(State(x): State<Arc<X>>, call: Call) -> Result<Json<Value>, Problem> {
    call.app()?;
    let data: Vec<Value> = x.state(|state| state.webhook.iter().map(shown).collect());
    Ok(Json(json!({ "meta": { "result_count": data.len() }, "data": data })))
}

/// `PUT /2/webhooks/{id}`: a new challenge, which enables or disables the webhook.
pub(super) async fn check(State(x): State<Arc<X>>, Path(id): Path<String>, call: Call) -> Result<Json<Value>, Problem> {
    call.app()?;
    let webhook = x.state(|state| state.webhook.clone()).filter(|webhook| webhook.id == id);
    let Some(webhook) = webhook else { return Err(Problem::missing("Webhook not found")) };
    let valid = x.challenge(&webhook.url).await;
    if valid {
        x.courier.verified(&webhook.url);
    } else {
        x.courier.disable();
    }
    x.state(|state| {
        if let Some(webhook) = &mut state.webhook {
            webhook.valid = valid;
        }
    });
    if !valid {
        return Err(Problem::invalid("CrcValidationFailed"));
    }
    Ok(Json(json!({ "data": { "attempted": true, "valid": valid } })))
}

/// `DELETE /2/webhooks/{id}`.
pub(super) async fn remove(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    call: Call,
) -> Result<Json<Value>, Problem> {
    call.app()?;
    let removed = x.state(|state| state.webhook.take_if(|webhook| webhook.id == id).is_some());
    if !removed {
        return Err(Problem::missing("Webhook not found"));
    }
    x.courier.disable();
    Ok(Json(json!({ "data": { "deleted": true } })))
}

fn shown(webhook: &Webhook) -> Value {
    json!({ "id": webhook.id, "url": webhook.url, "valid": webhook.valid, "created_at": webhook.created_at })
}

fn check_url(x: &X, url: &str) -> Result<(), Problem> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let authority = host.split('/').next().unwrap_or_default();
    let strict = url.starts_with("https://") && !authority.contains(':');
    if authority.is_empty() || (x.config.strict_urls && !strict) {
        return Err(Problem::invalid("UrlValidationFailed"));
    }
    Ok(())
}

impl X {
    /// Challenges `url`; true when it proves that it knows the consumer secret.
    pub(super) async fn challenge(&self, url: &str) -> bool {
        let token = self.shared.dice.word(48);
        let request = self.courier.client().get(url).query(&[("crc_token", &token)]).timeout(Duration::from_secs(10));
        let expected = sign::x(&self.config.consumer_secret, token.as_bytes());
        let passed = match request.send().await {
            Ok(response) if response.status() == 200 => {
                response.json::<Value>().await.is_ok_and(|answer| answer["response_token"] == json!(expected))
            }
            _ => false,
        };
        self.shared.count(if passed { "handshake.passed" } else { "handshake.failed" });
        passed
    }

    fn register(&self, url: &str) -> Webhook {
        let webhook = Webhook {
            id: self.shared.dice.digits(19),
            url: url.to_owned(),
            valid: true,
            created_at: self.shared.clock.now_iso(),
        };
        self.courier.verified(url);
        self.state(|state| state.webhook = Some(webhook.clone()));
        webhook
    }

    /// Challenges `url` and, when it passes, makes it the webhook in place of any other.
    pub async fn verify_webhook(&self, url: &str) -> bool {
        let passed = self.challenge(url).await;
        if passed {
            self.register(url);
        }
        passed
    }
}
