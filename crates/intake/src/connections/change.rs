//! Making, changing and removing connections: first everything is checked, then it is kept.

use std::collections::BTreeMap;

use connectors::source::{Account, SourceError};
use kernel::audit::{self, AuditEntry};
use kernel::config::Secret;
use kernel::db::{Caller, OrgTx};
use kernel::ids::{ConnectionId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::{Map, Value, json};
use shell::{AppError, Detail};

use super::secrets::{MOST_SIGNING, SIGNING, Secrets, door, fresh};
use super::store::{self, Connection};
use crate::core::Core;
use crate::kinds::Kind;
use crate::notices::address;
use crate::paths::{Extract, Recipe};
use crate::rest::RestConfig;
use crate::runs::store as runs;
use crate::{sources, webhook};

/// What is to be connected.
#[derive(Default)]
pub(crate) struct Given {
    pub name: String,
    pub settings: Map<String, Value>,
    pub secrets: BTreeMap<String, String>,
}

/// A connection that was made, with what is shown once.
pub(crate) struct Made {
    pub connection: Connection,
    /// The token of a webhook's address, or the user of a folder.
    pub door: Option<String>,
    /// The token of the address that notices are sent to.
    pub notices: Option<String>,
}

/// Makes a connection. One that can be asked is asked before it is kept; one that waits for a consent is not.
pub(crate) async fn make(
    core: &Core,
    org: OrgId,
    by: Actor,
    caller: Caller,
    kind: Kind,
    given: Given,
) -> Result<Made, AppError> {
    let id = ConnectionId::new(&core.kernel.clock);
    let name = if given.name.trim().is_empty() { kind.title().to_owned() } else { name(&given.name)? };
    let settings = Value::Object(given.settings);
    let secrets = secrets(kind, &given.secrets)?;
    check(kind, &settings, &secrets, true)?;
    let vault = core.kernel.vault.of(org).await?;
    let shown = match kind {
        Kind::Webhook => Some(fresh().map_err(AppError::internal)?),
        Kind::Drop => Some(format!(
            "in-{}",
            fresh().map_err(AppError::internal)?.to_lowercase().replace(['-', '_'], "x").get(..12).unwrap_or("in")
        )),
        _ => None,
    };
    let sealed = if secrets.is_empty() { None } else { Some(secrets.seal(&vault, id).map_err(AppError::internal)?) };
    let waits = kind.by_consent() && secrets.proves_nothing();
    let mut connection = Connection {
        id,
        kind,
        name,
        state: if waits { "reconnect" } else { "connected" }.to_owned(),
        settings,
        sealed,
        account: String::new(),
        last_error: None,
        last_error_at: None,
        read_at: None,
        created_at: core.kernel.clock.now(),
    };
    if kind.is_read() && !waits {
        connection.account = ask(core, org, &connection).await?.name;
    }
    let mut tx = core.kernel.db.begin(org).await?.called_from(caller);
    let new = store::NewConnection {
        id,
        kind,
        name: &connection.name,
        state: &connection.state,
        settings: &connection.settings,
        sealed: connection.sealed.clone(),
        door: shown.as_deref().map(door),
        account: &connection.account,
        by: by.to_string(),
    };
    store::keep(&mut tx, new).await?;
    let notices = if kind.gives_notice() {
        Some(address::renew(&mut tx, &vault, id).await.map_err(AppError::internal)?)
    } else {
        None
    };
    told(&mut tx, by, "ingestion.connected", &connection, None).await?;
    tx.commit().await?;
    Ok(Made { connection, door: shown, notices })
}

/// Asks the outside who we are; its refusal is for the form.
pub(crate) async fn ask(core: &Core, org: OrgId, connection: &Connection) -> Result<Account, AppError> {
    if connection.kind == Kind::Sftp {
        let name = crate::drops::check(core, org, connection).await?;
        return Ok(Account { id: String::new(), name });
    }
    let source = sources::open(core, org, connection, "check").await.map_err(|error| refused(&error))?;
    source.check().await.map_err(|error| refused(&error))
}

/// A source's error as an answer.
pub(crate) fn refused(error: &SourceError) -> AppError {
    match error {
        SourceError::RateLimited { retry_after } => AppError::too_many(retry_after.unwrap_or_default()),
        SourceError::Unavailable(_) => AppError::unavailable(format!("{error}; nothing was changed, try again")),
        other => AppError::unprocessable(format!("{other}; nothing was changed: check the account and the key")),
    }
}

/// Changes name, settings or credentials.
pub(crate) async fn change(
    core: &Core,
    tx: &mut OrgTx,
    by: Actor,
    connection: &Connection,
    given: Given,
) -> Result<(), AppError> {
    let mut settings = connection.settings.clone();
    let before = settings.clone();
    if let Some(settings) = settings.as_object_mut() {
        for (name, value) in given.settings {
            settings.insert(name, value);
        }
    }
    let vault = core.kernel.vault.of(tx.org()).await?;
    let mut kept = Secrets::open(&vault, connection, "change").map_err(AppError::internal)?;
    let fresh = secrets(connection.kind, &given.secrets)?;
    let changed = !fresh.is_empty();
    kept.values.extend(fresh.values);
    check(connection.kind, &settings, &kept, false)?;
    let sealed = if changed { Some(kept.seal(&vault, connection.id).map_err(AppError::internal)?) } else { None };
    let name = if given.name.trim().is_empty() { connection.name.clone() } else { name(&given.name)? };
    store::change(tx, connection.id, &name, &settings, sealed).await?;
    let difference = audit::difference(&before, &settings).map_err(AppError::internal)?;
    told(tx, by, "ingestion.changed", connection, Some(difference)).await
}

/// Removes a connection: its runs end, its credentials are destroyed; signals stay.
pub(crate) async fn remove(tx: &mut OrgTx, by: Actor, connection: &Connection) -> Result<(), AppError> {
    for run in runs::open_of(tx, connection.id).await? {
        runs::end(tx, run, "cancelled", Some("its connection was removed")).await?;
    }
    store::remove(tx, connection.id).await?;
    told(tx, by, "ingestion.removed", connection, None).await
}

/// Says in the audit log and in the ledger what was done.
pub(crate) async fn told(
    tx: &mut OrgTx,
    by: Actor,
    action: &'static str,
    connection: &Connection,
    change: Option<(Value, Value)>,
) -> Result<(), AppError> {
    let entry = AuditEntry::new(by, action).about(connection.id).detail(json!({ "kind": connection.kind.as_str() }));
    let entry = match change {
        Some((before, after)) => entry.change(before, after),
        None => entry,
    };
    audit::record(tx, entry).await?;
    let group = format!("ingestion.{}", connection.kind.as_str());
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::SettingsChanged { group }));
    Ok(())
}

