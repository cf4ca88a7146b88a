//! Second factors of a person: an authenticator app, passkeys, and recovery codes for the day both are lost.
//!
//! Rules: an attempt is counted before it is looked at, so many at once are not free. Whatever turns a factor on or off needs
//! a fresh proof. An account belongs to the person, not to one organisation: a session that rests on one organisation's
//! identity provider cannot change the factors of somebody who is in another one too, and one organisation's administrator
//! cannot reset them.

pub(crate) mod api;
mod change;
pub(crate) mod page;
mod qr;
mod recovery;
pub(crate) mod reset;
mod totp;

use chrono::{DateTime, Utc};
use kernel::db::system::{self, Factors, TotpRow};
use kernel::ids::UserId;
use kernel::ledger::Actor;
use serde_json::Value;
use shell::auth::permission::View;
use shell::{Allowed, App, AppError};

pub(crate) use change::{added, committed, confirm_totp, may_go, remove_totp, removed, renew_codes};
pub use reset::reset_factors;

use crate::origin::Origin;
use crate::passkeys::{self, Purpose};
use crate::sign_in::{self, RULE};
use crate::{Identity, secrets};

/// What somebody proves themselves by, besides a password.
pub(crate) enum Given {
    /// Of an authenticator app.
    Code(String),
    RecoveryCode(String),
    /// What `navigator.credentials.get` gave.
    Passkey(Value),
}

/// An authenticator app that is being set up.
pub(crate) struct Setup {
    /// For those who type.
    pub(crate) secret: String,
    pub(crate) uri: String,
    /// The same as a picture.
    pub(crate) qr: String,
}

/// What a person has.
pub(crate) async fn of(identity: &Identity, user: UserId) -> Result<Factors, AppError> {
    Ok(system::factors_of(&identity.kernel().db, user).await?)
}

/// When the organisation's patience ends, for those who owe it a factor.
pub(crate) fn due(by: &Allowed<View>) -> Option<DateTime<Utc>> {
    by.principal().factor_due
}

/// The person whose account the caller may change, freshly proved.
pub(crate) async fn own_account(identity: &Identity, by: &Allowed<View>) -> Result<UserId, AppError> {
    let Actor::User(user) = by.actor() else {
        return Err(AppError::conflict("an API key is no person and has no second factor"));
    };
    by.fresh()?;
    if by.principal().sso && system::seats_of(&identity.kernel().db, user).await?.len() > 1 {
        return Err(AppError::forbidden(
            "your account is in other organisations too, and single sign-on speaks for one alone; sign in with your password \
             to change your second factors",
        ));
    }
    Ok(user)
}

/// Proves a person by a factor of theirs; says which.
pub(crate) async fn prove(
    identity: &Identity,
    app: &App,
    (purpose, user): (Purpose, UserId),
    given: Given,
    origin: &Origin,
) -> Result<&'static str, AppError> {
    let proved = match given {
        // A signature cannot be guessed: nothing to count.
        Given::Passkey(given) => {
            return passkeys::prove(identity, app, (purpose, Some(user)), given, origin).await.map(|_| "passkey");
        }
        Given::Code(typed) => counted(identity, user, use_code(identity, user, &typed)).await.map(|()| "totp"),
        Given::RecoveryCode(typed) => {
            let used = async {
                if recovery::take(identity, user, &typed).await? {
                    Ok(())
                } else {
                    Err(AppError::unauthenticated("this recovery code is not right or was used already"))
                }
            };
            counted(identity, user, used).await.map(|()| "recovery_code")
        }
    };
    if proved.as_ref().is_err_and(|error| matches!(error, AppError::Unauthenticated(_))) {
        sign_in::note_refusal(identity, Some(user), origin, "second_factor");
    }
    proved
}

/// Counts an attempt, makes it, and forgets the count when it succeeds.
async fn counted(
    identity: &Identity,
    user: UserId,
    attempt: impl Future<Output = Result<(), AppError>>,
) -> Result<(), AppError> {
    let kernel = identity.kernel();
    let (door, now) = (secrets::hash(&format!("second factor of {user}")), kernel.clock.now());
    if let Some(until) = system::begin_attempt(&kernel.db, &door, now, RULE).await? {
        return Err(sign_in::closed(until, now));
    }
    attempt.await?;
    system::attempt_succeeded(&kernel.db, &door).await?;
    Ok(())
}

async fn use_code(identity: &Identity, user: UserId, typed: &str) -> Result<(), AppError> {
    let kernel = identity.kernel();
    let wrong = || AppError::unauthenticated("the code is not right");
    let row = system::totp_of(&kernel.db, user).await?.filter(|row| row.confirmed_at.is_some()).ok_or_else(wrong)?;
    let step = totp::matching_step(&open(identity, user, &row)?, typed, kernel.clock.now()).ok_or_else(wrong)?;
    if system::use_totp_step(&kernel.db, user, step).await? {
        return Ok(());
    }
    Err(AppError::unauthenticated("this code was used already; wait for the next one"))
}

/// Makes the secret of a new authenticator app; it counts from its first code on.
pub(crate) async fn begin_totp(identity: &Identity, user: UserId, email: &str) -> Result<Setup, AppError> {
    let kernel = identity.kernel();
    let secret = secrets::random::<{ totp::SECRET }>()?;
    let (master, sealed) = kernel.vault.seal_own(&place(user), &secret)?;
    if !system::begin_totp(&kernel.db, user, (&master, &sealed), kernel.clock.now()).await? {
        return Err(AppError::conflict("an authenticator app is set up already; remove it first"));
    }
    setup(&secret, email)
}

/// The authenticator app that is being set up, if there is one.
pub(crate) async fn begun_totp(identity: &Identity, user: UserId, email: &str) -> Result<Option<Setup>, AppError> {
    match system::totp_of(&identity.kernel().db, user).await? {
        Some(row) if row.confirmed_at.is_none() => setup(&open(identity, user, &row)?, email).map(Some),
        _ => Ok(None),
    }
}

fn setup(secret: &[u8], email: &str) -> Result<Setup, AppError> {
    let uri = totp::uri(secret, email);
    Ok(Setup { secret: totp::base32(secret), qr: qr::svg(&uri)?, uri })
}

fn open(identity: &Identity, user: UserId, row: &TotpRow) -> Result<Vec<u8>, AppError> {
    Ok(identity.kernel().vault.open_own(&place(user), &row.master_key, &row.sealed)?)
}

/// What the seal is bound to: a secret that is moved to another person does not open.
fn place(user: UserId) -> String {
    format!("totp of {user}")
}
