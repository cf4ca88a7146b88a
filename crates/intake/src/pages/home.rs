//! `/ingestion`: what is connected, what is being read, and everything that can be connected.

use std::collections::HashMap;

use askama::Template;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ConnectionId;
use shell::auth::permission::ManageChannels;
use shell::page::count;
use shell::{Allowed, AppError, FieldErrors, Frame, show};

use super::state_words;
use crate::connections::store;
use crate::kinds::Kind;
use crate::runs::api::RunOut;
use crate::runs::store as runs;

/// Runs on the page.
const SHOWN: i64 = 12;

#[derive(Template)]
#[template(path = "intake/home.html")]
pub(super) struct Home {
    frame: Frame,
    errors: FieldErrors,
    connections: Vec<Linked>,
    kinds: Vec<Choice>,
    runs: Runs,
}

/// A connection as the list shows it.
struct Linked {
    id: ConnectionId,
    name: String,
    title: &'static str,
    icon: &'static str,
    account: String,
    word: &'static str,
    tone: &'static str,
    error: String,
    read_at: Option<DateTime<Utc>>,
}

/// Something that can be connected.
struct Choice {
    kind: &'static str,
    title: &'static str,
    about: &'static str,
    icon: &'static str,
}

/// Runs, as a fragment that refreshes itself.
#[derive(Template)]
#[template(path = "intake/_runs.html")]
pub(super) struct Runs {
    rows: Vec<Line>,
}

/// A run as lists show it.
pub(super) struct Line {
    pub id: String,
    pub what: String,
    pub word: &'static str,
    pub tone: &'static str,
    pub rows: String,
    pub landed: String,
    pub rejected: String,
    pub dry: bool,
    pub percent: String,
    pub at: DateTime<Utc>,
}

/// A run as a line; `names` are those of connections.
pub(super) fn line(run: &RunOut, names: &HashMap<ConnectionId, String>) -> Line {
    let (word, tone) = state_words(&run.state);
    let named = run.connection_id.and_then(|id| names.get(&id).cloned());
    let what = match (named, run.upload_id) {
        (Some(name), Some(_)) => format!("{name}: a file"),
        (Some(name), None) if run.mode == "backfill" => format!("{name}, from the beginning"),
        (Some(name), None) => name,
        (None, Some(_)) => "A file".to_owned(),
        (None, None) => "A connection that was removed".to_owned(),
    };
    Line {
        id: run.job_id.to_string(),
        what,
        word,
        tone,
        rows: count(run.rows),
        landed: count(run.landed + run.corrected),
        rejected: count(run.rejected),
        dry: run.dry_run,
        percent: run
            .percent
            .filter(|_| run.state == "running")
            .map(|percent| format!("{percent:.0}"))
            .unwrap_or_default(),
        at: run.created_at,
    }
}

/// The names of connections.
pub(super) async fn names(tx: &mut OrgTx) -> Result<HashMap<ConnectionId, String>, AppError> {
    Ok(store::list(tx).await?.into_iter().map(|one| (one.id, one.name)).collect())
}

async fn recent(tx: &mut OrgTx) -> Result<Runs, AppError> {
    let names = names(tx).await?;
    let rows = runs::list(tx, None, None, SHOWN).await?;
    Ok(Runs { rows: rows.into_iter().map(|run| line(&run.into(), &names)).collect() })
}

pub(super) async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    show(&look(&by, FieldErrors::default()).await?)
}

/// The page with what is wrong with the form that was sent.
pub(super) async fn look(by: &Allowed<ManageChannels>, errors: FieldErrors) -> Result<Home, AppError> {
    let mut tx = by.tx().await?;
    let linked = |one: store::Connection| {
        let (word, tone) = state_words(&one.state);
        Linked {
            id: one.id,
            name: one.name,
            title: one.kind.title(),
            icon: one.kind.icon(),
            account: one.account,
            word,
            tone,
            error: one.last_error.unwrap_or_default(),
            read_at: one.read_at,
        }
    };
    let connections = store::list(&mut tx).await?.into_iter().map(linked).collect();
    let choice =
        |kind: Kind| Choice { kind: kind.as_str(), title: kind.title(), about: kind.about(), icon: kind.icon() };
    let runs = recent(&mut tx).await?;
    Ok(Home { frame: by.frame("Sources"), errors, connections, kinds: Kind::ALL.map(choice).into(), runs })
}

pub(super) async fn live(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    show(&recent(&mut by.tx().await?).await?)
}