fn name(text: &str) -> Result<String, AppError> {
    let text = text.trim();
    if text.chars().count() > 80 || text.chars().any(char::is_control) {
        return Err(AppError::field("name", "must have 1 to 80 characters"));
    }
    Ok(text.to_owned())
}

fn secrets(kind: Kind, given: &BTreeMap<String, String>) -> Result<Secrets, AppError> {
    let mut secrets = Secrets::default();
    for (name, value) in given {
        let known = kind.asks().iter().any(|ask| ask.secret && ask.name == name)
            || (kind.gives_notice() && name == SIGNING)
            || matches!((kind, name.as_str()), (Kind::Webhook | Kind::Rest, "secret") | (Kind::Drop, "password"));
        if !known {
            return Err(AppError::field(format!("secrets.{name}"), "is not a known field"));
        }
        if !value.trim().is_empty() {
            secrets.values.insert(name.clone(), Secret::new(value.trim()));
        }
    }
    Ok(secrets)
}

/// Whether settings and credentials fit their kind.
fn check(kind: Kind, settings: &Value, secrets: &Secrets, new: bool) -> Result<(), AppError> {
    let mut wrong = Vec::new();
    for ask in kind.asks().iter().filter(|ask| ask.required) {
        let given = if ask.secret {
            secrets.of(ask.name).is_some() || (!new && secrets.tokens.is_some())
        } else {
            settings[ask.name].as_str().is_some_and(|text| !text.trim().is_empty())
        };
        if !given {
            let group = if ask.secret { "secrets" } else { "settings" };
            wrong.push(Detail::new(format!("{group}.{}", ask.name), "is required"));
        }
    }
    let fields = |wrong: &mut Vec<Detail>, found: Vec<(String, String)>| {
        wrong.extend(found.into_iter().map(|(field, why)| Detail::new(format!("settings.{field}"), why)));
    };
    if secrets.signing().len() > MOST_SIGNING {
        wrong.push(Detail::new(format!("secrets.{SIGNING}"), format!("has more than {MOST_SIGNING} secrets")));
    }
    match kind {
        Kind::Rest => match serde_json::from_value::<RestConfig>(settings.clone()) {
            Ok(config) => fields(&mut wrong, config.problems(secrets)),
            Err(error) => wrong.push(Detail::new("settings", error.to_string())),
        },
        Kind::Webhook => fields(&mut wrong, webhook::problems(settings)),
        Kind::Sftp if secrets.of("password").is_none() && secrets.of("private_key").is_none() => {
            wrong.push(Detail::new("secrets.password", "a password or a private key is required"));
        }
        Kind::Drop
            if secrets.of("password").is_none() && settings["public_key"].as_str().unwrap_or_default().is_empty() =>
        {
            wrong.push(Detail::new("secrets.password", "a password or a public key is required"));
        }
        _ => {}
    }
    if wrong.is_empty() { Ok(()) } else { Err(AppError::fields(wrong)) }
}

/// The recipe of a webhook or of a REST connection, compiled.
pub(crate) fn extract(settings: &Value, source: &str) -> Result<Extract, Vec<(String, String)>> {
    let recipe = match settings.get("recipe") {
        None | Some(Value::Null) => Recipe::default(),
        Some(recipe) => {
            serde_json::from_value(recipe.clone()).map_err(|error| vec![("recipe".to_owned(), error.to_string())])?
        }
    };
    Extract::new(&recipe, source)
}
