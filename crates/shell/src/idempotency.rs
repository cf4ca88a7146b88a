//! Middleware: a `POST` under `/v2` with an `Idempotency-Key` has its effect once, however often it is sent.
//!
//! The first answer is kept for a day and given again (`Idempotent-Replayed: true`). While the first is running a second
//! one is 409; the same key with another body is 422. An answer of 5xx is not kept: the client should try again. A key
//! whose process died is free again after [`ABANDONED_AFTER`].

use async_trait::async_trait;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::privacy::{Expiry, Holder, Marks, Opener, Removed, Sheet, Traces};
use sqlx::Row;
use uuid::Uuid;

use crate::auth::identify::Identity;
use crate::edge::RequestInfo;
use crate::{App, AppError};

/// The largest body that is read to tell one request from another: the largest upload of any room.
const BODY_LIMIT: usize = 32 << 20;
/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::hours(24);
/// After this long without an answer, the process that had the key is taken for dead.
const ABANDONED_AFTER: Duration = Duration::minutes(2);

/// A key as one caller sent it.
struct Keyed {
    org: OrgId,
    actor: String,
    key: String,
    fingerprint: Vec<u8>,
}

impl Keyed {
    /// Ties the kept answer to its row.
    fn aad(&self) -> String {
        place(&self.actor, &self.key)
    }
}

fn place(actor: &str, key: &str) -> String {
    format!("idempotency:{actor}:{key}")
}

/// What the table says about a key.
enum Claim {
    /// Ours to run.
    First,
    /// Answered before.
    Answered(Response),
}

/// Runs a keyed `POST` once.
pub(crate) async fn idempotency(State(app): State<App>, request: Request, next: Next) -> Response {
    match applies(&request) {
        Ok(None) => next.run(request).await,
        Ok(Some((org, actor, key))) => match keyed(&app, request, next, org, actor, key).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        },
        Err(error) => error.into_response(),
    }
}

fn applies(request: &Request) -> Result<Option<(OrgId, String, String)>, AppError> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let api = request.extensions().get::<RequestInfo>().is_some_and(|info| info.path.starts_with("/v2/"));
    let Some(Identity::Known(caller)) = request.extensions().get::<Identity>() else { return Ok(None) };
    if request.method() != Method::POST || !api {
        return Ok(None);
    }
    let key = value.to_str().ok().map(str::trim).filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| AppError::bad_request("an Idempotency-Key is 1 to 255 printable characters"))?;
    Ok(Some((caller.principal.org, caller.principal.actor.to_string(), key.to_owned())))
}

async fn keyed(
    app: &App,
    request: Request,
    next: Next,
    org: OrgId,
    actor: String,
    key: String,
) -> Result<Response, AppError> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| AppError::TooLarge)?;
    let fingerprint = fingerprint(&parts.method, parts.uri.path(), &bytes);
    let keyed = Keyed { org, actor, key, fingerprint };
    if let Claim::Answered(response) = claim(app, &keyed).await? {
        return Ok(response);
    }
    let unfinished = Unfinished::new(app, keyed);
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    unfinished.answer(response).await
}

fn fingerprint(method: &Method, path: &str, body: &Bytes) -> Vec<u8> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in [method.as_str().as_bytes(), b" ", path.as_bytes(), b"\n", body] {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

async fn claim(app: &App, keyed: &Keyed) -> Result<Claim, AppError> {
    let now = app.kernel().clock.now();
    let mut tx = app.kernel().db.begin(keyed.org).await?;
    sqlx::query("delete from idempotency_keys where org_id = $1 and created_at < $2")
        .bind(keyed.org)
        .bind(now - KEPT_FOR)
        .execute(tx.conn())
        .await?;
    // Of two claims at once the second waits here for the first's commit, and then sees its row.
    let claimed = sqlx::query(
        "insert into idempotency_keys as kept (org_id, actor, key, fingerprint, created_at) values ($1, $2, $3, $4, $5) \
         on conflict (org_id, actor, key) do update set created_at = excluded.created_at \
         where kept.status is null and kept.created_at < $6 and kept.fingerprint = excluded.fingerprint",
    )
    .bind(keyed.org)
    .bind(&keyed.actor)
    .bind(&keyed.key)
    .bind(&keyed.fingerprint)
    .bind(now)
    .bind(now - ABANDONED_AFTER)
    .execute(tx.conn())
    .await?;
    if claimed.rows_affected() == 1 {
        tx.commit().await?;
        return Ok(Claim::First);
    }
    stored(app, &mut tx, keyed).await.map(Claim::Answered)
}

async fn stored(app: &App, tx: &mut OrgTx, keyed: &Keyed) -> Result<Response, AppError> {
    let row = sqlx::query(
        "select fingerprint, status, content_type, body from idempotency_keys where org_id = $1 and actor = $2 and key = $3",
    )
    .bind(keyed.org)
    .bind(&keyed.actor)
    .bind(&keyed.key)
    .fetch_optional(tx.conn())
    .await?;
    let running =
        || AppError::conflict("the first request with this Idempotency-Key is still running; try again shortly");
    let row = row.ok_or_else(running)?;
    if row.try_get::<Vec<u8>, _>("fingerprint")? != keyed.fingerprint {
        return Err(AppError::unprocessable("this Idempotency-Key was used for a different request; use a new one"));
    }
    let status: i16 = row.try_get::<Option<i16>, _>("status")?.ok_or_else(running)?;
    let sealed: Vec<u8> = row.try_get("body")?;
    let body = app.kernel().vault.open(keyed.org, &keyed.aad(), &sealed).await?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status as u16).map_err(AppError::internal)?;
    if let Some(kind) = row.try_get::<Option<String>, _>("content_type")? {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_str(&kind).map_err(AppError::internal)?);
    }
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// A claimed key. Dropped without an answer (time limit, client gone), it frees the key again.
struct Unfinished {
    app: App,
    keyed: Option<Keyed>,
}

