//! `POST /webhooks/intake/{token}`: what another program posts becomes signals at once.
//!
//! The token names the connection; where a secret is set, the body must be signed with it (`X-Signature: sha256=<hex>`, HMAC).
//! A body is JSON: one record, a list of them, or what the connection's path finds in it. What the schema or the recipe refuses
//! is kept with its reason and answered with it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use connectors::source::Rejection;
use kernel::db::system;
use kernel::ids::{ConnectionId, OrgId, uuid_at};
use kernel::vault::OrgVault;
use ring::hmac;
use serde::Serialize;
use serde_json::Value;
use shell::AppError;

use crate::connections::change::extract;
use crate::connections::secrets::{Secrets, door};
use crate::connections::store::{self, Connection};
use crate::core::{Core, storable};
use crate::kinds::Kind;
use crate::paths;
use crate::rejects::Reject;

/// Records of one body.
const MOST: usize = 1_000;

/// What became of a body.
#[derive(Debug, Default, Serialize)]
struct Taken {
    new: u64,
    corrected: u64,
    unchanged: u64,
    rejected: Vec<Reject>,
}

/// What is wrong with a webhook's settings, field by field.
pub(crate) fn problems(settings: &Value) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if let Some(schema) = settings.get("schema").filter(|schema| !schema.is_null())
        && let Err(error) = validator(schema)
    {
        wrong.push(("schema".to_owned(), error));
    }
    if let Some(path) = settings.get("records").and_then(Value::as_str).filter(|path| !path.is_empty())
        && let Err(error) = paths::parse(path)
    {
        wrong.push(("records".to_owned(), error));
    }
    if let Err(found) = extract(settings, "webhook") {
        wrong.extend(found.into_iter().map(|(field, why)| (format!("recipe.{field}"), why)));
    }
    wrong
}

/// A schema that is checked offline: it refers to nothing outside of itself.
fn validator(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::validator_for(schema).map_err(|error| format!("is not a JSON Schema: {error}"))
}

/// Where a refused body is sealed.
pub(crate) fn place(id: uuid::Uuid) -> String {
    format!("intake_refusals/{id}/sealed")
}

/// Takes a body.
pub(crate) async fn receive(
    State(core): State<Core>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AppError> {
    let unknown = || AppError::not_found("webhook");
    let (org, id) = system::door_of(&core.kernel.db, &door(&token)).await?.ok_or_else(unknown)?;
    let mut tx = core.kernel.db.begin(org).await?;
    // A door of another kind is proved in another way: the user of a folder is no token.
    let webhook = |one: &Connection| one.kind == Kind::Webhook;
    let connection = store::find(&mut tx, id).await?.filter(webhook).ok_or_else(unknown)?;
    drop(tx);
    let vault = core.kernel.vault.of(org).await?;
    let secrets = Secrets::open(&vault, &connection, "webhook").map_err(AppError::internal)?;
    if let Some(secret) = secrets.of("secret") {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        let given = headers.get("x-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = hex::decode(given.trim_start_matches("sha256=")).unwrap_or_default();
        hmac::verify(&key, &body, &given)
            .map_err(|_| AppError::unauthenticated("the signature in X-Signature does not fit the body"))?;
    }
    if connection.state == "paused" {
        return Err(AppError::unavailable("this connection is paused; nothing was kept, send it again later"));
    }
    let records = match records(&connection.settings, &body) {
        Ok(records) => records,
        Err(reason) => {
            refuse(&core, org, &vault, id, &reason, &body).await?;
            return Err(AppError::unprocessable(format!("{reason}; the body was kept with this reason")));
        }
    };
    let taken = land(&core, org, &vault, &connection, records).await?;
    let status = if taken.rejected.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, Json(taken)).into_response())
}

/// The records of a body that fits the schema, or why there are none.
fn records(settings: &Value, body: &[u8]) -> Result<Vec<Value>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    if let Some(schema) = settings.get("schema").filter(|schema| !schema.is_null()) {
        let validator = validator(schema)?;
        if let Err(error) = validator.validate(&body) {
            return Err(format!(
                "the body does not fit the schema at {}",
                where_at(&error.instance_path().to_string())
            ));
        }
    }
    let path = settings.get("records").and_then(Value::as_str).filter(|path| !path.is_empty());
    let records = match (path, body) {
        (Some(path), body) => {
            let path = paths::parse(path)?;
            path.query(&body).all().into_iter().cloned().collect()
        }
        (None, Value::Array(records)) => records,
        (None, record) => vec![record],
    };
    if records.len() > MOST {
        return Err(format!("the body has {} records; send at most {MOST} at once", records.len()));
    }
    Ok(records)
}

