//! Meta's own control: the webhook, people and staff writing, what is visible, and account troubles.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Meta;
use crate::customer::Writing;
use crate::threads::Platform;

pub(super) fn routes() -> Router<Arc<Meta>> {
    Router::new()
        .route("/_control/webhook", post(webhook))
        .route("/_control/customer", post(customer))
        .route("/_control/staff", post(staff))
        .route("/_control/messages", get(messages))
        .route("/_control/messages/{account}/{person}", get(thread))
        .route("/_control/doubled", get(doubled))
        .route("/_control/signals", get(signals))
        .route("/_control/troubles", post(trouble))
}

/// A receiver to verify.
#[derive(Deserialize)]
struct Webhook {
    url: String,
    verify_token: String,
}

async fn webhook(State(meta): State<Arc<Meta>>, Json(wanted): Json<Webhook>) -> Json<Value> {
    Json(json!({ "verified": meta.verify_webhook(&wanted.url, &wanted.verify_token).await }))
}

async fn customer(State(meta): State<Arc<Meta>>, Json(writing): Json<Writing>) -> Response {
    match meta.customer_writes(&writing) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(refusal) => (StatusCode::BAD_REQUEST, refusal.to_string()).into_response(),
    }
}

/// Words written by hand in the platform's inbox.
#[derive(Deserialize)]
struct Staff {
    platform: Platform,
    account: String,
    person: String,
    text: String,
    app_id: Option<u64>,
}

async fn staff(State(meta): State<Arc<Meta>>, Json(staff): Json<Staff>) -> Json<Value> {
    let id = meta.staff_writes(staff.platform, &staff.account, &staff.person, &staff.text, staff.app_id);
    Json(json!({ "id": id }))
}

/// Which messages to list.
#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn messages(State(meta): State<Arc<Meta>>, Query(after): Query<Since>) -> Json<Value> {
    Json(json!({ "data": meta.threads.since(after.since) }))
}

async fn thread(State(meta): State<Arc<Meta>>, Path((account, person)): Path<(String, String)>) -> Json<Value> {
    Json(json!({ "data": meta.threads.thread(&account, &person) }))
}

async fn doubled(State(meta): State<Arc<Meta>>) -> Json<Value> {
    Json(json!(meta.threads.doubled_keys()))
}

async fn signals(State(meta): State<Arc<Meta>>) -> Json<Value> {
    Json(json!({ "data": meta.signals() }))
}

/// Something that goes wrong with an account or a person, until it is set right again.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
pub enum Trouble {
    /// A token stops working, for the reason in the subcode (458, 460, 463, 467); no subcode heals it.
    Token {
        /// The token.
        token: String,
        /// The reason.
        subcode: Option<i64>,
    },
    /// A person cannot be written to.
    Blocked {
        /// The account.
        account: String,
        /// The person.
        person: String,
        /// Whether it is so.
        on: bool,
    },
    /// The platform keeps a page from sending.
    Restricted {
        /// The page.
        account: String,
        /// Whether it is so.
        on: bool,
    },
    /// Another app owns the thread, so its events arrive as `standby`.
    Standby {
        /// The account.
        account: String,
        /// The person.
        person: String,
        /// Whether it is so.
        on: bool,
    },
    /// WhatsApp answers first and says 131047 in a status.
    LateWindowErrors {
        /// Whether it is so.
        on: bool,
    },
}

async fn trouble(State(meta): State<Arc<Meta>>, Json(trouble): Json<Trouble>) -> Json<Value> {
    meta.trouble(trouble);
    Json(json!({ "success": true }))
}

impl Meta {
    /// Puts an account or a person into trouble, or out of it.
    pub fn trouble(&self, trouble: Trouble) {
        self.state(|state| match trouble {
            Trouble::Token { token, subcode } => {
                if let Some(known) = state.tokens.get_mut(&token) {
                    known.revoked = subcode;
                }
            }
            Trouble::Blocked { account, person, on } => state.meet(&account, &person, None).blocked = on,
            Trouble::Restricted { account, on } => {
                if let Some(known) = state.accounts.get_mut(&account) {
                    known.restricted = on;
                }
            }
            Trouble::Standby { account, person, on: true } => {
                state.standby.insert((account, person));
            }
            Trouble::Standby { account, person, on: false } => {
                state.standby.remove(&(account, person));
            }
            Trouble::LateWindowErrors { on } => state.late_window_errors = on,
        });
    }

    /// The typing indicators, read marks and reactions received.
    pub fn signals(&self) -> Vec<Value> {
        self.state(|state| state.signals.clone())
    }
}
