//! `/settings/people/import`: choose a file, read what would happen, then do it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::ids::MemberImportId;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Path, show};

use super::api::{LinkOut, links};
use super::input::Sent;
use super::{Outcome, ReportOut, RowOut, run, table};
use crate::origin::Origin;

/// A report longer than this is cut on the page, the refused rows first; the download has all of them.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "imports/new.html")]
struct NewPage {
    frame: Frame,
    form: FormPart,
}

#[derive(Template)]
#[template(path = "imports/_form.html")]
struct FormPart {
    csrf: String,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct ReportPage {
    frame: Frame,
    part: ReportPart,
}

#[derive(Template)]
#[template(path = "imports/_report.html")]
struct ReportPart {
    csrf: String,
    id: MemberImportId,
    done: bool,
    counts: super::Counts,
    ignored: String,
    rows: Vec<Shown>,
    more: usize,
    links: Vec<LinkOut>,
    /// Whether letters carry the links.
    mail: bool,
    refused_csv: Option<String>,
}

/// A row of the report.
struct Shown {
    line: u64,
    email: String,
    name: String,
    role: String,
    word: &'static str,
    tone: &'static str,
    reason: String,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let frame = by.frame("Import people");
    let form = FormPart { csrf: frame.csrf.clone(), errors: FieldErrors::default() };
    Ok(show(&NewPage { frame, form })?.into_response())
}

/// Reads the file and says what would happen.
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    sent: Result<Sent, AppError>,
) -> Result<Response, AppError> {
    let tried = match sent.and_then(|sent| table::read(&sent.bytes)) {
        Ok(table) => run::start(&app, &by, table, false, &origin).await,
        Err(error) => Err(error),
    };
    match tried {
        Ok((report, _)) if by.request().fragment => Ok(show(&part(&by, report, Vec::new()))?.into_response()),
        Ok((report, _)) => Ok(Redirect::to(&format!("/settings/people/imports/{}", report.import.id)).into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let frame = by.frame("Import people");
            let errors = match error.details() {
                [] => FieldErrors::from(vec![shell::Detail::new("file", too_large(&error))]),
                details => FieldErrors::from(details.to_vec()),
            };
            let form = FormPart { csrf: frame.csrf.clone(), errors };
            if by.request().fragment {
                return Ok(show(&form)?.into_response());
            }
            Ok((error.status(), show(&NewPage { frame, form })?).into_response())
        }
    }
}

/// What was read, and what would happen or did.
pub(crate) async fn report(by: Allowed<ManagePeople>, Path(id): Path<MemberImportId>) -> Result<Response, AppError> {
    let report = run::report(&by, id).await?;
    let part = part(&by, report, Vec::new());
    Ok(show(&ReportPage { frame: by.frame("Import people"), part })?.into_response())
}

/// Invites them.
pub(crate) async fn finish(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberImportId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let (report, made) = run::finish(&app, &by, id, &origin).await?;
    let part = part(&by, report, links(&app, made));
    if by.request().fragment {
        return Ok(show(&part)?.into_response());
    }
    Ok(show(&ReportPage { frame: by.frame("Import people"), part })?.into_response())
}

fn too_large(error: &AppError) -> String {
    match error {
        AppError::TooLarge => "is larger than 2 MiB; cut it into several files".to_owned(),
        other => other.to_string(),
    }
}

fn part(by: &Allowed<ManagePeople>, report: ReportOut, links: Vec<LinkOut>) -> ReportPart {
    let ReportOut { import, ignored_columns, report, refused_csv } = report;
    let done = import.done_at.is_some();
    let (mut rows, others): (Vec<RowOut>, Vec<RowOut>) =
        report.into_iter().partition(|row| row.outcome == Outcome::Refused);
    rows.extend(others);
    let more = rows.len().saturating_sub(SHOWN);
    let rows = rows.into_iter().take(SHOWN).map(|row| line(row, done)).collect();
    ReportPart {
        csrf: by.frame("").csrf,
        id: import.id,
        done,
        counts: import.counts,
        ignored: ignored_columns.join(", "),
        rows,
        more,
        links,
        mail: by.kernel().config.mail.is_set(),
        refused_csv,
    }
}

fn line(row: RowOut, done: bool) -> Shown {
    let RowOut { line, email, name, role, team: _, outcome, reason } = row;
    let (word, tone) = outcome.words(!done);
    Shown { line, email, name, role: if role.is_empty() { "viewer".to_owned() } else { role }, word, tone, reason }
}
