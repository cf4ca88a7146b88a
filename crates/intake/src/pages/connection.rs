//! `/ingestion/connections/{id}`: one connection: how it does, what it is made with, its runs, and how to mend it.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::ids::ConnectionId;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Toast, show};

use super::connect::{Asked, asked, given, json_error};
use super::home::{Line, line};
use super::state_words;
use crate::connections::change;
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::kinds::{Ask, Kind};
use crate::notices::address::{self, Address};
use crate::runs::store as runs;
use crate::sources;
use crate::webhook::{self, RefusedOut};

/// Runs and refused bodies on the page.
const SHOWN: i64 = 10;

#[derive(Template)]
#[template(path = "intake/connection.html")]
struct ConnectionPage {
    frame: Frame,
    id: ConnectionId,
    kind: Kind,
    name: String,
    state: String,
    word: &'static str,
    tone: &'static str,
    account: String,
    error: String,
    read_at: Option<DateTime<Utc>>,
    consent: bool,
    asks: Vec<Asked>,
    json: String,
    json_error: String,
    problem: String,
    rows: Vec<Line>,
    refused: Vec<RefusedOut>,
    /// Where its notices are sent to, and what sends them.
    addresses: Vec<Address>,
    sends: &'static str,
}

async fn load(by: &Allowed<ManageChannels>, id: ConnectionId) -> Result<Connection, AppError> {
    store::find(&mut by.tx().await?, id).await?.ok_or_else(|| AppError::not_found("connection"))
}

async fn look(
    by: &Allowed<ManageChannels>,
    core: &Core,
    connection: Connection,
    form: Option<(&BTreeMap<String, String>, &AppError)>,
) -> Result<ConnectionPage, AppError> {
    let mut tx = by.tx().await?;
    let names = HashMap::from([(connection.id, connection.name.clone())]);
    let rows = runs::list(&mut tx, Some(connection.id), None, SHOWN).await?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let token = address::token(&mut tx, &vault, connection.id).await.map_err(AppError::internal)?;
    let base = core.kernel.config.http.base_url();
    let addresses = token.map(|token| address::addresses(&base, connection.kind, &token)).unwrap_or_default();
    let refused = if connection.kind == Kind::Webhook || connection.kind.gives_notice() {
        webhook::refused(&mut tx, &vault, connection.id, SHOWN).await?
    } else {
        Vec::new()
    };
    let errors = form.map(|(_, error)| FieldErrors::from(error)).unwrap_or_default();
    let settings = &connection.settings;
    let value = |ask: &Ask| match form {
        _ if ask.secret => String::new(),
        Some((form, _)) => form.get(ask.name).cloned().unwrap_or_default(),
        None => settings[ask.name].as_str().unwrap_or_default().to_owned(),
    };
    let raw = matches!(connection.kind, Kind::Rest | Kind::Webhook | Kind::Drop | Kind::Sftp);
    let json = match form.and_then(|(form, _)| form.get("json")) {
        Some(text) => text.clone(),
        None if raw => serde_json::to_string_pretty(settings).map_err(AppError::internal)?,
        None => String::new(),
    };
    let (word, tone) = state_words(&connection.state);
    Ok(ConnectionPage {
        frame: by.frame(connection.name.clone()),
        id: connection.id,
        kind: connection.kind,
        word,
        tone,
        consent: sources::app(core, connection.kind).is_some(),
        asks: asked(connection.kind, value, &errors),
        json,
        json_error: form.map(|(_, error)| json_error(error)).unwrap_or_default(),
        problem: form
            .filter(|(_, error)| error.details().is_empty())
            .map(|(_, error)| error.to_string())
            .unwrap_or_default(),
        rows: rows.into_iter().map(|run| line(&run.into(), &names)).collect(),
        refused,
        addresses,
        sends: address::words(connection.kind),
        name: connection.name,
        state: connection.state,
        account: connection.account,
        error: connection.last_error.unwrap_or_default(),
        read_at: connection.read_at,
    })
}

pub(super) async fn page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
) -> Result<Response, AppError> {
    let connection = load(&by, id).await?;
    Ok(show(&look(&by, &core, connection, None).await?)?.into_response())
}

pub(super) async fn save(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    let connection = load(&by, id).await?;
    let saved = async {
        let given = given(connection.kind, &form)?;
        let mut tx = by.tx().await?;
        change::change(&core, &mut tx, by.actor(), &connection, given).await?;
        tx.commit().await?;
        Ok::<_, AppError>(())
    };
    match saved.await {
        Ok(()) => {
            let page = format!("/ingestion/connections/{id}");
            Ok((Toast::done("Saved").on_next_page(), Redirect::to(&page)).into_response())
        }
        Err(error) if matches!(error, AppError::Internal(_)) => Err(error),
        Err(error) => {
            let page = look(&by, &core, connection, Some((&form, &error))).await?;
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}
