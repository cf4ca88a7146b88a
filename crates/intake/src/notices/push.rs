//! `POST /webhooks/sources/google_business`: pushes of Business Profile, by a subscription of Pub/Sub.
//!
//! There is one subscription for the whole installation. Its token proves that Google's Pub/Sub sent a push as the service account
//! that the operator named; the account in it says whose reviews to read again. A rule a newcomer would break: whoever is refused
//! comes again for days, so what is Google's own and means nothing here is taken and forgotten.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use connectors::google::push::{self, Expected, KEYS_URL, Push, PushError};
use kernel::db::system;
use kernel::ids::{ConnectionId, OrgId};
use ring::digest;
use serde::Serialize;
use serde_json::Value;
use shell::AppError;

use super::is_new;
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::kinds::Kind;
use crate::runs::wake;

/// What became of a push.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Pushed {
    /// Connections that read the account.
    connections: usize,
    /// Those of them that are read again.
    woken: usize,
    /// Those of them to which it came before.
    repeated: usize,
}

/// Takes a push.
pub(crate) async fn receive(
    State(core): State<Core>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Pushed>, AppError> {
    let config = &core.kernel.config.connectors.google_push;
    if config.audience.is_empty() || config.service_account.is_empty() {
        return Err(AppError::not_found("address of notices"));
    }
    let expected = Expected {
        keys_url: config.keys_url.as_deref().unwrap_or(KEYS_URL),
        audience: &config.audience,
        service_account: &config.service_account,
    };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    core.google_keys.verify(&core.kernel.http, expected, given).await.map_err(|error| refused(&error))?;
    let Some(push) = push::read(&body) else {
        tracing::warn!(push.bytes = body.len(), "a push of Google could not be read; it was taken and means nothing");
        return Ok(Json(Pushed::default()));
    };
    Ok(Json(take(&core, &push).await?))
}

fn refused(error: &PushError) -> AppError {
    match error {
        PushError::Untrusted(why) => AppError::unauthenticated(format!("{why}; nothing was kept")),
        PushError::Unavailable(_) => AppError::unavailable(format!("{error}; nothing was kept, send it again later")),
    }
}

/// Has every connection that reads the account read again what the push names.
async fn take(core: &Core, push: &Push) -> Result<Pushed, AppError> {
    let mut pushed = Pushed::default();
    if push.wake.is_empty() {
        return Ok(pushed);
    }
    let kind = Kind::GoogleBusiness.as_str();
    for (org, id) in system::connections_of_account(&core.kernel.db, kind, &push.account).await? {
        pushed.connections += 1;
        match again(core, org, id, push).await? {
            Some(true) => pushed.woken += 1,
            Some(false) => pushed.repeated += 1,
            None => {}
        }
    }
    Ok(pushed)
}

/// Whether the push was new to a connection, and is read; none where the connection does not read this place, or not now.
async fn again(core: &Core, org: OrgId, id: ConnectionId, push: &Push) -> Result<Option<bool>, AppError> {
    let mut tx = core.kernel.db.begin(org).await?;
    let reads = |one: &Connection| !matches!(one.state.as_str(), "paused" | "reconnect") && has(one, &push.location);
    if !store::find(&mut tx, id).await?.as_ref().is_some_and(reads) {
        return Ok(None);
    }
    let event = digest::digest(&digest::SHA256, format!("push:{}", push.id).as_bytes()).as_ref().to_vec();
    if !is_new(&mut tx, id, vec![event]).await? {
        return Ok(Some(false));
    }
    wake::wake(&mut tx, id, &push.wake).await?;
    tx.commit().await?;
    Ok(Some(true))
}

/// Whether a connection reads a place: every one of its account, unless some were chosen.
fn has(connection: &Connection, location: &str) -> bool {
    let chosen = connection.settings["options"]["locations"].as_array().map(Vec::as_slice).unwrap_or_default();
    chosen.is_empty() || chosen.iter().filter_map(Value::as_str).any(|one| one == location)
}
