//! `/reports/{id}`: a report as it was made, its files, and the links by which others read it.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::ids::{ReportId, ShareId};
use serde::Deserialize;
use shell::auth::permission::{Export, View};
use shell::{Allowed, AppError, Form, Frame, Path, Permission, Query, Toast, show};

use crate::api::reports::{answer, may_take};
use crate::api::shares::{end, make};
use crate::core::Core;
use crate::render::{Format, View as Shown};
use crate::store::reports::ReportRow;
use crate::store::shares::ShareRow;
use crate::store::{reports, shares};

#[derive(Template)]
#[template(path = "reports/show.html")]
struct ReportPage {
    frame: Frame,
    id: ReportId,
    title: String,
    note: String,
    status: String,
    problem: String,
    files: Vec<File>,
    may_share: bool,
    links: Links,
    view: Option<Shown>,
}

struct File {
    href: String,
    label: &'static str,
}

/// The links of a report, and the one that was just made.
#[derive(Template)]
#[template(path = "reports/_links.html")]
struct Links {
    report: ReportId,
    made: String,
    rows: Vec<Link>,
}

struct Link {
    id: ShareId,
    until: String,
    open: bool,
    views: i32,
    at: DateTime<Utc>,
}

impl Links {
    fn of(report: ReportId, rows: Vec<ShareRow>, made: String, now: DateTime<Utc>) -> Self {
        let row = |row: ShareRow| Link {
            id: row.id,
            until: row.until.format("%-d %B %Y").to_string(),
            open: row.revoked_at.is_none() && now < row.until,
            views: row.views,
            at: row.at,
        };
        Self { report, made, rows: rows.into_iter().map(row).collect() }
    }
}

pub(crate) async fn page(
    State(core): State<Core>,
    by: Allowed<View>,
    Path(id): Path<ReportId>,
) -> Result<Html<String>, AppError> {
    let may_share = by.may(Permission::Export);
    let mut tx = by.tx().await?;
    let row = reports::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("report"))?;
    let sheet = reports::sheet(&mut tx, &core.kernel.vault, id).await?;
    let links = if may_share { shares::of(&mut tx, id).await? } else { Vec::new() };
    let ReportRow { title, status, error, .. } = row;
    let file =
        |format: Format| File { href: format!("/reports/{id}/file?format={}", format.word()), label: format.label() };
    let formats = Format::ALL.into_iter().filter(|format| may_share || !format.is_export());
    show(&ReportPage {
        frame: by.frame(title.clone()),
        id,
        note: sheet.as_ref().map(|sheet| sheet.note.clone()).unwrap_or_default(),
        title,
        files: if sheet.is_some() { formats.map(file).collect() } else { Vec::new() },
        status,
        problem: format!(
            "This report failed: {}. Nothing else was changed; make it again, or ask the operator.",
            error.unwrap_or_default()
        ),
        may_share,
        links: Links::of(id, links, String::new(), by.now()),
        view: sheet.as_ref().map(Shown::of),
    })
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct FormOf {
    /// PDF when it is absent.
    #[serde(default)]
    format: Option<Format>,
}

pub(crate) async fn file(
    State(core): State<Core>,
    by: Allowed<View>,
    Path(id): Path<ReportId>,
    Query(FormOf { format }): Query<FormOf>,
) -> Result<Response, AppError> {
    let format = format.unwrap_or(Format::Pdf);
    may_take(&by, format)?;
    let mut tx = by.tx().await?;
    let sheet = reports::sheet(&mut tx, &core.kernel.vault, id).await?;
    let sheet = sheet.ok_or_else(|| AppError::not_found("report that is ready"))?;
    drop(tx);
    answer(sheet, format, "attachment").await
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct ShareForm {
    days: i64,
}

/// Makes a link; the answer shows it, once.
pub(crate) async fn share(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path(id): Path<ReportId>,
    Form(ShareForm { days }): Form<ShareForm>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let (_, url) = make(&core, &mut tx, by.actor(), id, Some(days)).await?;
    let rows = shares::of(&mut tx, id).await?;
    tx.commit().await?;
    Ok((Toast::done("The link is ready to copy"), show(&Links::of(id, rows, url, by.now()))?).into_response())
}

pub(crate) async fn revoke(
    by: Allowed<Export>,
    Path((id, share)): Path<(ReportId, ShareId)>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    end(&mut tx, by.actor(), id, share).await?;
    let rows = shares::of(&mut tx, id).await?;
    tx.commit().await?;
    Ok((Toast::done("The link works no more"), show(&Links::of(id, rows, String::new(), by.now()))?).into_response())
}
