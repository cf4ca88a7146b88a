//! `POST /v2/channels/connect` and `GET /auth/connect/{channel}`: the way out to the platform's consent page.

use axum::extract::State;
use axum::response::Redirect;
use connectors::channel::Product;
use connectors::x::oauth2;
use kernel::channel::ChannelKind;
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::state::{Kept, keep};
use super::{kind_in_path, kind_of, redirect_uri, title};
use crate::core::Core;

/// What to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentIn {
    /// `facebook`, `instagram`, `whatsapp` or `x`.
    #[serde(rename = "type")]
    kind: String,
}

/// Where to send the member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentOut {
    /// The platform's consent page; good for ten minutes, once, for the member who asked.
    consent_url: String,
}

/// Connect an account by consent: open the address in the browser of the signed-in member.
#[utoipa::path(post, path = "/v2/channels/connect", tag = "channels", request_body = ConsentIn, responses((status = 200, body = ConsentOut)))]
pub(crate) async fn connect_by_consent(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<ConsentIn>,
) -> Result<Json<ConsentOut>, AppError> {
    let kind = kind_of(&given.kind).ok_or_else(|| AppError::field("type", "is facebook, instagram, whatsapp or x"))?;
    let consent_url = begin(&core, by.org(), by.actor(), kind).await?;
    Ok(Json(ConsentOut { consent_url }))
}

/// Sends the member's browser to the consent page.
pub(super) async fn go(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(channel): Path<String>,
) -> Result<Redirect, AppError> {
    let kind = kind_in_path(&channel)?;
    Ok(Redirect::to(&begin(&core, by.org(), by.actor(), kind).await?))
}

async fn begin(core: &Core, org: OrgId, by: Actor, kind: ChannelKind) -> Result<String, AppError> {
    if !configured(core, kind) {
        let name = title(kind);
        return Err(AppError::conflict(format!(
            "this installation has no application at {name} yet: its operator enters one in the configuration"
        )));
    }
    let verifier = oauth2::verifier().map_err(AppError::internal)?;
    let kept = Kept { verifier: (kind == ChannelKind::X).then(|| verifier.clone()), found: None };
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let state = keep(&mut tx, &vault, kind, by, &kept).await.map_err(AppError::internal)?;
    tx.commit().await?;
    let back = redirect_uri(core, kind);
    let calls = core.platforms.calls();
    let url = match kind {
        ChannelKind::X => calls.x().consent_url(&back, state.reveal(), &verifier),
        _ => calls.graph().consent_url(kind, product(core, kind), &back, state.reveal()),
    };
    url.map_err(AppError::internal)
}

fn configured(core: &Core, kind: ChannelKind) -> bool {
    let config = &core.kernel.config.connectors;
    match kind {
        ChannelKind::X => !config.x.client_id.is_empty(),
        ChannelKind::Instagram => config.meta.instagram_app_id.is_some() || !config.meta.app_id.is_empty(),
        _ => !config.meta.app_id.is_empty(),
    }
}

/// Instagram accounts sign in themselves where an app for it is configured, through their page otherwise.
pub(super) fn product(core: &Core, kind: ChannelKind) -> Product {
    let login = core.kernel.config.connectors.meta.instagram_app_id.is_some();
    if kind == ChannelKind::Instagram && login { Product::InstagramLogin } else { Product::Usual }
}
