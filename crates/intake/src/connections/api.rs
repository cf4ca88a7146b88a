//! `/v2/ingestion/connections`: what is connected, and how it does.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use connectors::source::Stream;
use kernel::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Listed, Path};
use utoipa::ToSchema;

use super::change::{self, Given};
use super::store::{self, Connection};
use crate::core::Core;
use crate::kinds::Kind;
use crate::notices::address;
use crate::sources;
use crate::webhook::{self, RefusedOut};

/// Something to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionIn {
    pub kind: Kind,
    /// What people call it; the kind's name when absent.
    #[serde(default)]
    pub name: String,
    /// What the kind asks for, and its options.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// Keys and passwords; sealed, and never shown again.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// What is to change; what is not named stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConnectionPatch {
    pub name: Option<String>,
    /// Single settings; others stay.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    pub secrets: BTreeMap<String, String>,
    /// Whether the clock leaves it alone.
    pub paused: Option<bool>,
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionOut {
    pub id: ConnectionId,
    pub kind: Kind,
    pub name: String,
    /// `connected`, `reconnect` (a person must connect again), `paused` or `failing`.
    pub state: String,
    #[schema(value_type = Object)]
    pub settings: Value,
    /// What the outside system calls itself.
    pub account: String,
    /// What happened, what was kept, what to do.
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    /// When it was last read to the end.
    pub read_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// Once, when it is made: the address to post to or that the system sends notices to (CallRail's followed by `/call` or
    /// `/form`), or the user to sign in with.
    pub door: Option<String>,
}

impl From<Connection> for ConnectionOut {
    fn from(connection: Connection) -> Self {
        let Connection {
            id,
            kind,
            name,
            state,
            settings,
            sealed: _,
            account,
            last_error,
            last_error_at,
            read_at,
            created_at,
        } = connection;
        Self { id, kind, name, state, settings, account, last_error, last_error_at, read_at, created_at, door: None }
    }
}

/// Something that can be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamOut {
    pub name: String,
    pub title: String,
    pub fields: Vec<String>,
    /// Whether later runs read only what is new.
    pub incremental: bool,
}

impl From<Stream> for StreamOut {
    fn from(stream: Stream) -> Self {
        let Stream { name, title, fields, incremental } = stream;
        Self { name, title, fields, incremental }
    }
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckOut {
    /// What the outside system calls itself.
    pub account: String,
}

/// What the outside presents, as an address or as a user.
pub(crate) fn shown(core: &Core, kind: Kind, door: &str) -> String {
    match kind {
        Kind::Webhook => format!("{}/webhooks/intake/{door}", core.kernel.config.http.base_url()),
        kind if kind.gives_notice() => address::url(&core.kernel.config.http.base_url(), kind, door, None),
        _ => door.to_owned(),
    }
}

/// Every connection.
#[utoipa::path(get, path = "/v2/ingestion/connections", tag = "ingestion", responses((status = 200, body = Listed<ConnectionOut>)))]
pub(crate) async fn list_connections(by: Allowed<View>) -> Result<Json<Listed<ConnectionOut>>, AppError> {
    let all = store::list(&mut by.tx().await?).await?;
    Ok(Json(Listed::whole(all.into_iter().map(ConnectionOut::from).collect())))
}

/// Connect something. A system that needs a consent waits for it: go on with `…/{id}/consent`.
#[utoipa::path(post, path = "/v2/ingestion/connections", tag = "ingestion", request_body = ConnectionIn, responses((status = 201, body = ConnectionOut)))]
pub(crate) async fn create_source_connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<ConnectionIn>,
) -> Result<(StatusCode, Json<ConnectionOut>), AppError> {
    let ConnectionIn { kind, name, settings, secrets } = given;
    let given = Given { name, settings, secrets };
    let made = change::make(&core, by.org(), by.actor(), by.request().caller(), kind, given).await?;
    let door = made.door.or(made.notices).as_deref().map(|door| shown(&core, kind, door));
    Ok((StatusCode::CREATED, Json(ConnectionOut { door, ..made.connection.into() })))
}

