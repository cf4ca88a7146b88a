//! `GET /v2/leads/{id}`.

use axum::extract::State;
use kernel::db::OrgTx;
use kernel::ids::LeadId;
use kernel::vault::OrgVault;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::list::LeadOut;
use super::store;
use crate::contacts::{self, ContactOut};
use crate::core::Core;

/// A lead with its contact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeadShown {
    #[serde(flatten)]
    pub lead: LeadOut,
    /// The contact; none when it was erased.
    pub contact: Option<ContactOut>,
}

/// A lead with its contact, or 404.
pub(crate) async fn load(tx: &mut OrgTx, vault: &OrgVault, id: LeadId) -> Result<LeadShown, AppError> {
    let row = store::find(tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let cards = contacts::cards(tx, vault, &[row.contact_id]).await?;
    let contact = contacts::load(tx, vault, row.contact_id).await?;
    Ok(LeadShown { lead: LeadOut::of(row, &cards), contact })
}

/// A lead, its score opened into its signals.
#[utoipa::path(get, path = "/v2/leads/{id}", tag = "leads", responses((status = 200, body = LeadShown)))]
pub(crate) async fn show_lead(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<LeadId>,
) -> Result<Json<LeadShown>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    Ok(Json(load(&mut tx, &vault, id).await?))
}
