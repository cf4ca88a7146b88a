//! Suspending a member and letting them in again. Somebody suspended cannot sign in; their sessions are over and the keys they
//! made stop, in this process with the commit and in the others within a second. What they own stays.

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError};

use super::{last_owner, may_touch};
use crate::Identity;
use crate::origin::Origin;
use crate::store::members::{self, Member};
use crate::store::sessions;

/// Suspends or reactivates a member on the word of another.
pub(crate) async fn change(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: MemberId,
    suspended: bool,
    origin: &Origin,
) -> Result<Member, AppError> {
    let mut tx = by.tx().await?;
    let owners = members::lock_owners(&mut tx).await?;
    let mut member = members::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    if by_hand(&mut tx, &mut member, suspended, owners, by, origin).await? {
        tx.commit().await?;
        identity.doorkeeper().forget();
    }
    Ok(member)
}

/// The same within a transaction that the caller commits; false when nothing changed.
pub(crate) async fn by_hand(
    tx: &mut OrgTx,
    member: &mut Member,
    suspended: bool,
    owners: usize,
    by: &Allowed<ManagePeople>,
    origin: &Origin,
) -> Result<bool, AppError> {
    may_touch(by.principal(), member.role)?;
    if suspended && by.member() == Some(member.id) {
        return Err(AppError::conflict("you cannot suspend yourself; another administrator can"));
    }
    set(tx, member, suspended, owners, by.actor(), origin).await
}

/// Suspends or reactivates a locked member; false when nothing changed. The caller knows that the actor may, commits and makes
/// the doorkeeper forget.
pub(crate) async fn set(
    tx: &mut OrgTx,
    member: &mut Member,
    suspended: bool,
    owners: usize,
    by: Actor,
    origin: &Origin,
) -> Result<bool, AppError> {
    if member.suspended_at.is_some() == suspended {
        return Ok(false);
    }
    if suspended && member.is_last_owner(owners) {
        return Err(last_owner());
    }
    let id = member.id;
    member.suspended_at = suspended.then(|| tx.clock().now());
    members::set_suspended(tx, id, member.suspended_at).await?;
    let (fact, action) = if suspended {
        sessions::revoke_all(tx, member.user).await?;
        (Fact::MemberSuspended { member: id }, "member.suspended")
    } else {
        (Fact::MemberReactivated { member: id }, "member.reactivated")
    };
    tx.append(Event::new(Subject::Member(id), by, fact));
    audit::record(tx, AuditEntry::new(by, action).about(id).from_ip(origin.ip)).await?;
    Ok(true)
}
