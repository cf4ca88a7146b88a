//! `GET /v2/contacts/{id}`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, LeadId};
use kernel::vault::OrgVault;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{cards, merge, suggest};
use crate::core::Core;
use crate::web::Desk;

/// The routes under `/v2/contacts`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(show_contact))
        .routes(routes!(suggest::suggest_merges))
        .routes(routes!(merge::merge_contacts))
        .routes(routes!(merge::unmerge_contacts))
}

/// An account the contact writes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityOut {
    pub channel_id: ChannelId,
    pub channel_kind: String,
    /// The platform's id of the person, valid on this account only.
    pub platform_id: String,
}

/// A person outside.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactOut {
    pub id: ContactId,
    /// The name shown, which is never empty.
    pub name: String,
    pub username: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub company: Option<String>,
    pub language: Option<String>,
    pub first_channel: Option<String>,
    /// Their open lead.
    pub lead_id: Option<LeadId>,
    pub identities: Vec<IdentityOut>,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

/// A contact; none when there is none or it was erased.
pub(crate) async fn load(tx: &mut OrgTx, vault: &OrgVault, id: ContactId) -> Result<Option<ContactOut>, sqlx::Error> {
    let Some(card) = cards(tx, vault, &[id]).await?.remove(&id) else { return Ok(None) };
    let (company, language, created_at, seen_at): (Option<String>, Option<String>, DateTime<Utc>, DateTime<Utc>) =
        sqlx::query_as("select company, language, created_at, seen_at from contacts where org_id = $1 and id = $2")
            .bind(tx.org())
            .bind(id)
            .fetch_one(tx.conn())
            .await?;
    let identities: Vec<(ChannelId, String, String, Option<Vec<u8>>)> = sqlx::query_as(
        "select channel_id, channel_kind, platform_id, sealed from contact_identities \
         where org_id = $1 and contact_id = $2 order by created_at",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    let identities = identities.into_iter().filter_map(|(channel_id, channel_kind, kept, sealed)| {
        let platform_id = vault.open_id(channel_id, &kept, sealed.as_deref())?;
        Some(IdentityOut { channel_id, channel_kind, platform_id })
    });
    let name = card.shown_name();
    let profile = card.profile;
    Ok(Some(ContactOut {
        id,
        name,
        username: profile.username,
        email: profile.email,
        phone: profile.phone,
        company,
        language,
        first_channel: card.first_channel,
        lead_id: card.lead,
        identities: identities.collect(),
        created_at,
        seen_at,
    }))
}

/// A contact.
#[utoipa::path(get, path = "/v2/contacts/{id}", tag = "contacts", responses((status = 200, body = ContactOut)))]
async fn show_contact(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ContactId>,
) -> Result<Json<ContactOut>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let contact = load(&mut tx, &vault, id).await?.ok_or_else(|| AppError::not_found("contact"))?;
    Ok(Json(contact))
}
