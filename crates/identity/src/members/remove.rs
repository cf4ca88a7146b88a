//! Removing a member, and leaving. Their sessions end and the keys they made stop working, at once.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use shell::auth::permission::{ManagePeople, View};
use shell::{Allowed, AppError, Path, Role};

use super::{last_owner, may_touch};
use crate::Identity;
use crate::origin::Origin;
use crate::store::{members, sessions};

/// Remove a member. Their sessions end and the keys they made stop working.
#[utoipa::path(delete, path = "/v2/members/{id}", tag = "members", params(("id" = MemberId, Path,)),
    responses((status = 204, description = "They are no member any more."), (status = 409, description = "The last owner stays.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    remove(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leave the organisation: removes the caller's own membership.
#[utoipa::path(delete, path = "/v2/members/me", tag = "members",
    responses((status = 204, description = "You are no member any more."), (status = 409, description = "The last owner stays.")))]
pub(crate) async fn leave(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    let id = by.member().ok_or_else(|| AppError::conflict("an API key is no member"))?;
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    gone(&mut tx, id, owners, by.actor(), &origin, |_| Ok(())).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: MemberId,
    origin: &Origin,
) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    let name = gone(&mut tx, id, owners, by.actor(), origin, |role| may_touch(by.principal(), role)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(name)
}

/// Removes the membership and gives the person's name.
pub(crate) async fn gone(
    tx: &mut OrgTx,
    id: MemberId,
    owners: usize,
    by: Actor,
    origin: &Origin,
    may: impl FnOnce(Role) -> Result<(), AppError>,
) -> Result<String, AppError> {
    let member = members::lock(tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    may(member.role)?;
    if member.is_last_owner(owners) {
        return Err(last_owner());
    }
    sessions::revoke_all(tx, member.user).await?;
    members::remove(tx, id).await?;
    tx.append(Event::new(Subject::Member(id), by, Fact::MemberRemoved { member: id }));
    audit::record(tx, AuditEntry::new(by, "member.removed").about(id).from_ip(origin.ip)).await?;
    Ok(member.name)
}
