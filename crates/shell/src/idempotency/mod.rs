//! A `POST` with an `Idempotency-Key` has its effect once, however often it is sent: those under `/v2`, and what a public site takes.
//!
//! The first answer is kept for a day and given again (`Idempotent-Replayed: true`). While the first is running a second
//! one is 409; the same key with another body is 422. An answer of 5xx is not kept: the client should try again. A key
//! whose process died is free again after two minutes.

mod holder;
mod store;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kernel::Kernel;
use kernel::ids::OrgId;

use crate::auth::identify::Identity;
use crate::edge::RequestInfo;
use crate::{App, AppError};

pub use holder::KeptAnswers;

use store::{Claim, Keyed};

/// The largest body of a caller of the product that is read to tell one request from another: the largest upload of any room.
const BODY_LIMIT: usize = 32 << 20;
/// The same of a visitor, whom nobody knows.
const VISITORS_LIMIT: usize = 1 << 20;

/// Who sends a request that is to have its effect once. A key of one is no key of another.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Somebody of the organisation, or a program of theirs.
    Caller {
        /// Whose rows the request works on.
        org: OrgId,
        /// The person or the key.
        actor: String,
    },
    /// A visitor of the organisation's public site. The answer is kept with the site's role, for whoever has the token.
    Visitor {
        /// Whose site it is.
        org: OrgId,
        /// What only this visitor's requests carry, and nobody can make.
        token: String,
    },
}

/// Runs a keyed `POST` of the API once.
pub(crate) async fn idempotency(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = match applies(&request) {
        Ok(None) => return next.run(request).await,
        Ok(Some((sender, key))) => once(app.kernel(), sender, key, request, |request| next.run(request)).await,
        Err(error) => Err(error),
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

fn applies(request: &Request) -> Result<Option<(Sender, String)>, AppError> {
    let api = request.extensions().get::<RequestInfo>().is_some_and(|info| info.path.starts_with("/v2/"));
    let Some(Identity::Known(caller)) = request.extensions().get::<Identity>() else { return Ok(None) };
    if request.method() != Method::POST || !api {
        return Ok(None);
    }
    let sender = Sender::Caller { org: caller.principal.org, actor: caller.principal.actor.to_string() };
    Ok(idempotency_key(request.headers())?.map(|key| (sender, key)))
}

/// The `Idempotency-Key` of a request; none where it has none.
///
/// # Errors
/// 400 for one that is empty, too long, or of letters that a header cannot have.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, AppError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| AppError::bad_request("an Idempotency-Key is 1 to 255 printable characters"))?;
    Ok(Some(key.to_owned()))
}

/// Runs a request, or answers as it was answered before under this key.
///
/// # Errors
/// 409 while the first one runs; 422 where the key came with something else; 413 for a body beyond all bounds.
pub async fn once<F>(
    kernel: &Kernel,
    sender: Sender,
    key: String,
    request: Request,
    run: impl FnOnce(Request) -> F,
) -> Result<Response, AppError>
where
    F: Future<Output = Response>,
{
    let (parts, body) = request.into_parts();
    let most = if matches!(sender, Sender::Caller { .. }) { BODY_LIMIT } else { VISITORS_LIMIT };
    let bytes = to_bytes(body, most).await.map_err(|_| AppError::TooLarge)?;
    let keyed = Keyed::new(sender, key, fingerprint(&parts.method, parts.uri.path(), &bytes));
    if let Claim::Answered(response) = keyed.claim(kernel).await? {
        return Ok(response);
    }
    let unfinished = Unfinished { kernel: kernel.clone(), keyed: Some(keyed) };
    let response = run(Request::from_parts(parts, Body::from(bytes))).await;
    unfinished.answer(response).await
}

fn fingerprint(method: &Method, path: &str, body: &Bytes) -> Vec<u8> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in [method.as_str().as_bytes(), b" ", path.as_bytes(), b"\n", body] {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// A claimed key. Dropped without an answer (time limit, client gone), it frees the key again.
struct Unfinished {
    kernel: Kernel,
    keyed: Option<Keyed>,
}

impl Unfinished {
    async fn answer(mut self, response: Response) -> Result<Response, AppError> {
        // Our own errors have no body yet (the outer layer writes it with this request's id): they leave no effect, so
        // repeating them is as good as replaying them. A fault of ours must be repeatable.
        // A stream cannot be kept; the room that streams keeps its own effect single.
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let streams = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        if response.status().is_client_error() || response.status().is_server_error() || streams {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, BODY_LIMIT).await.map_err(AppError::internal)?;
        if let Some(keyed) = self.keyed.take() {
            let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            keyed.keep(&self.kernel, parts.status.as_u16() as i16, kind, &bytes).await?;
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(keyed) = self.keyed.take() else { return };
        let kernel = self.kernel.clone();
        tokio::spawn(async move {
            if let Err(error) = keyed.free(&kernel).await {
                tracing::warn!(error.cause = %error, "an idempotency key stays taken until it is abandoned");
            }
        });
    }
}
