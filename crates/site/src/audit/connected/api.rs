//! `/v2/maturity`: a result of a maturity audit beside what the organisation measures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::db::OrgTx;
use serde::Deserialize;
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::compare::Comparison;
use super::{store, take};
use crate::core::Core;
use crate::ports::Measured;

/// Which result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MaturityTake)]
pub(super) struct TakeIn {
    /// The id that handing in the audit gave, or the address of its result. An id alone is looked for on the site at the
    /// installation's own address.
    #[schema(example = "https://audit.example.com/audit/results/01h455vb4pex5vsknk084sn02q")]
    audit_id: String,
}

/// The result that was taken over beside what is measured now; none where none was.
pub(super) async fn compared(tx: &mut OrgTx, measured: &dyn Measured) -> Result<Option<Comparison>, AppError> {
    let Some(taken) = store::find(tx).await? else { return Ok(None) };
    let figures = measured.figures(tx).await?;
    Ok(Some(Comparison::of(&taken, &figures)))
}

/// Show the result that was taken over beside what is measured.
///
/// What is measured over the last 90 days counts instead of what was said, where a figure is made of 20 cases or more. It is worked
/// out anew each time.
#[utoipa::path(get, path = "/v2/maturity", tag = "site",
    responses((status = 200, body = Comparison), (status = 404, description = "None was taken over")))]
pub(super) async fn show_maturity(
    by: Allowed<View>,
    State(measured): State<Arc<dyn Measured>>,
) -> Result<Json<Comparison>, AppError> {
    let mut tx = by.tx().await?;
    compared(&mut tx, measured.as_ref()).await?.map(Json).ok_or_else(take::none)
}

/// Take a result over, in place of the one before.
///
/// The answers are copied into your organisation; the site they were given on is not told.
#[utoipa::path(post, path = "/v2/maturity", tag = "site", request_body = TakeIn,
    responses((status = 201, body = Comparison), (status = 404, description = "No result has this id or address"),
        (status = 409, description = "It was not handed in yet"), (status = 422, description = "It is neither an id nor an address")))]
pub(super) async fn take_maturity(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    State(measured): State<Arc<dyn Measured>>,
    Json(given): Json<TakeIn>,
) -> Result<(StatusCode, Json<Comparison>), AppError> {
    let taken = take::take(&core, &by, &given.audit_id).await?;
    let figures = measured.figures(&mut by.tx().await?).await?;
    Ok((StatusCode::CREATED, Json(Comparison::of(&taken, &figures))))
}

/// Forget the result that was taken over. The one on the site stays as it is.
#[utoipa::path(delete, path = "/v2/maturity", tag = "site",
    responses((status = 204), (status = 404, description = "None was taken over")))]
pub(super) async fn remove_maturity(by: Allowed<ManageChannels>) -> Result<StatusCode, AppError> {
    take::remove(&by).await?;
    Ok(StatusCode::NO_CONTENT)
}
