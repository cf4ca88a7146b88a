//! `/v2/ingestion/csv`: a file is sent, looked at, asked about, and read.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use kernel::ids::{OrgId, RunId, UploadId};
use serde::Serialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::look::PreviewOut;
use super::start::{self, StartIn};
use super::{store, upload};
use crate::core::Core;
use crate::web::Desk;

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; `upload` reads it")]
pub(crate) struct CsvForm {
    /// A table: CSV with any delimiter and encoding, plain, gzip or zip.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
    /// As JSON, to start at once.
    mapping: Option<String>,
    /// `true`: start at once. A table whose columns are fields of a signal starts by itself.
    start: Option<bool>,
    dry_run: Option<bool>,
    date_order: Option<String>,
    time_zone: Option<String>,
    currency: Option<String>,
    decimal_mark: Option<String>,
}

/// The run that reads a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StartedOut {
    pub job_id: RunId,
}

/// Send a table. Without a mapping the answer is a preview with questions; a table whose columns are named like the fields of
/// `POST /v2/signals` is read at once.
#[utoipa::path(
    post, path = "/v2/ingestion/csv", tag = "ingestion",
    request_body(content = CsvForm, content_type = "multipart/form-data"),
    responses((status = 200, body = PreviewOut), (status = 202, body = PreviewOut))
)]
pub(crate) async fn upload_csv(
    by: Allowed<ManageChannels>,
    State(desk): State<Desk>,
    request: Request,
) -> Result<(StatusCode, Json<PreviewOut>), AppError> {
    let core = desk.core();
    let (spooled, wishes) = upload::receive(core, by.org(), request, &desk).await?;
    let registered = upload::register(core, by.org(), &spooled, None, &wishes.answers, by.actor().to_string()).await;
    let (seen, mut preview) = registered?;
    let certain = preview.certain && preview.questions.is_empty();
    if !(wishes.start || wishes.mapping.is_some() || certain) {
        return Ok((StatusCode::OK, Json(preview)));
    }
    let mapping = wishes.mapping.unwrap_or_else(|| preview.mapping.clone());
    let mut tx = by.tx().await?;
    let zone = store::zone(&mut tx).await?;
    start::check(&seen, &mapping, &wishes.answers, zone)?;
    let file = store::find(&mut tx, spooled.id).await?.ok_or_else(|| AppError::not_found("file"))?;
    let run = start::start(&mut tx, &file, &mapping, &wishes.answers, wishes.dry_run, by.actor()).await?;
    tx.commit().await?;
    preview.job_id = Some(run);
    Ok((StatusCode::ACCEPTED, Json(preview)))
}

/// A file that was sent, as it was looked at.
#[utoipa::path(get, path = "/v2/ingestion/csv/{id}", tag = "ingestion", responses((status = 200, body = PreviewOut)))]
pub(crate) async fn show_csv(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<UploadId>,
) -> Result<Json<PreviewOut>, AppError> {
    Ok(Json(preview(&core, by.org(), &mut by.tx().await?, id).await?))
}

/// What was seen of a file.
pub(crate) async fn preview(
    core: &Core,
    org: OrgId,
    tx: &mut kernel::db::OrgTx,
    id: UploadId,
) -> Result<PreviewOut, AppError> {
    let file = store::find(tx, id).await?.ok_or_else(|| AppError::not_found("file"))?;
    let plain = core.kernel.vault.open(org, &store::place(id), &file.preview).await?;
    serde_json::from_slice(&plain).map_err(AppError::internal)
}

/// Read a file that was sent. What it leaves open is refused with the question, never guessed.
#[utoipa::path(post, path = "/v2/ingestion/csv/{id}/start", tag = "ingestion", request_body = StartIn, responses((status = 202, body = StartedOut)))]
pub(crate) async fn start_csv(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<UploadId>,
    Json(given): Json<StartIn>,
) -> Result<(StatusCode, Json<StartedOut>), AppError> {
    Ok((StatusCode::ACCEPTED, Json(StartedOut { job_id: begin(&by, &core, id, given).await? })))
}

/// Checks and starts; the same for the API and the page.
pub(crate) async fn begin(
    by: &Allowed<ManageChannels>,
    core: &Core,
    id: UploadId,
    given: StartIn,
) -> Result<RunId, AppError> {
    let mut tx = by.tx().await?;
    let file = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("file"))?;
    if store::is_taken(&mut tx, id).await? {
        return Err(AppError::conflict("this file is being read or was read already; look at its run"));
    }
    let zone = store::zone(&mut tx).await?;
    drop(tx);
    let seen = start::look_again(core, by.org(), id).await?;
    let answers = given.answers();
    let mapping = given.mapping.unwrap_or_else(|| seen.proposal(&answers).0);
    start::check(&seen, &mapping, &answers, zone)?;
    let mut tx = by.tx().await?;
    let run = start::start(&mut tx, &file, &mapping, &answers, given.dry_run, by.actor()).await?;
    tx.commit().await?;
    Ok(run)
}
