//! Proving again who one is, before what a stolen session must not do: `Allowed::fresh` sends people here.
//!
//! Whoever has a second factor proves themselves by it: the password alone may be what was stolen.

pub(crate) mod api;
pub(crate) mod page;

use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ids::UserId;
use kernel::ledger::Actor;
use serde_json::json;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError};

use crate::factors;
use crate::origin::Origin;
use crate::passkeys::Purpose;
use crate::{Identity, sign_in};

/// What somebody proves themselves by.
pub(crate) enum Given {
    Password(String),
    Factor(factors::Given),
}

/// Proves the caller again and notes it on their session.
pub(crate) async fn verify(
    identity: &Identity,
    app: &App,
    by: &Allowed<View>,
    given: Given,
    origin: &Origin,
) -> Result<(), AppError> {
    let user = person(by)?;
    let session = by.principal().session.ok_or_else(no_session)?;
    let way = match given {
        Given::Password(_) if factors::of(identity, user).await?.any() => {
            return Err(AppError::unprocessable("you have a second factor: prove yourself by it"));
        }
        Given::Password(password) => {
            let proven = sign_in::prove(identity, &by.principal().email, &password, origin).await?;
            if proven.id != user {
                return Err(AppError::internal(anyhow::anyhow!("the email of a session belongs to another person")));
            }
            "password"
        }
        Given::Factor(given) => factors::prove(identity, app, (Purpose::Verify, user), given, origin).await?,
    };
    let mut tx = by.tx().await?;
    let entry = AuditEntry::new(by.actor(), "session.verified").about(session).detail(json!({ "by": way }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    system::session_verified(&identity.kernel().db, by.org(), session, identity.kernel().clock.now()).await?;
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
