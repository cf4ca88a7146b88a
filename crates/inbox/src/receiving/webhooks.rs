//! The receivers of Facebook, Instagram, WhatsApp and X, with their verification handshakes.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connectors::channel::{Kind, Received};
use connectors::{meta, x};
use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::db::system::NewReceipt;
use kernel::ids::ReceiptId;
use kernel::vault::VaultError;
use serde::Deserialize;

use super::batcher::Batcher;
use super::{Routes, Tally, sealed};

/// The largest body a platform may send, in bytes.
const LARGEST: usize = 1024 * 1024;

/// What receiving needs. Cheap to clone.
#[derive(Clone)]
pub struct Receiver {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    batcher: Batcher,
    routes: Routes,
    tally: Tally,
    /// Meta's secrets for this app; empty when none is configured, and then nothing is accepted.
    meta: meta::signature::Keys,
}

impl Receiver {
    /// Starts the writer and the counters over a kernel.
    pub fn start(kernel: Kernel, routes: Routes) -> Self {
        let batcher = Batcher::start(&kernel.db);
        let tally = Tally::start(kernel.db.clone());
        let secrets = &kernel.config.connectors.meta;
        let instagram = secrets.instagram_app_secret.as_ref().map(Secret::reveal);
        let meta = meta::signature::Keys::new(std::iter::once(secrets.app_secret.reveal()).chain(instagram));
        Self { inner: Arc::new(Inner { kernel, batcher, routes, tally, meta }) }
    }
}

/// The receivers' routes.
pub fn router(receiver: Receiver) -> Router {
    Router::new().route("/webhooks/{channel}", get(verify).post(receive)).with_state(receiver)
}

/// Reads the channel's name of the path; other names do not exist.
fn kind_of(name: &str) -> Option<ChannelKind> {
    match name {
        "facebook" => Some(ChannelKind::Facebook),
        "instagram" => Some(ChannelKind::Instagram),
        "whatsapp" => Some(ChannelKind::Whatsapp),
        "x" => Some(ChannelKind::X),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Handshake {
    crc_token: Option<String>,
    #[serde(flatten)]
    meta: meta::signature::Challenge,
}

/// Answers the platform's proof that this address is ours.
async fn verify(
    State(receiver): State<Receiver>,
    Path(channel): Path<String>,
    Query(handshake): Query<Handshake>,
) -> Response {
    let connectors = &receiver.inner.kernel.config.connectors;
    match (kind_of(&channel), &handshake.crc_token) {
        (Some(ChannelKind::X), Some(token)) if !connectors.x.consumer_secret.is_empty() => {
            axum::Json(x::signature::challenge_answer(connectors.x.consumer_secret.reveal(), token)).into_response()
        }
        (Some(ChannelKind::X), _) => {
            refuse(StatusCode::BAD_REQUEST, "crc_token is missing, or no consumer secret is configured")
        }
        (Some(_), _) => {
            let token = connectors.meta.verify_token.reveal();
            match handshake.meta.answer(token).filter(|_| !token.is_empty()) {
                Some(challenge) => challenge.to_owned().into_response(),
                None => refuse(StatusCode::FORBIDDEN, "hub.mode or hub.verify_token is wrong"),
            }
        }
        (None, _) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Verifies, keeps and answers one delivery.
async fn receive(State(receiver): State<Receiver>, mut request: Request) -> Response {
    // Read here and not by extractors, which copy every header and the name: platforms deliver by the thousand.
    let kind = request.uri().path().rsplit('/').next().and_then(kind_of);
    let signature = kind.and_then(|kind| request.headers().get(signature_header(kind))).cloned();
    DefaultBodyLimit::max(LARGEST).apply(&mut request);
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(unread) => return unread.into_response(),
    };
    let Some(kind) = kind else { return StatusCode::NOT_FOUND.into_response() };
    if !receiver.signed(kind, signature.as_ref(), &body) {
        receiver.inner.tally.count(format!("webhook.bad_signature.{kind}"));
        return refuse(StatusCode::UNAUTHORIZED, "the signature does not match the body");
    }
    let batches = match receiver.parse(kind, &body) {
        Ok(batches) => batches,
        Err(malformed) => {
            receiver.inner.tally.count(format!("webhook.malformed.{kind}"));
            return refuse(StatusCode::BAD_REQUEST, &malformed.to_string());
        }
    };
    let receipts = match receiver.receipts(batches).await {
        Ok(receipts) => receipts,
        Err(error) => {
            tracing::error!(error = %error, "an account's organisation cannot be looked up, or its key cannot be had");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "not kept; deliver it again");
        }
    };
    if receipts.is_empty() || receiver.inner.batcher.keep(receipts).await {
        return StatusCode::OK.into_response();
    }
    refuse(StatusCode::SERVICE_UNAVAILABLE, "not kept; deliver it again")
}

fn signature_header(kind: ChannelKind) -> &'static str {
    if kind == ChannelKind::X { x::signature::HEADER } else { meta::signature::HEADER }
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": { "code": status.as_u16(), "message": why } }))).into_response()
}

impl Receiver {
    /// Whether the platform signed these bytes. Without a configured secret nothing is accepted.
    fn signed(&self, kind: ChannelKind, header: Option<&HeaderValue>, body: &[u8]) -> bool {
        let header = header.and_then(|value| value.to_str().ok());
        if kind == ChannelKind::X {
            let secret = self.inner.kernel.config.connectors.x.consumer_secret.reveal();
            return x::signature::verify(secret, header, body).is_ok();
        }
        self.inner.meta.verify(header, body).is_ok()
    }

    fn parse(&self, kind: ChannelKind, body: &[u8]) -> Result<Vec<Received>, connectors::channel::Malformed> {
        let now = self.inner.kernel.clock.now();
        if kind == ChannelKind::X {
            x::webhook::parse(body, now)
        } else {
            meta::webhook::parse(body, &self.inner.kernel.config.connectors.meta.app_id, now)
        }
    }

    /// What to keep of a body: every item of every account that somebody connected.
    async fn receipts(&self, batches: Vec<Received>) -> Result<Vec<NewReceipt>, VaultError> {
        let mut receipts = Vec::with_capacity(batches.iter().map(|batch| batch.items.len()).sum());
        for batch in batches {
            let route = self.inner.routes.of(batch.channel, &batch.account_id).await?;
            if route.is_empty() {
                self.inner.tally.count(format!("webhook.unknown_account.{}", batch.channel));
            }
            for &(org, channel) in route.iter() {
                // In memory for minutes: nothing is asked for each delivery.
                let vault = self.inner.kernel.vault.of(org).await?;
                for item in &batch.items {
                    if let Kind::Unknown { field } = &item.kind {
                        let field: String = field.chars().take(40).collect();
                        self.inner.tally.count(format!("webhook.unknown_event.{}.{field}", batch.channel));
                    }
                    receipts.push(NewReceipt {
                        org,
                        channel,
                        id: ReceiptId::new(&self.inner.kernel.clock).uuid(),
                        event_key: item.event_key.clone(),
                        shard: sealed::shard(channel, item),
                        sealed: sealed::seal(&vault, channel, item)?,
                        people: sealed::people(&vault, item),
                    });
                }
            }
        }
        Ok(receipts)
    }
}
