//! `/v2/site/redirects`: for programs that move a site's addresses.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Listed, Query};
use utoipa::{IntoParams, ToSchema};

use super::{Row, Typed, all, bare, take_out, write};
use crate::core::Core;

/// An address that moved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteRedirect)]
pub(super) struct RedirectOut {
    from: String,
    to: String,
    /// Whether browsers and search engines may forget the old one.
    permanent: bool,
    /// How often it was followed.
    hits: i64,
    at: DateTime<Utc>,
}

impl From<Row> for RedirectOut {
    fn from(Row { from_path, to_path, permanent, hits, at }: Row) -> Self {
        Self { from: from_path, to: to_path, permanent, hits, at }
    }
}

/// Where an address leads from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteRedirectIn)]
pub(super) struct RedirectIn {
    /// An address of the site.
    #[schema(example = "/old-page")]
    from: String,
    /// Another one, or one that begins with `https://`.
    #[schema(example = "/pricing")]
    to: String,
    #[serde(default = "for_good")]
    permanent: bool,
}

fn for_good() -> bool {
    true
}

/// Which one.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The old address.
    #[param(example = "/old-page")]
    from: String,
}

/// List the addresses that moved.
#[utoipa::path(get, path = "/v2/site/redirects", tag = "site", responses((status = 200, body = Listed<RedirectOut>)))]
pub(super) async fn list(by: Allowed<ManageChannels>) -> Result<Json<Listed<RedirectOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = all(&mut tx).await?;
    Ok(Json(Listed::whole(rows.into_iter().map(RedirectOut::from).collect())))
}

/// Send an old address to a new one, in one step and in no circle.
#[utoipa::path(put, path = "/v2/site/redirects", tag = "site", request_body = RedirectIn,
    responses((status = 200, body = RedirectOut), (status = 422, description = "What is wrong with which address")))]
pub(super) async fn keep(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<RedirectIn>,
) -> Result<Json<RedirectOut>, AppError> {
    let RedirectIn { from, to, permanent } = given;
    let typed = Typed { from, to, temporary: (!permanent).then(String::new) };
    let mut tx = by.tx().await?;
    write(&by, &mut tx, &typed).await?;
    let from = bare(typed.from.trim());
    let kept = all(&mut tx).await?.into_iter().find(|row| row.from_path == from);
    let kept = kept.ok_or_else(|| AppError::not_found("redirect"))?;
    crate::admin::publish(&core, tx).await?;
    Ok(Json(kept.into()))
}

/// Forget an old address: it is not found any more.
#[utoipa::path(delete, path = "/v2/site/redirects", tag = "site", params(Which), responses((status = 204), (status = 404)))]
pub(super) async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Query(which): Query<Which>,
) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    take_out(&by, &mut tx, &which.from).await?;
    crate::admin::publish(&core, tx).await?;
    Ok(StatusCode::NO_CONTENT)
}
