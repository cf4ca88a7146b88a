//! Connecting by consent: the way to the system's own page and back, with tokens that are sealed on arrival.
//!
//! The state is 256 random bits, good once, for ten minutes, in the session that began it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, uuid_at};
use serde::Serialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Path, Query, Toast};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change;
use super::secrets::{Secrets, fresh};
use super::store::{self, Connection};
use crate::core::Core;
use crate::sources;

/// How long a consent may take.
const LASTS: TimeDelta = TimeDelta::minutes(10);
const FIELD: &str = "intake_consents.state";

/// Where to send the member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentOut {
    /// The system's consent page; good for ten minutes, once, in the browser of the member who asked.
    consent_url: String,
}

fn back_to(core: &Core) -> String {
    format!("{}/ingestion/consent", core.kernel.config.http.base_url())
}

/// Connect by consent: open the address in the browser of the signed-in member.
#[utoipa::path(post, path = "/v2/ingestion/connections/{id}/consent", tag = "ingestion", responses((status = 200, body = ConsentOut)))]
pub(crate) async fn connect_by_consent_page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Json<ConsentOut>, AppError> {
    Ok(Json(ConsentOut { consent_url: begin(&by, &core, id).await? }))
}

/// Sends the member's browser to the consent page.
pub(crate) async fn go(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Redirect, AppError> {
    Ok(Redirect::to(&begin(&by, &core, id).await?))
}

async fn begin(by: &Allowed<ManageChannels>, core: &Core, id: ConnectionId) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let connection = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?;
    let app = sources::app(core, connection.kind).ok_or_else(|| {
        AppError::conflict(format!(
            "this installation has no application at {} yet: its operator enters one in the configuration",
            connection.kind.title()
        ))
    })?;
    let state = fresh().map_err(AppError::internal)?;
    let consent = app.authorise_url(&state, &back_to(core)).map_err(|error| change::refused(&error))?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let row = uuid_at(by.now());
    let verifier =
        consent.verifier.as_ref().map(|verifier| vault.seal_text(&place(row), verifier.reveal())).transpose()?;
    sqlx::query("delete from intake_consents where org_id = $1 and expires_at < $2")
        .bind(tx.org())
        .bind(by.now())
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into intake_consents (org_id, id, connection_id, state_hash, verifier, actor, session_id, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.org())
    .bind(row)
    .bind(id)
    .bind(vault.blind_index(FIELD, &state))
    .bind(verifier)
    .bind(by.actor().to_string())
    .bind(by.principal().session)
    .bind(by.now() + LASTS)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(consent.url)
}

fn place(id: Uuid) -> String {
    format!("intake_consents/{id}/verifier")
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    connection_id: ConnectionId,
    verifier: Option<Vec<u8>>,
    session_id: Option<kernel::ids::SessionId>,
    expires_at: chrono::DateTime<chrono::Utc>,
}

/// Burns a state; none when it is unknown here, too old, or of another session.
async fn burn(
    by: &Allowed<ManageChannels>,
    tx: &mut OrgTx,
    core: &Core,
    state: &str,
) -> Result<Option<(ConnectionId, Option<Secret>)>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let row: Option<Row> = sqlx::query_as(
        "delete from intake_consents where org_id = $1 and state_hash = $2 \
         returning id, connection_id, verifier, session_id, expires_at",
    )
    .bind(tx.org())
    .bind(vault.blind_index(FIELD, state))
    .fetch_optional(tx.conn())
    .await?;
    let Some(Row { id, connection_id, verifier, session_id, expires_at }) = row else { return Ok(None) };
    let theirs = session_id.is_none() || session_id == by.principal().session;
    if !theirs || expires_at <= by.now() {
        return Ok(None);
    }
    let verifier = verifier.map(|sealed| vault.open_text(&place(id), &sealed).map(Secret::new)).transpose()?;
    Ok(Some((connection_id, verifier)))
}

/// `GET /ingestion/consent`: the member is back. Whatever happened is said on the connection's page, with what to do.
pub(crate) async fn back(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Query(given): Query<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    // Systems add parameters of their own, which are nobody's mistake.
    let of = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    let mut tx = by.tx().await?;
    let burnt = burn(&by, &mut tx, &core, of("state")).await?;
    // Burnt is burnt, whatever comes next.
    tx.commit().await?;
    let Some((id, verifier)) = burnt else {
        return Ok(away(
            "/ingestion",
            Toast::problem(
                "This consent was used already, is older than ten minutes, or began in another browser. Nothing was changed: begin again.",
            ),
        ));
    };
    let page = format!("/ingestion/connections/{id}");
    if of("code").is_empty() {
        let why = if of("error") == "access_denied" {
            "you declined".to_owned()
        } else {
            format!("{} {}", of("error"), of("error_description"))
        };
        return Ok(away(
            &page,
            Toast::problem(format!("Nothing was connected: {}. Begin again when you like.", why.trim())),
        ));
    }
    let mut tx = by.tx().await?;
    let connection = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?;
    drop(tx);
    let said = match finish(&by, &core, connection, of("code"), verifier).await {
        Ok(account) => Toast::done(format!("Connected to {account}; the first reading begins now")),
        Err(error) if error.status().is_server_error() && !matches!(error, AppError::Unavailable { .. }) => {
            return Err(error);
        }
        Err(error) => Toast::problem(format!("Nothing was connected: {error}")),
    };
    Ok(away(&page, said))
}

fn away(page: &str, said: Toast) -> Response {
    (said.on_next_page(), Redirect::to(page)).into_response()
}

/// Exchanges the code, asks who we are now, and keeps the tokens; cursors stay where they were.
async fn finish(
    by: &Allowed<ManageChannels>,
    core: &Core,
    mut connection: Connection,
    code: &str,
    verifier: Option<Secret>,
) -> Result<String, AppError> {
    let app = sources::app(core, connection.kind)
        .ok_or_else(|| AppError::conflict("no application is configured any more"))?;
    let tokens = app.exchange(&core.kernel.http, code, &back_to(core), verifier.as_ref()).await;
    let tokens = tokens.map_err(|error| change::refused(&error))?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut secrets = Secrets::open(&vault, &connection, "connect").map_err(AppError::internal)?;
    secrets.tokens = Some(tokens);
    let sealed = secrets.seal(&vault, connection.id).map_err(AppError::internal)?;
    let mut tx = by.tx().await?;
    store::seal(&mut tx, connection.id, sealed.clone()).await?;
    tx.commit().await?;
    connection.sealed = Some(sealed);
    "connected".clone_into(&mut connection.state);
    let account = change::ask(core, by.org(), &connection).await?;
    let mut tx = by.tx().await?;
    store::good(&mut tx, connection.id, &account).await?;
    change::told(&mut tx, by.actor(), "ingestion.connected", &connection, None).await?;
    // A run that is under way goes on with the new tokens.
    match crate::runs::trigger::make(&mut tx, &connection, "incremental", by.actor().to_string(), false).await {
        Ok(_) | Err(AppError::Conflict(_)) => {}
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    Ok(account.name)
}
