//! `/reports/analytics/{view}/file`: a view of analytics as a file.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use shell::auth::permission::RunReports;
use shell::{Allowed, AppError, Path, Query};

use crate::analytics::analytics;
use crate::api::reports::{answer, may_take};
use crate::core::Core;
use crate::figures::Look;
use crate::render::Format;

/// What is asked for in the address: the form (PDF when it is absent), and what the page of the view takes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    format: Option<Format>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    compare: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    source: String,
}

pub(crate) async fn file(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Path(view): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let Asked { format, from, to, compare, location, source } = asked;
    let format = format.unwrap_or(Format::Pdf);
    may_take(&by, format)?;
    let look = Look { from, to, compare, location, source };
    let mut tx = by.tx().await?;
    let sheet = analytics(&mut tx, core.figures.as_ref(), &view, &look).await?;
    let sheet = sheet.ok_or_else(|| AppError::not_found("view of analytics"))?;
    drop(tx);
    answer(sheet, format, "attachment").await
}
