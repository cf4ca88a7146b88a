//! Ending sessions elsewhere: one, all others, all of a member.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::{MemberId, SessionId};
use serde_json::json;
use shell::auth::permission::{ManagePeople, View};
use shell::{Allowed, AppError, Path};

use super::list::person;
use crate::Identity;
use crate::members::may_touch;
use crate::origin::Origin;
use crate::store::{members, sessions};

/// End one of your sessions.
#[utoipa::path(delete, path = "/v2/auth/sessions/{id}", tag = "auth", params(("id" = SessionId, Path,)),
    responses((status = 204, description = "The session is over."), (status = 404, description = "You have no such session.")))]
pub(crate) async fn one(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<SessionId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    end_one(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_one(
    identity: &Identity,
    by: &Allowed<View>,
    id: SessionId,
    origin: &Origin,
) -> Result<(), AppError> {
    let user = person(by.principal())?;
    let mut tx = by.tx().await?;
    if !sessions::revoke_own(&mut tx, user, id).await? {
        return Err(AppError::not_found("session"));
    }
    audit::record(&mut tx, AuditEntry::new(by.actor(), "sign_out").about(id).from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}

/// End all your other sessions in this organisation.
#[utoipa::path(delete, path = "/v2/auth/sessions", tag = "auth",
    responses((status = 204, description = "Only this session is left."), (status = 409, description = "An API key has no sessions.")))]
pub(crate) async fn others(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    end_others(&identity, &by, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn end_others(identity: &Identity, by: &Allowed<View>, origin: &Origin) -> Result<u64, AppError> {
    let user = person(by.principal())?;
    let mut tx = by.tx().await?;
    let ended = sessions::revoke_but(&mut tx, user, by.principal().session).await?;
    if ended > 0 {
        let entry = AuditEntry::new(by.actor(), "sign_out.others").about(user).detail(json!({ "sessions": ended }));
        audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    }
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(ended)
}

/// End all sessions of a member in this organisation.
#[utoipa::path(delete, path = "/v2/members/{id}/sessions", tag = "members", params(("id" = MemberId, Path,)),
    responses((status = 204, description = "The member is signed out everywhere.")))]
pub(crate) async fn of_member(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    end_of_member(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends them and gives the member's name.
pub(crate) async fn end_of_member(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: MemberId,
    origin: &Origin,
) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let member = members::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    may_touch(by.principal(), member.role)?;
    let ended = sessions::revoke_all(&mut tx, member.user).await?;
    let entry = AuditEntry::new(by.actor(), "member.signed_out").about(id).detail(json!({ "sessions": ended }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(member.name)
}