impl Unfinished {
    fn new(app: &App, keyed: Keyed) -> Self {
        Self { app: app.clone(), keyed: Some(keyed) }
    }

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
            store(&self.app, &keyed, parts.status.as_u16() as i16, kind, &bytes).await?;
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some(keyed) = self.keyed.take() else { return };
        let app = self.app.clone();
        tokio::spawn(async move {
            if let Err(error) = free(&app, &keyed).await {
                tracing::warn!(error.cause = %error, "an idempotency key stays taken until it is abandoned");
            }
        });
    }
}

async fn store(app: &App, keyed: &Keyed, status: i16, kind: Option<&str>, body: &[u8]) -> Result<(), AppError> {
    // An answer may hold what is shown once (a new key) or personal data: it rests encrypted.
    let sealed = app.kernel().vault.seal(keyed.org, &keyed.aad(), body).await?;
    let mut tx = app.kernel().db.begin(keyed.org).await?;
    sqlx::query(
        "update idempotency_keys set status = $4, content_type = $5, body = $6 where org_id = $1 and actor = $2 and key = $3",
    )
    .bind(keyed.org)
    .bind(&keyed.actor)
    .bind(&keyed.key)
    .bind(status)
    .bind(kind)
    .bind(sealed)
    .execute(tx.conn())
    .await?;
    Ok(tx.commit().await?)
}

async fn free(app: &App, keyed: &Keyed) -> Result<(), AppError> {
    let mut tx = app.kernel().db.begin(keyed.org).await?;
    sqlx::query("delete from idempotency_keys where org_id = $1 and actor = $2 and key = $3 and status is null")
        .bind(keyed.org)
        .bind(&keyed.actor)
        .bind(&keyed.key)
        .execute(tx.conn())
        .await?;
    Ok(tx.commit().await?)
}

/// Kept answers as a holder: an answer may show a contact. Those that name the person go, whenever it is asked.
pub struct KeptAnswers {
    kernel: Kernel,
}

impl KeptAnswers {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }

    async fn forget(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<u64> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let marks = Marks::of(traces);
        let rows: Vec<(String, String, Vec<u8>)> =
            sqlx::query_as("select actor, key, body from idempotency_keys where org_id = $1 and body is not null")
                .bind(tx.org())
                .fetch_all(tx.conn())
                .await?;
        let mut removed = 0;
        for (actor, key, sealed) in rows {
            let body = vault.open(&place(&actor, &key), &sealed).unwrap_or_default();
            if marks.are_in(&key) || marks.are_in(&String::from_utf8_lossy(&body)) {
                removed += sqlx::query("delete from idempotency_keys where org_id = $1 and actor = $2 and key = $3")
                    .bind(tx.org())
                    .bind(&actor)
                    .bind(&key)
                    .execute(tx.conn())
                    .await?
                    .rows_affected();
            }
        }
        Ok(removed)
    }
}

#[async_trait]
impl Holder for KeptAnswers {
    fn name(&self) -> &'static str {
        "shell"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        self.forget(tx, traces).await.map(drop)
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        Ok(Vec::new())
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        Ok(vec![Removed::new("idempotency_keys", self.forget(tx, traces).await?)])
    }

    async fn expire(&self, tx: &mut OrgTx, _expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let done = sqlx::query("delete from idempotency_keys where org_id = $1 and created_at < $2")
            .bind(tx.org())
            .bind(tx.clock().now() - KEPT_FOR)
            .execute(tx.conn())
            .await?;
        Ok(vec![Removed::new("idempotency_keys", done.rows_affected())])
    }

    fn openers(&self) -> Vec<Opener> {
        vec![Opener::sealed("idempotency_keys", "body", |vault, row, sealed| {
            vault.open(&place(row.get("actor")?.as_str()?, row.get("key")?.as_str()?), sealed).ok()
        })]
    }
}
