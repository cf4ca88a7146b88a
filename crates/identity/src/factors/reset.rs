//! Taking all second factors away from somebody who lost them: by an administrator of their one organisation, or by the
//! operator. Their sessions end everywhere; the password alone signs in until they set up a new one.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ids::MemberId;
use kernel::ledger::Actor;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Path};

use crate::Identity;
use crate::input::Check;
use crate::members::may_touch;
use crate::origin::Origin;
use crate::store::members;

/// Remove a member's second factors, for somebody who lost them. Needs a fresh proof. Their sessions end.
#[utoipa::path(delete, path = "/v2/members/{id}/factors", tag = "members", params(("id" = MemberId, Path,)),
    responses((status = 204, description = "Their password alone signs them in."), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "They have none, are in other organisations too, or are you.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<MemberId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    reset(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Resets a member's factors and gives their name.
pub(crate) async fn reset(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: MemberId,
    origin: &Origin,
) -> Result<String, AppError> {
    let (db, now) = (&identity.kernel().db, by.now());
    let mut tx = by.tx().await?;
    let member = members::lock(&mut tx, id).await?.ok_or_else(|| AppError::not_found("member"))?;
    may_touch(by.principal(), member.role)?;
    by.fresh()?;
    if by.actor() == Actor::User(member.user) {
        return Err(AppError::conflict("change your own second factors on your profile"));
    }
    if !system::factors_of(db, member.user).await?.any() {
        return Err(AppError::conflict("they have no second factor"));
    }
    // The account guards other organisations too: one of them cannot weaken it for all.
    if system::seats_of(db, member.user).await?.len() > 1 {
        return Err(AppError::conflict(
            "they are in other organisations too: they use a recovery code, or the operator resets them",
        ));
    }
    system::reset_factors(&mut tx, member.user, now).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "factors.reset").about(id).from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(member.name)
}

/// Takes every second factor from a person and ends their sessions: for the operator, who made sure of who asks. Other
/// processes notice within a second.
pub async fn reset_factors(kernel: &Kernel, email: &str) -> Result<(), AppError> {
    let mut check = Check::default();
    let email = check.email("email", email);
    check.done()?;
    let person =
        system::user_by_email(&kernel.db, email.as_str()).await?.ok_or_else(|| AppError::not_found("person"))?;
    Ok(system::reset_factors_everywhere(&kernel.db, person.id, kernel.clock.now()).await?)
}
