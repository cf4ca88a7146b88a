//! Meta: Messenger, Instagram and WhatsApp Cloud share one Graph server, one app and one webhook.
//!
//! A newcomer's mistakes: deciding a platform by the path (the same `/{id}/messages` serves all three; the id and the
//! token decide), and sending webhooks for an account whose app subscription is missing.

mod account;
mod attachments;
mod call;
mod config;
mod control;
mod conversations;
mod customer;
mod errors;
mod events;
mod node;
mod oauth;
mod rules;
mod send;
mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderValue;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use call::Call;
pub use config::{InstagramSeed, MetaConfig, MetaLimits, NumberSeed, PageSeed};
pub use control::Trouble;
pub use errors::GraphError;
use state::State;
pub(crate) use state::{Holder, Media, Number};

use crate::delivery::{Courier, Manners, Parcel, Postmark};
use crate::server::dice::Dice;
use crate::server::{Handle, Shared, Standin, locked};
use crate::threads::Threads;
use crate::{sign, whatsapp};

/// Meta's world.
pub struct Meta {
    /// How it was set up.
    pub config: MetaConfig,
    /// Every visible message.
    pub threads: Threads,
    shared: Arc<Shared>,
    courier: Courier,
    state: Mutex<State>,
}

impl Standin for Meta {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

impl Meta {
    /// Starts a Meta on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: MetaConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("meta", config.seed, errors::wording);
        let courier = Courier::new(Arc::clone(&shared), Signed { app_secret: config.app_secret.clone() });
        let state = Mutex::new(State::new(&config));
        let meta = Arc::new(Self { config, threads: Threads::default(), shared, courier, state });
        Handle::start(bind, Arc::clone(&meta), routes(meta)).await
    }

    pub(crate) fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut locked(&self.state))
    }

    pub(crate) fn shared_dice(&self) -> &Dice {
        &self.shared.dice
    }

    pub(crate) fn base_url(&self) -> &str {
        self.shared.base_url()
    }

    pub(crate) fn count(&self, counter: &str) {
        self.shared.count(counter);
    }

    pub(crate) fn manners_now(&self) -> Manners {
        self.courier.manners()
    }

    pub(crate) fn post(&self, parcel: Parcel) {
        self.courier.send(parcel);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }
}

fn routes(meta: Arc<Meta>) -> Router {
    let graph = Router::new()
        .route("/{version}/{id}", get(node::show).delete(node::remove))
        .route("/{version}/{id}/messages", post(send::messages))
        .route("/{version}/{id}/message_attachments", post(attachments::create))
        .route("/{version}/{id}/conversations", get(conversations::list))
        .route(
            "/{version}/{id}/subscribed_apps",
            post(account::subscribe).get(account::subscriptions).delete(account::unsubscribe),
        )
        .route("/{version}/{id}/accounts", get(account::pages))
        .route("/{version}/{id}/subscriptions", post(account::app_webhook))
        .route("/{version}/{id}/media", post(whatsapp::media::upload))
        .route("/{version}/{id}/phone_numbers", get(whatsapp::account::numbers))
        .route("/{version}/{id}/register", post(whatsapp::account::register))
        .route("/{version}/{id}/message_templates", get(whatsapp::templates::list).post(whatsapp::templates::create))
        .route("/{version}/debug_token", get(oauth::debug_token))
        .route("/debug_token", get(oauth::debug_token))
        .layer(axum::middleware::map_response(with_usage));
    let sign_in = Router::new()
        .route("/{version}/dialog/oauth", get(oauth::dialog))
        .route("/{version}/oauth/access_token", get(oauth::token).post(oauth::token))
        .route("/oauth/authorize", get(oauth::instagram_dialog))
        .route("/oauth/access_token", post(oauth::instagram_token))
        .route("/access_token", get(oauth::instagram_exchange))
        .route("/refresh_access_token", get(oauth::instagram_refresh))
        .route("/_media/{id}", get(attachments::public))
        .route("/_lookaside/{id}", get(whatsapp::media::download));
    graph.merge(sign_in).merge(control::routes()).with_state(meta)
}

/// The usage header that rides on Graph answers.
async fn with_usage(mut response: Response) -> Response {
    let throttled = response.status() == 429;
    let usage = if throttled { 100 } else { 3 };
    let usage = json!({ "call_count": usage, "total_cputime": usage, "total_time": usage }).to_string();
    if let Ok(value) = HeaderValue::from_str(&usage) {
        response.headers_mut().insert("x-app-usage", value);
    }
    response
}

/// Webhook bodies as Meta writes them: ASCII only, slashes escaped, signed with the app's secret.
struct Signed {
    app_secret: String,
}

impl Postmark for Signed {
    fn body(&self, group: &str, parts: &[Value]) -> Vec<u8> {
        escaped(&Envelope { object: group, entry: parts }).into_bytes()
    }

    fn headers(&self, _url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        vec![
            ("x-hub-signature-256", sign::meta(&self.app_secret, body)),
            ("x-hub-signature", sign::meta_legacy(&self.app_secret, body)),
            ("user-agent", "facebookexternalua".to_owned()),
        ]
    }

    fn most_parts(&self) -> usize {
        1000
    }
}

/// What every webhook body looks like.
#[derive(Serialize)]
struct Envelope<'a> {
    object: &'a str,
    entry: &'a [Value],
}

/// JSON in which every character beyond ASCII and every slash is escaped.
fn escaped(value: &impl Serialize) -> String {
    use std::fmt::Write as _;
    let plain = serde_json::to_string(value).expect("events are plain JSON");
    let mut out = String::with_capacity(plain.len() + plain.len() / 16);
    let mut rest = plain.as_str();
    // Whole runs that need nothing are copied at once.
    while let Some(place) = rest.find(|character: char| character == '/' || !character.is_ascii()) {
        out.push_str(&rest[..place]);
        let character = rest[place..].chars().next().unwrap_or_default();
        rest = &rest[place + character.len_utf8()..];
        if character == '/' {
            out.push_str("\\/");
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("writing to a String cannot fail");
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_keeps_the_meaning() {
        let value = json!({ "text": "günstig? 🙂 مرحبا a/b \"q\"" });
        let text = escaped(&value);
        assert!(text.is_ascii() && text.contains("a\\/b"));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
