//! `/shared/{token}`: a report for whoever has its link. No account, no frame, nothing that leads into Recoup.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use shell::{AppError, Frame, Path, RequestInfo, show};

use crate::api::reports::answer;
use crate::core::Core;
use crate::render::{Format, View};
use crate::sheet::Sheet;
use crate::store::{reports, shares};
use crate::token;

#[derive(Template)]
#[template(path = "shared/report.html")]
struct SharedPage {
    frame: Frame,
    title: String,
    org: String,
    note: String,
    file: String,
    view: View,
}

/// No search engine keeps it, and no other site learns its address.
const QUIET: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "private, no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// The report behind a link; counts the view.
async fn found(core: &Core, token: &str) -> Result<Sheet, AppError> {
    let missing = || AppError::not_found("report: the link ended or was revoked");
    let org = token::org(token).ok_or_else(missing)?;
    let kernel = &core.kernel;
    let mut tx = kernel.db.begin(org).await?;
    let report = shares::view(&mut tx, &token::hash(token)).await?.ok_or_else(missing)?;
    let sheet = reports::sheet(&mut tx, &kernel.vault, report).await?.ok_or_else(missing)?;
    tx.commit().await?;
    Ok(sheet.outside())
}

pub(crate) async fn page(
    State(core): State<Core>,
    info: RequestInfo,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let sheet = found(&core, &token).await?;
    let view = View::of(&sheet);
    let page = SharedPage {
        frame: Frame::signed_out(&info, sheet.title.clone()),
        title: sheet.title,
        org: sheet.org,
        note: sheet.note,
        file: format!("/shared/{token}/file"),
        view,
    };
    Ok((QUIET, show(&page)?).into_response())
}

pub(crate) async fn file(State(core): State<Core>, Path(token): Path<String>) -> Result<Response, AppError> {
    let sheet = found(&core, &token).await?;
    Ok((QUIET, answer(sheet, Format::Pdf, "inline").await?).into_response())
}
