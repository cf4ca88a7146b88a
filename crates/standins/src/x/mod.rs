//! X: direct messages over API v2, webhooks by the Activity API and, as long as it lives, by Account Activity.
//!
//! A newcomer's mistakes: answering 200 to a send (it is 201), and delivering to a webhook whose challenge failed.

mod activity;
mod auth;
mod config;
mod control;
mod customer;
mod dms;
mod events;
mod oauth2;
mod problem;
mod state;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{delete, get, post, put};
use serde_json::Value;

pub use config::{XConfig, XLimits, XUserSeed};
pub use problem::Problem;
use state::State;

use crate::delivery::{Courier, Postmark};
use crate::server::{Handle, Shared, Standin, locked};
use crate::sign;
use crate::threads::Threads;

/// X's world.
pub struct X {
    /// How it was set up.
    pub config: XConfig,
    /// Every visible message.
    pub threads: Threads,
    shared: Arc<Shared>,
    courier: Courier,
    state: Mutex<State>,
}

impl Standin for X {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

impl X {
    /// Starts an X on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: XConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("x", config.seed, problem::wording);
        let courier = Courier::new(Arc::clone(&shared), Signed { consumer_secret: config.consumer_secret.clone() });
        let state = Mutex::new(State::new(&config));
        let x = Arc::new(Self { config, threads: Threads::default(), shared, courier, state });
        Handle::start(bind, Arc::clone(&x), routes(x)).await
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut locked(&self.state))
    }

    fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    fn is_user(&self, id: &str) -> bool {
        self.config.users.iter().any(|user| user.id == id)
    }
}

fn routes(x: Arc<X>) -> Router {
    Router::new()
        .route("/2/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/2/webhooks/{id}", put(webhooks::check).delete(webhooks::remove))
        .route("/2/activity/subscriptions", post(activity::create).get(activity::list))
        .route("/2/activity/subscriptions/{id}", put(activity::update).delete(activity::remove))
        .route(
            "/2/account_activity/webhooks/{id}/subscriptions/all",
            post(activity::subscribe_all).get(activity::subscribed_all),
        )
        .route("/2/account_activity/webhooks/{id}/subscriptions/{user}/all", delete(activity::unsubscribe_all))
        .route("/2/account_activity/subscriptions/count", get(activity::count))
        .route("/2/dm_conversations/with/{id}/messages", post(dms::send_with))
        .route("/2/dm_conversations/{id}/messages", post(dms::send_in))
        .route("/2/dm_conversations/with/{id}/dm_events", get(dms::read_with))
        .route("/2/dm_conversations/{id}/dm_events", get(dms::read_in))
        .route("/2/dm_events", get(dms::read_all))
        .route("/2/dm_events/{id}", delete(dms::remove))
        .route("/2/media/upload", post(dms::upload))
        .route("/2/users/me", get(oauth2::me))
        .route("/i/oauth2/authorize", get(oauth2::authorize))
        .route("/2/oauth2/token", post(oauth2::token))
        .route("/2/oauth2/revoke", post(oauth2::revoke))
        .route("/oauth2/token", post(oauth2::app_token))
        .merge(control::routes())
        .with_state(x)
}

/// Webhook bodies, one event each, signed with the consumer secret.
struct Signed {
    consumer_secret: String,
}

impl Postmark for Signed {
    fn body(&self, _group: &str, parts: &[Value]) -> Vec<u8> {
        parts.first().map(Value::to_string).unwrap_or_default().into_bytes()
    }

    fn headers(&self, _url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        vec![("x-twitter-webhooks-signature", sign::x(&self.consumer_secret, body))]
    }

    fn most_parts(&self) -> usize {
        1
    }
}
