//! Passkeys: WebAuthn over `ring`, without attestation.
//!
//! Rules: every passkey is discoverable and its authenticator verifies its owner, so that one kind serves signing in without a
//! password, the second step and a fresh proof. A challenge is 256 random bits, kept as a hash, taken once and within
//! [`CHALLENGE_LASTS`]; it is taken before anything else is looked at, so a refused answer has used it up. What fails is said
//! in one sentence to whoever tries; the exact reason goes to the log.

pub(crate) mod api;
mod cbor;
mod cose;
mod options;
mod party;
pub(crate) mod sign_in;
mod verify;
mod wire;

#[cfg(test)]
#[path = "../../tests/web/authenticator.rs"]
mod authenticator;
#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use kernel::db::OrgTx;
use kernel::db::system::{self, PasskeyRow};
use kernel::ids::{PasskeyId, UserId};
use serde_json::Value;
use shell::{App, AppError};

use crate::origin::Origin;
use crate::sign_in::note_refusal;
use crate::{Identity, secrets};
use verify::{Asserted, Created, Credential};

pub(crate) use options::{for_registration, for_use};
pub(crate) use party::Party;

/// How long somebody may look for their authenticator.
pub(crate) const CHALLENGE_LASTS: Duration = Duration::minutes(5);
/// More passkeys than this are nobody's.
pub(crate) const MOST: i64 = 20;

/// What is wrong with what an authenticator or a browser said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("malformed")]
    Malformed,
    #[error("of another kind of ceremony")]
    Kind,
    #[error("unknown, used or ended challenge")]
    Challenge,
    #[error("from another origin")]
    Origin,
    #[error("for another relying party")]
    Party,
    #[error("the owner was not there or not verified")]
    NotVerified,
    #[error("an algorithm that we did not ask for")]
    Algorithm,
    #[error("no public key")]
    Key,
    #[error("an attestation that we did not ask for")]
    Attestation,
    #[error("not the passkey's id, or no id")]
    CredentialId,
    #[error("no such passkey")]
    Unknown,
    #[error("another person's passkey")]
    User,
    #[error("the backup flags contradict")]
    Backup,
    #[error("the count of uses did not grow")]
    Count,
    #[error("the signature does not fit")]
    Signature,
}

impl From<Wrong> for AppError {
    fn from(wrong: Wrong) -> Self {
        tracing::info!(passkey.refused = %wrong, "passkey refused");
        match wrong {
            Wrong::Challenge => Self::unauthenticated("the passkey came too late or twice; try again"),
            Wrong::Count => Self::unauthenticated(
                "this passkey was refused because a copy of it seems to be in use; remove it and register a new one",
            ),
            _ => Self::unauthenticated("this passkey was not accepted"),
        }
    }
}

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Register,
    SignIn,
    SecondStep,
    Verify,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::SecondStep => "second_step",
            Self::Verify => "verify",
        }
    }
}

/// A fresh challenge for a purpose and, unless anybody may answer it, a person.
async fn challenge(identity: &Identity, purpose: Purpose, user: Option<UserId>) -> Result<String, AppError> {
    let challenge = URL_SAFE_NO_PAD.encode(secrets::random::<32>()?);
    let now = identity.kernel().clock.now();
    let times = (now, now + CHALLENGE_LASTS);
    let for_whom = (purpose.as_str(), user);
    system::add_challenge(&identity.kernel().db, &secrets::hash(&challenge), for_whom, times).await?;
    Ok(challenge)
}

async fn take(identity: &Identity, challenge: &str, purpose: Purpose, user: Option<UserId>) -> Result<(), AppError> {
    let now = identity.kernel().clock.now();
    let hash = secrets::hash(challenge);
    let ours = system::take_challenge(&identity.kernel().db, &hash, (purpose.as_str(), user), now).await?;
    if ours { Ok(()) } else { Err(Wrong::Challenge.into()) }
}

/// The passkey of a person that their browser gave, verified and not kept yet.
pub(crate) async fn made(
    identity: &Identity,
    app: &App,
    user: UserId,
    (name, given): (String, Value),
) -> Result<PasskeyRow, AppError> {
    let party = Party::of(app)?;
    let credential: Credential<Created> = serde_json::from_value(given).map_err(|_| Wrong::Malformed)?;
    take(identity, &credential.client_data()?.challenge, Purpose::Register, Some(user)).await?;
    let new = credential.verify(&party)?;
    let clock = &identity.kernel().clock;
    Ok(PasskeyRow {
        id: PasskeyId::new(clock),
        user_id: user,
        credential_id: new.credential_id,
        public_key: new.public_key,
        sign_count: i64::from(new.count),
        backup_eligible: new.backup_eligible,
        backed_up: new.backed_up,
        transports: new.transports,
        name,
        created_at: clock.now(),
        last_used_at: None,
    })
}

/// Keeps a passkey, within the transaction that tells of it.
pub(crate) async fn keep(identity: &Identity, tx: &mut OrgTx, row: &PasskeyRow) -> Result<(), AppError> {
    if system::add_passkey(tx, row, MOST).await? {
        return Ok(());
    }
    let known = system::passkey_by_credential(&identity.kernel().db, &row.credential_id).await?;
    Err(match known {
        Some(_) => AppError::conflict("this passkey is registered already"),
        None => AppError::conflict("twenty passkeys are the most; remove one first"),
    })
}

/// Who used a passkey, and which. With a person named, nobody else's will do.
pub(crate) async fn prove(
    identity: &Identity,
    app: &App,
    (purpose, user): (Purpose, Option<UserId>),
    given: Value,
    origin: &Origin,
) -> Result<PasskeyRow, AppError> {
    let party = Party::of(app)?;
    let db = &identity.kernel().db;
    let credential: Credential<Asserted> = serde_json::from_value(given).map_err(|_| Wrong::Malformed)?;
    take(identity, &credential.client_data()?.challenge, purpose, user).await?;
    let passkey = system::passkey_by_credential(db, &credential.credential_id()?).await?.ok_or(Wrong::Unknown)?;
    let used = async {
        let named = user.is_some() || credential.names_user();
        if !named || user.is_some_and(|user| user != passkey.user_id) {
            return Err(AppError::from(Wrong::User));
        }
        let used = credential.verify(&party, &passkey)?;
        let state = (i64::from(used.count), used.backed_up);
        let grew = system::use_passkey(db, passkey.id, state, identity.kernel().clock.now()).await?;
        if grew { Ok(()) } else { Err(Wrong::Count.into()) }
    };
    if let Err(error) = used.await {
        // Its owner should see it, whoever tried.
        note_refusal(identity, Some(passkey.user_id), origin, "passkey");
        return Err(error);
    }
    Ok(passkey)
}
