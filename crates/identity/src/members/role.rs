//! `PATCH /v2/members/{id}`: changing a role.

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::ids::MemberId;
use kernel::ledger::{Event, Fact, Subject};
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Path, Role};
use utoipa::ToSchema;

use super::{MemberOut, last_owner, may_touch};
use crate::Identity;
use crate::origin::Origin;
use crate::store::members::{self, Member};

#[derive(Deserialize, ToSchema)]
pub(crate) struct MemberPatch {
    role: Role,
}

/// Change a member's role. It holds from the member's next request.
#[utoipa::path(patch, path = "/v2/members/{id}", tag = "members", params(("id" = MemberId, Path,)), request_body = MemberPatch,
    responses((status = 200, body = MemberOut), (status = 409, description = "The last owner stays one.")))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
    Json(MemberPatch { role }): Json<MemberPatch>,
) -> Result<Json<MemberOut>, AppError> {
    Ok(Json(change(&identity, &by, id, role, &origin).await?.into()))
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
    if member.role == Role::Owner && owners == 1 {
        return Err(last_owner());
    }
    members::set_role(&mut tx, id, role).await?;
    let (from, to) = (member.role.to_string(), role.to_string());
    let entry = AuditEntry::new(by.actor(), "member.role_changed").about(id).detail(json!({ "from": from, "to": to }));
    tx.append(Event::new(Subject::Member(id), by.actor(), Fact::MemberRoleChanged { member: id, from, to }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    member.role = role;
    Ok(member)
}
