//! `GET /v2/sso/connections` and one of them.

use axum::extract::State;
use kernel::ids::SsoId;
use serde::Serialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Path};
use utoipa::ToSchema;

use super::ConnectionOut;
use crate::store::sso::connections::{self, Connection};

/// Connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionsOut {
    data: Vec<ConnectionOut>,
}

/// List the connections to identity providers.
#[utoipa::path(get, path = "/v2/sso/connections", tag = "sso", operation_id = "list_sso_connections",
    responses((status = 200, body = ConnectionsOut)))]
pub(crate) async fn get(State(app): State<App>, by: Allowed<ManagePeople>) -> Result<Json<ConnectionsOut>, AppError> {
    let all = connections::list(&mut by.tx().await?).await?;
    let url = &app.settings().public_url;
    Ok(Json(ConnectionsOut { data: all.into_iter().map(|one| ConnectionOut::of(one, url)).collect() }))
}

/// Show a connection.
#[utoipa::path(get, path = "/v2/sso/connections/{id}", tag = "sso", operation_id = "get_sso_connection",
    params(("id" = SsoId, Path,)), responses((status = 200, body = ConnectionOut)))]
pub(crate) async fn one(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
) -> Result<Json<ConnectionOut>, AppError> {
    Ok(Json(ConnectionOut::of(find(&by, id).await?, &app.settings().public_url)))
}

pub(crate) async fn find(by: &Allowed<ManagePeople>, id: SsoId) -> Result<Connection, AppError> {
    connections::find(&mut by.tx().await?, id).await?.ok_or_else(|| AppError::not_found("connection"))
}