fn where_at(path: &str) -> &str {
    if path.is_empty() { "its root" } else { path }
}

async fn land(
    core: &Core,
    org: OrgId,
    vault: &OrgVault,
    connection: &Connection,
    records: Vec<Value>,
) -> Result<Taken, AppError> {
    let extract = extract(&connection.settings, "webhook")
        .map_err(|wrong| AppError::internal(anyhow::anyhow!("a stored recipe does not compile: {wrong:?}")))?;
    let now = core.kernel.clock.now();
    let (mut signals, mut origins, mut taken) = (Vec::new(), Vec::new(), Taken::default());
    for (place, record) in records.iter().enumerate() {
        match extract.signal(record, now) {
            Ok(signal) => {
                signals.push(signal);
                origins.push(place);
            }
            Err(rejection) => taken.rejected.push(Reject::of_record(place as u64 + 1, record, rejection)),
        }
    }
    let mut tx = core.kernel.db.begin(org).await?;
    if !signals.is_empty() {
        let landed = core.landing.land(&mut tx, signals).await?;
        (taken.new, taken.corrected, taken.unchanged) = (landed.new, landed.corrected, landed.unchanged);
        for (place, reason) in landed.rejected {
            if let Some(&record) = origins.get(place) {
                let rejection = Rejection { field: None, reason };
                taken.rejected.push(Reject::of_record(record as u64 + 1, &records[record], rejection));
            }
        }
    }
    for reject in &taken.rejected {
        keep(&mut tx, vault, connection.id, &reject.why(), reject.cells.concat().as_bytes()).await?;
    }
    let error = taken.rejected.first().map(|_| "some records were refused; they are kept with their reasons");
    store::ended(&mut tx, connection.id, error, if error.is_some() { "failing" } else { "connected" }).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn refuse(
    core: &Core,
    org: OrgId,
    vault: &OrgVault,
    id: ConnectionId,
    reason: &str,
    body: &[u8],
) -> Result<(), AppError> {
    let mut tx = core.kernel.db.begin(org).await?;
    keep(&mut tx, vault, id, reason, body).await?;
    store::ended(&mut tx, id, Some("a body was refused; it is kept with its reason"), "failing").await?;
    Ok(tx.commit().await?)
}

/// Keeps a body with the reason why it was refused, sealed.
pub(crate) async fn keep(
    tx: &mut kernel::db::OrgTx,
    vault: &OrgVault,
    connection: ConnectionId,
    reason: &str,
    body: &[u8],
) -> Result<(), AppError> {
    let now = tx.clock().now();
    let id = uuid_at(now);
    let sealed = vault.seal(&place(id), body)?;
    sqlx::query(
        "insert into intake_refusals (org_id, id, connection_id, reason, sealed, at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(connection)
    .bind(storable(reason))
    .bind(sealed)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A body that was refused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RefusedOut {
    /// When it came.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Why it was refused.
    pub reason: String,
    /// The body as it came.
    pub body: String,
}

/// The bodies that a webhook refused, newest first.
pub(crate) async fn refused(
    tx: &mut kernel::db::OrgTx,
    vault: &OrgVault,
    connection: ConnectionId,
    most: i64,
) -> Result<Vec<RefusedOut>, AppError> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>, chrono::DateTime<chrono::Utc>)> = sqlx::query_as(
        "select id, reason, sealed, at from intake_refusals where org_id = $1 and connection_id = $2 order by id desc limit $3",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let open = |(id, reason, sealed, at): (uuid::Uuid, String, Vec<u8>, _)| {
        let body = vault.open(&place(id), &sealed)?;
        Ok::<_, AppError>(RefusedOut { at, reason, body: String::from_utf8_lossy(&body).into_owned() })
    };
    rows.into_iter().map(open).collect()
}
