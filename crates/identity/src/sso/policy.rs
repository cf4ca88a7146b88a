//! `/v2/sso/policy`: whether people on verified domains sign in by their provider only.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::Identity;
use crate::origin::Origin;
use crate::store::sso::{connections, domains, only};

/// Which ways in are open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyOut {
    /// Whether members on verified domains sign in by their provider only. Owners keep their other ways.
    pub(crate) sso_only: bool,
    /// Since when.
    pub(crate) since: Option<DateTime<Utc>>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PolicyPatch {
    sso_only: bool,
}

/// Show which ways in are open.
#[utoipa::path(get, path = "/v2/sso/policy", tag = "sso", operation_id = "get_sso_policy", responses((status = 200, body = PolicyOut)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<PolicyOut>, AppError> {
    Ok(Json(policy(&by).await?))
}

/// Close or open the ways in besides single sign-on. Closing ends the sessions that began another way, but owners' and yours.
#[utoipa::path(patch, path = "/v2/sso/policy", tag = "sso", operation_id = "change_sso_policy", request_body = PolicyPatch,
    responses((status = 200, body = PolicyOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 409, description = "Nobody could sign in: no tested connection in use, or no verified domain.")))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(PolicyPatch { sso_only }): Json<PolicyPatch>,
) -> Result<Json<PolicyOut>, AppError> {
    set(&identity, &by, sso_only, &origin).await?;
    Ok(Json(policy(&by).await?))
}

pub(crate) async fn policy(by: &Allowed<ManagePeople>) -> Result<PolicyOut, AppError> {
    let since = only::since(&mut by.tx().await?).await?.map(|(at, _)| at);
    Ok(PolicyOut { sso_only: since.is_some(), since })
}

pub(crate) async fn set(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    sso_only: bool,
    origin: &Origin,
) -> Result<(), AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    let (changed, ended) = if sso_only {
        let proven = connections::list(&mut tx).await?.iter().any(|one| one.enabled && one.works());
        if !proven && !connections::was_used(&mut tx).await? {
            return Err(AppError::conflict("first let a connection in use pass its test, or sign in by it once"));
        }
        if !domains::list(&mut tx).await?.iter().any(|one| one.verified_at.is_some()) {
            return Err(AppError::conflict(
                "first verify an email domain: the switch concerns people on verified domains",
            ));
        }
        let changed = only::set(&mut tx, &by.actor().to_string()).await?;
        (changed, only::end_others(&mut tx, by.principal().session).await?)
    } else {
        (only::unset(&mut tx).await?, 0)
    };
    if changed {
        let action = if sso_only { "sso.only_on" } else { "sso.only_off" };
        let entry = AuditEntry::new(by.actor(), action).about("sso").detail(json!({ "sessions_ended": ended }));
        audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    }
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}
