//! `POST /v2/organisation/ownership`: handing the organisation over.

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::ids::MemberId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::Billing;
use shell::{Allowed, AppError, Json, Role};
use utoipa::ToSchema;

use crate::Identity;
use crate::members::{MemberOut, role};
use crate::origin::Origin;
use crate::store::members::{self, Member};

#[derive(Deserialize, ToSchema)]
pub(crate) struct OwnershipIn {
    /// Who becomes an owner in the caller's place.
    pub(crate) member_id: MemberId,
}

/// Hand your ownership over to a member: they become an owner and you an administrator, in one step.
#[utoipa::path(post, path = "/v2/organisation/ownership", tag = "organisation", request_body = OwnershipIn,
    responses((status = 200, body = MemberOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 409, description = "The member is an owner already, or the caller is a key or no owner any more.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<Billing>,
    origin: Origin,
    Json(OwnershipIn { member_id }): Json<OwnershipIn>,
) -> Result<Json<MemberOut>, AppError> {
    Ok(Json(hand_over(&identity, &by, member_id, &origin).await?.into()))
}

/// One transaction, which holds every owner: there is no moment without one, and none with a third.
pub(crate) async fn hand_over(
    identity: &Identity,
    by: &Allowed<Billing>,
    to: MemberId,
    origin: &Origin,
) -> Result<Member, AppError> {
    by.fresh()?;
    let own = by.member().ok_or_else(|| AppError::conflict("an API key owns nothing; an owner hands over"))?;
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    // Read again under the lock: of two requests at once the second finds what the first left.
    let giver = members::lock(&mut tx, own).await?.filter(|member| member.role == Role::Owner);
    let mut giver = giver.ok_or_else(|| AppError::conflict("you are no owner any more; nothing was changed"))?;
    let mut taker = members::lock(&mut tx, to).await?.ok_or_else(|| AppError::not_found("member"))?;
    if taker.role == Role::Owner {
        return Err(AppError::conflict("this member is an owner already; nothing was changed"));
    }
    if taker.suspended_at.is_some() {
        return Err(AppError::conflict("this member is suspended; reactivate them first"));
    }
    // The new owner first: the old one is then not the last.
    role::set(&mut tx, &mut taker, Role::Owner, owners, by.actor(), origin).await?;
    role::set(&mut tx, &mut giver, Role::Admin, owners + 1, by.actor(), origin).await?;
    let entry =
        AuditEntry::new(by.actor(), "organisation.handed_over").about(to).detail(json!({ "from": own, "to": to }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(taker)
}
