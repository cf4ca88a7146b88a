//! `PATCH /v2/members/{id}`: changing a role, suspending and reactivating.

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Path, Role};
use utoipa::ToSchema;

use super::{MemberOut, last_owner, may_touch, suspension};
use crate::Identity;
use crate::origin::Origin;
use crate::store::members::{self, Member};

#[derive(Deserialize, ToSchema)]
pub(crate) struct MemberPatch {
    /// Their new role.
    #[serde(default)]
    role: Option<Role>,
    /// True: they cannot sign in, their sessions end and the keys they made stop working. False: they may sign in again.
    #[serde(default)]
    suspended: Option<bool>,
}

/// Change a member's role, suspend or reactivate them. It holds from the member's next request.
#[utoipa::path(patch, path = "/v2/members/{id}", tag = "members", params(("id" = MemberId, Path,)), request_body = MemberPatch,
    responses((status = 200, body = MemberOut), (status = 409, description = "The last owner stays one.")))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Json(MemberPatch { role, suspended }): Json<MemberPatch>,
) -> Result<Json<MemberOut>, AppError> {
    if role.is_none() && suspended.is_none() {
        return Err(AppError::unprocessable("say what to change: `role` or `suspended`"));
    }
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    let mut member = members::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    let mut changed = false;
    if let Some(role) = role.filter(|role| *role != member.role) {
        may_touch(by.principal(), member.role)?;
        may_touch(by.principal(), role)?;
        changed |= set(&mut tx, &mut member, role, owners, by.actor(), &origin).await?;
    }
    if let Some(suspended) = suspended {
        // Of the last owner the role that was just given counts.
        let owners = members::lock_owners(&mut tx).await?;
        changed |= suspension::by_hand(&mut tx, &mut member, suspended, owners, &by, &origin).await?;
    }
    if changed {
        tx.commit().await?;
        identity.doorkeeper().forget();
    }
    Ok(Json(member.into()))
}

pub(crate) async fn change(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: MemberId,
    role: Role,
    origin: &Origin,
) -> Result<Member, AppError> {
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    let mut member = members::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    if member.role == role {
        return Ok(member);
    }
    may_touch(by.principal(), member.role)?;
    may_touch(by.principal(), role)?;
    set(&mut tx, &mut member, role, owners, by.actor(), origin).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(member)
}

/// Gives a locked member another role; false when it is the one they have. The caller knows that the actor may, commits and
/// makes the doorkeeper forget.
pub(crate) async fn set(
    tx: &mut OrgTx,
    member: &mut Member,
    role: Role,
    owners: usize,
    by: Actor,
    origin: &Origin,
) -> Result<bool, AppError> {
    if member.role == role {
        return Ok(false);
    }
    if member.is_last_owner(owners) {
        return Err(last_owner());
    }
    let id = member.id;
    members::set_role(tx, id, role).await?;
    let (from, to) = (member.role.to_string(), role.to_string());
    let entry = AuditEntry::new(by, "member.role_changed")
        .about(id)
        .detail(json!({ "from": from, "to": to }))
        .change(json!({ "role": from }), json!({ "role": to }));
    tx.append(Event::new(Subject::Member(id), by, Fact::MemberRoleChanged { member: id, from, to }));
    audit::record(tx, entry.from_ip(origin.ip)).await?;
    member.role = role;
    Ok(true)
}
