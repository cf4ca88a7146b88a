//! "Single sign-on only": while it is on, members on verified domains begin no session by password or passkey.
//!
//! [`admit`] stands where sessions are made, so that no way in can forget it. An owner may still come in the other way, so that
//! a broken provider locks nobody out for ever; the audit log says so loudly.

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{SsoId, UserId};
use kernel::ledger::Actor;
use shell::{AppError, Role};

use crate::origin::Origin;
use crate::store::sso::only;

/// Refuses a session that the switch does not allow.
pub(crate) async fn admit(
    tx: &mut OrgTx,
    user: UserId,
    vouched_by: Option<SsoId>,
    origin: &Origin,
) -> Result<(), AppError> {
    if vouched_by.is_some() {
        return Ok(());
    }
    match only::concerns(tx, user).await? {
        None => Ok(()),
        Some(Role::Owner) => {
            let entry = AuditEntry::new(Actor::User(user), "sso.bypassed").about(user).from_ip(origin.ip);
            audit::record(tx, entry).await?;
            Ok(())
        }
        Some(_) => Err(refused()),
    }
}

/// What somebody reads who proved themselves in a way that is closed.
pub(crate) fn refused() -> AppError {
    AppError::forbidden(
        "your organisation signs in with its own identity provider; go to “Sign in with single sign-on” and enter your email",
    )
}
