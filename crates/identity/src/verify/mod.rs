//! Proving again who one is, before what a stolen session must not do: `Allowed::fresh` sends people here.

pub(crate) mod api;
pub(crate) mod page;

use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ids::UserId;
use kernel::ledger::Actor;
use shell::auth::permission::View;
use shell::{Allowed, AppError};

use crate::Identity;
use crate::origin::Origin;
use crate::sign_in;

/// What somebody proves themselves by.
pub(crate) enum Given<'a> {
    Password(&'a str),
}

/// Proves the caller again and notes it on their session.
pub(crate) async fn verify(
    identity: &Identity,
    by: &Allowed<View>,
    given: Given<'_>,
    origin: &Origin,
) -> Result<(), AppError> {
    let user = person(by)?;
    let way = match given {
        Given::Password(password) => {
            let proven = sign_in::prove(identity, &by.principal().email, password, origin).await?;
            if proven.id != user {
                return Err(AppError::internal(anyhow::anyhow!("the email of a session belongs to another person")));
            }
            "password"
        }
    };
    let session = by.principal().session.ok_or_else(no_session)?;
    let mut tx = by.tx().await?;
    let entry = AuditEntry::new(by.actor(), "session.verified").about(session).from_ip(origin.ip);
    audit::record(&mut tx, entry.detail(serde_json::json!({ "by": way }))).await?;
    tx.commit().await?;
    system::session_verified(&identity.kernel().db, by.org(), session, by.now()).await?;
    identity.doorkeeper().forget();
    Ok(())
}

/// The person behind a session.
pub(crate) fn person(by: &Allowed<View>) -> Result<UserId, AppError> {
    match by.actor() {
        Actor::User(user) => Ok(user),
        _ => Err(no_session()),
    }
}

fn no_session() -> AppError {
    AppError::conflict("an API key is no person; its scopes say what it may do")
}
