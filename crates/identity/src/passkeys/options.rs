//! What a browser is asked to ask an authenticator, in WebAuthn's JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::db::system::{self, PasskeyRow};
use kernel::ids::UserId;
use serde_json::{Value, json};
use shell::{App, AppError};

use super::cose::ALGORITHMS;
use super::party::Party;
use super::{CHALLENGE_LASTS, Purpose, challenge};
use crate::Identity;

/// For `navigator.credentials.create`.
pub(crate) async fn for_registration(
    identity: &Identity,
    app: &App,
    user: UserId,
    (email, name): (&str, &str),
) -> Result<Value, AppError> {
    let party = Party::of(app)?;
    let known = system::passkeys_of(&identity.kernel().db, user).await?;
    let challenge = challenge(identity, Purpose::Register, Some(user)).await?;
    Ok(json!({
        "rp": { "id": party.id, "name": "Recoup" },
        "user": { "id": URL_SAFE_NO_PAD.encode(user.uuid().as_bytes()), "name": email, "displayName": name },
        "challenge": challenge,
        "pubKeyCredParams": ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg })),
        "timeout": CHALLENGE_LASTS.num_milliseconds(),
        "excludeCredentials": listed(&known),
        "authenticatorSelection":
            { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
        "attestation": "none",
    }))
}

/// For `navigator.credentials.get`: with a person, their passkeys; without one, whichever the browser finds.
pub(crate) async fn for_use(
    identity: &Identity,
    app: &App,
    purpose: Purpose,
    user: Option<UserId>,
) -> Result<Value, AppError> {
    let party = Party::of(app)?;
    let known = match user {
        Some(user) => system::passkeys_of(&identity.kernel().db, user).await?,
        None => Vec::new(),
    };
    if user.is_some() && known.is_empty() {
        return Err(AppError::conflict("there is no passkey to use"));
    }
    Ok(json!({
        "challenge": challenge(identity, purpose, user).await?,
        "rpId": party.id,
        "allowCredentials": listed(&known),
        "userVerification": "required",
        "timeout": CHALLENGE_LASTS.num_milliseconds(),
    }))
}

fn listed(passkeys: &[PasskeyRow]) -> Vec<Value> {
    passkeys
        .iter()
        .map(|passkey| {
            let id = URL_SAFE_NO_PAD.encode(&passkey.credential_id);
            json!({ "type": "public-key", "id": id, "transports": passkey.transports })
        })
        .collect()
}
