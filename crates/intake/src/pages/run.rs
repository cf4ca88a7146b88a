//! `/ingestion/runs/{id}`: a run as it goes, what it refused, and the file of that.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::ids::RunId;
use shell::auth::permission::ManageChannels;
use shell::page::{bytes_size, count};
use shell::{Allowed, AppError, Frame, Path, Permission, show};

use super::home::names;
use super::state_words;
use crate::core::Core;
use crate::rejects::{self, Reject};
use crate::runs::api::RunOut;
use crate::runs::store;

/// Rejected rows on the page; the file has all of them.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "intake/run.html")]
struct RunPage {
    frame: Frame,
    part: Part,
}

#[derive(Template)]
#[template(path = "intake/_run.html")]
struct Part {
    csrf: String,
    id: RunId,
    what: String,
    about: &'static str,
    word: &'static str,
    tone: &'static str,
    live: bool,
    paused: bool,
    percent: Option<f64>,
    left: String,
    rate: String,
    rows: String,
    landed: String,
    corrected: String,
    unchanged: String,
    rejected: String,
    size: String,
    error: String,
    waits_until: Option<DateTime<Utc>>,
    error_file: Option<String>,
    back: String,
    rejects: Vec<Reject>,
}

async fn part(by: &Allowed<ManageChannels>, core: &Core, id: RunId) -> Result<Part, AppError> {
    let mut tx = by.tx().await?;
    let run = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("run"))?;
    let run = RunOut::from(run);
    let names = names(&mut tx).await?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let first = if run.rejected > 0 { rejects::next(&mut tx, &vault, id, i64::MIN).await? } else { None };
    let mut rejects = first.map(|(_, rejects)| rejects).unwrap_or_default();
    rejects.truncate(SHOWN);
    let (word, tone) = state_words(&run.state);
    let may_export = by.may(Permission::Export);
    Ok(Part {
        csrf: by.frame("").csrf,
        id,
        what: run.connection_id.and_then(|id| names.get(&id).cloned()).unwrap_or_else(|| "A file".to_owned()),
        word,
        tone,
        live: matches!(run.state.as_str(), "queued" | "running"),
        paused: run.state == "paused",
        about: if run.dry_run {
            "A dry run: it reads and counts, and writes nothing."
        } else {
            "Every row becomes a signal, or is kept aside with its reason."
        },
        percent: run.percent,
        left: run.eta_s.map(duration).unwrap_or_default(),
        rate: if run.state == "running" { count(run.rate as i64) } else { String::new() },
        rows: count(run.rows),
        landed: count(run.landed),
        corrected: count(run.corrected),
        unchanged: count(run.unchanged),
        rejected: count(run.rejected),
        size: run.total_bytes.map(|bytes| bytes_size(bytes as u64)).unwrap_or_default(),
        error: run.error.unwrap_or_default(),
        waits_until: run.waits_until,
        error_file: run.error_file.filter(|_| may_export),
        back: run.connection_id.map_or_else(|| "/ingestion".to_owned(), |id| format!("/ingestion/connections/{id}")),
        rejects,
    })
}

fn duration(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s left"),
        60..3_600 => format!("{} min left", seconds / 60),
        _ => format!("{} h {} min left", seconds / 3_600, seconds % 3_600 / 60),
    }
}

pub(super) async fn page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<RunId>,
) -> Result<Html<String>, AppError> {
    show(&RunPage { frame: by.frame("Reading"), part: part(&by, &core, id).await? })
}

pub(super) async fn live(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<RunId>,
) -> Result<Html<String>, AppError> {
    show(&part(&by, &core, id).await?)
}
