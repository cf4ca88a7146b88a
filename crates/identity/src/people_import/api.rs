//! `POST /v2/members/import`, and the reports of earlier imports.

use axum::extract::State;
use axum::response::Response;
use kernel::ids::MemberImportId;
use serde::Serialize;
use shell::auth::permission::ManagePeople;
use shell::csv::Csv;
use shell::{Allowed, App, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use super::input::{ImportIn, Sent};
use super::{ImportOut, Outcome, ReportOut, run, store, table};
use crate::invites::create;
use crate::origin::Origin;

/// An import that was tried or done just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportMade {
    #[serde(flatten)]
    report: ReportOut,
    /// Whether it was only tried: nobody was invited.
    dry_run: bool,
    /// The links of the invitations, which are shown only now. Empty when letters carry them.
    links: Vec<LinkOut>,
}

/// An invitation's link: it works once, for a week.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkOut {
    pub(super) email: String,
    pub(super) link: String,
}

/// Invite the people of a table. Run it with `dry_run` first: the report is the same.
///
/// At most 10,000 rows and 2 MiB. Rows that cannot be used are refused with their reasons and the others are written, all in
/// one transaction. The same file again invites nobody twice.
#[utoipa::path(post, path = "/v2/members/import", tag = "members", request_body = ImportIn,
    responses((status = 200, body = ImportMade), (status = 413, description = "The file is larger than 2 MiB."),
        (status = 422, description = "The file cannot be read as a table with an email column.")))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    sent: Sent,
) -> Result<Json<ImportMade>, AppError> {
    let (report, made) = run::start(&app, &by, table::read(&sent.bytes)?, !sent.dry_run, &origin).await?;
    let links = links(&app, made);
    Ok(Json(ImportMade { report, dry_run: sent.dry_run, links }))
}

/// List the imports of the last thirty days, newest first.
#[utoipa::path(get, path = "/v2/members/imports", tag = "members", params(PageParams),
    responses((status = 200, body = Listed<ImportOut>)))]
pub(crate) async fn list(
    by: Allowed<ManagePeople>,
    page: Page<MemberImportId>,
) -> Result<Json<Listed<ImportOut>>, AppError> {
    let rows = store::list(&mut by.tx().await?, &page).await?;
    Ok(Json(Listed::new(&page, rows, |import| import.id)?))
}

/// Show what became of each row of an import.
#[utoipa::path(get, path = "/v2/members/imports/{id}", tag = "members", params(("id" = MemberImportId, Path,)),
    responses((status = 200, body = ReportOut)))]
pub(crate) async fn show(
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberImportId>,
) -> Result<Json<ReportOut>, AppError> {
    Ok(Json(run::report(&by, id).await?))
}

/// Download the refused rows of an import as CSV, the reason beside each: mend them and import the file.
#[utoipa::path(get, path = "/v2/members/imports/{id}/refused", tag = "members", params(("id" = MemberImportId, Path,)),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn refused(by: Allowed<ManagePeople>, Path(id): Path<MemberImportId>) -> Result<Response, AppError> {
    let report = run::report(&by, id).await?;
    let mut table = Csv::new(&["line", "email", "name", "role", "team", "reason"]);
    for row in report.report.iter().filter(|row| row.outcome == Outcome::Refused) {
        table.row(&[&row.line.to_string(), &row.email, &row.name, &row.role, &row.team, &row.reason]);
    }
    Ok(table.download("refused.csv"))
}

pub(super) fn links(app: &App, made: Vec<run::Made>) -> Vec<LinkOut> {
    made.into_iter().map(|made| LinkOut { link: create::link(app, &made.token), email: made.email }).collect()
}
