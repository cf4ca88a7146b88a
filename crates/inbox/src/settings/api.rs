//! `/v2/settings/auto-reply` and `/v2/settings/brand-voice`.

use axum::extract::State;
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AutoReply, BrandVoice, load, save};
use crate::core::Core;
use crate::web::Desk;

/// The routes.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(get_auto_reply, put_auto_reply))
        .routes(routes!(get_brand_voice, put_brand_voice))
}

/// Show when the bot answers by itself.
#[utoipa::path(get, path = "/v2/settings/auto-reply", tag = "settings", responses((status = 200, body = AutoReply)))]
async fn get_auto_reply(by: Allowed<View>) -> Result<Json<AutoReply>, AppError> {
    Ok(Json(load(&mut by.tx().await?).await?))
}

/// Set when the bot answers by itself.
#[utoipa::path(put, path = "/v2/settings/auto-reply", tag = "settings", request_body = AutoReply, responses((status = 200, body = AutoReply)))]
async fn put_auto_reply(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<AutoReply>,
) -> Result<Json<AutoReply>, AppError> {
    if let Some((field, reason)) = given.problem() {
        return Err(AppError::field(field, reason));
    }
    let mut tx = by.tx().await?;
    save(&mut tx, &given, by.actor()).await?;
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok(Json(given))
}

/// Show how the bot sounds.
#[utoipa::path(get, path = "/v2/settings/brand-voice", tag = "settings", responses((status = 200, body = BrandVoice)))]
async fn get_brand_voice(by: Allowed<View>) -> Result<Json<BrandVoice>, AppError> {
    Ok(Json(load(&mut by.tx().await?).await?))
}

/// Set how the bot sounds.
#[utoipa::path(put, path = "/v2/settings/brand-voice", tag = "settings", request_body = BrandVoice, responses((status = 200, body = BrandVoice)))]
async fn put_brand_voice(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<BrandVoice>,
) -> Result<Json<BrandVoice>, AppError> {
    if let Some((field, reason)) = given.problem() {
        return Err(AppError::field(field, reason));
    }
    let mut tx = by.tx().await?;
    save(&mut tx, &given, by.actor()).await?;
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok(Json(given))
}