async fn load(tx: &mut kernel::db::OrgTx, id: ConnectionId) -> Result<Connection, AppError> {
    store::find(tx, id).await?.ok_or_else(|| AppError::not_found("connection"))
}

/// One connection.
#[utoipa::path(get, path = "/v2/ingestion/connections/{id}", tag = "ingestion", responses((status = 200, body = ConnectionOut)))]
pub(crate) async fn show_source_connection(
    by: Allowed<View>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<ConnectionOut>, AppError> {
    Ok(Json(load(&mut by.tx().await?, id).await?.into()))
}

/// Change a connection, or pause it.
#[utoipa::path(patch, path = "/v2/ingestion/connections/{id}", tag = "ingestion", request_body = ConnectionPatch, responses((status = 200, body = ConnectionOut)))]
pub(crate) async fn change_source_connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
    Json(given): Json<ConnectionPatch>,
) -> Result<Json<ConnectionOut>, AppError> {
    let mut tx = by.tx().await?;
    let connection = load(&mut tx, id).await?;
    let ConnectionPatch { name, settings, secrets, paused } = given;
    if name.is_some() || !settings.is_empty() || !secrets.is_empty() {
        let given = Given { name: name.unwrap_or_default(), settings, secrets };
        change::change(&core, &mut tx, by.actor(), &connection, given).await?;
    }
    if let Some(paused) = paused {
        store::pause(&mut tx, id, paused).await?;
        let action = if paused { "ingestion.connection_paused" } else { "ingestion.connection_resumed" };
        change::told(&mut tx, by.actor(), action, &connection, None).await?;
    }
    let now = load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(now.into()))
}

/// Remove a connection: its credentials are destroyed, what was read stays.
#[utoipa::path(delete, path = "/v2/ingestion/connections/{id}", tag = "ingestion", responses((status = 204)))]
pub(crate) async fn delete_source_connection(
    by: Allowed<ManageChannels>,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    let connection = load(&mut tx, id).await?;
    change::remove(&mut tx, by.actor(), &connection).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask the outside system who we are: the cheapest proof that the connection works.
#[utoipa::path(post, path = "/v2/ingestion/connections/{id}/check", tag = "ingestion", responses((status = 200, body = CheckOut)))]
pub(crate) async fn check_source_connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<CheckOut>, AppError> {
    let connection = load(&mut by.tx().await?, id).await?;
    if !connection.kind.is_read() {
        return Err(AppError::conflict("nothing is asked of this kind: it waits for what comes"));
    }
    let account = change::ask(&core, by.org(), &connection).await?;
    let mut tx = by.tx().await?;
    store::good(&mut tx, id, &account).await?;
    change::told(&mut tx, by.actor(), "ingestion.checked", &connection, None).await?;
    tx.commit().await?;
    Ok(Json(CheckOut { account: account.name }))
}

/// What can be read.
#[utoipa::path(post, path = "/v2/ingestion/connections/{id}/discover", tag = "ingestion", responses((status = 200, body = Listed<StreamOut>)))]
pub(crate) async fn discover_streams(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<Listed<StreamOut>>, AppError> {
    let connection = load(&mut by.tx().await?, id).await?;
    let source =
        sources::open(&core, by.org(), &connection, "discover").await.map_err(|error| change::refused(&error))?;
    let streams = source.discover().await.map_err(|error| change::refused(&error))?;
    Ok(Json(Listed::whole(streams.into_iter().map(StreamOut::from).collect())))
}

/// The bodies that a webhook refused, newest first, each with its reason.
#[utoipa::path(get, path = "/v2/ingestion/connections/{id}/refused", tag = "ingestion", responses((status = 200, body = Listed<RefusedOut>)))]
pub(crate) async fn refused_bodies(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<Listed<RefusedOut>>, AppError> {
    let mut tx = by.tx().await?;
    load(&mut tx, id).await?;
    let vault = core.kernel.vault.of(by.org()).await?;
    Ok(Json(Listed::whole(webhook::refused(&mut tx, &vault, id, 100).await?)))
}
