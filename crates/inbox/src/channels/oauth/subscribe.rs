//! `POST /v2/channels/{id}/subscribe`: asks the platform (again) to send an account's events here.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::ChannelId;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Path};

use super::subscription::{Link, subscribe};
use crate::core::Core;

/// Ask the platform to send the account's events here: after connecting with a token, or when it failed before.
#[utoipa::path(post, path = "/v2/channels/{id}/subscribe", tag = "channels", responses((status = 204)))]
pub(crate) async fn subscribe_channel(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ChannelId>,
) -> Result<StatusCode, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let link = Link::open(&mut tx, &vault, id, "subscribe")
        .await
        .map_err(AppError::internal)?
        .ok_or_else(|| AppError::not_found("channel"))?;
    drop(tx);
    subscribe(&core, by.org(), &link).await.map_err(AppError::internal)?.map_err(AppError::conflict)?;
    Ok(StatusCode::NO_CONTENT)
}
