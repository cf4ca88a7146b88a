//! `GET /v2/analytics/{view}`.

use std::sync::Arc;

use axum::extract::State;
use shell::auth::permission::View as Sees;
use shell::{Allowed, AppError, Json, Path, Query};

use super::period::Look;
use super::views::{AnalyticsView, make};
use crate::people::People;
use crate::read;

/// Show a view of analytics: `overview`, `response`, `funnel`, `agents`, `languages` or `channels`.
#[utoipa::path(get, path = "/v2/analytics/{view}", tag = "analytics", params(Look), responses((status = 200, body = AnalyticsView)))]
pub(crate) async fn show_analytics(
    by: Allowed<Sees>,
    State(people): State<Arc<dyn People>>,
    Path(view): Path<String>,
    Query(look): Query<Look>,
) -> Result<Json<AnalyticsView>, AppError> {
    let mut tx = by.tx().await?;
    let period = look.read(read::today(&mut tx, None).await?)?;
    let made = make(&mut tx, people.as_ref(), &view, &period).await?;
    made.map(Json).ok_or_else(|| AppError::not_found("view of analytics"))
}
