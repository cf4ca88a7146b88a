//! One delivery attempt and, when it fails, the retries that follow it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Inner, KEPT_ATTEMPTS};
use crate::server::locked;

/// What became of one POST to the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The envelope's object or the event's kind.
    pub group: String,
    /// Events in the body.
    pub parts: usize,
    /// 1 for the first try.
    pub attempt: u32,
    /// The status the receiver answered; none when it did not answer in time.
    pub status: Option<u16>,
}

/// Tries once; a failure goes on by itself, out of the lane's way.
pub(super) async fn deliver(inner: &Arc<Inner>, group: String, parts: Vec<Value>) {
    if post(inner, &group, &parts, 1).await {
        inner.done(parts.len());
        return;
    }
    let inner = Arc::clone(inner);
    tokio::spawn(async move { retry(&inner, &group, &parts).await });
}

async fn retry(inner: &Inner, group: &str, parts: &[Value]) {
    let mut attempt = 2;
    loop {
        let manners = locked(&inner.manners).clone();
        if attempt > manners.attempts {
            inner.shared.count("webhooks.given_up");
            break;
        }
        tokio::time::sleep(Duration::from_millis(manners.pause_ms(attempt))).await;
        inner.shared.count("webhooks.retried");
        if post(inner, group, parts, attempt).await {
            break;
        }
        attempt += 1;
    }
    inner.done(parts.len());
}

/// One signed POST; true when the receiver answered 200.
async fn post(inner: &Inner, group: &str, parts: &[Value], attempt: u32) -> bool {
    let Some(url) = locked(&inner.target).as_ref().map(|target| target.url.clone()) else {
        inner.shared.count("webhooks.no_verified_target");
        return false;
    };
    let deadline = Duration::from_millis(locked(&inner.manners).deadline_ms);
    let body = inner.postmark.body(group, parts);
    let mut request = inner.client.post(&url).timeout(deadline).header("content-type", "application/json");
    for (name, value) in inner.postmark.headers(&url, &body, attempt) {
        request = request.header(name, value);
    }
    let status = match request.body(body).send().await {
        Ok(response) => Some(response.status().as_u16()),
        Err(error) => {
            tracing::debug!(%error, "standin.webhook_unanswered");
            None
        }
    };
    let mut attempts = locked(&inner.attempts);
    attempts.push_back(Attempt { group: group.to_owned(), parts: parts.len(), attempt, status });
    if attempts.len() > KEPT_ATTEMPTS {
        attempts.pop_front();
    }
    drop(attempts);
    let delivered = status == Some(200);
    inner.shared.count(if delivered { "webhooks.delivered" } else { "webhooks.refused" });
    delivered
}
