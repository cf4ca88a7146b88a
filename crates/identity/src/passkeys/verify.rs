//! The two ceremonies of WebAuthn, as pure functions: registration and authentication.
//!
//! The caller has taken the challenge already: [`ClientData::challenge`] of what is given here was ours, unused and in time.

use cbor4ii::core::Value;
use kernel::db::system::PasskeyRow;
use ring::digest;
use serde::Deserialize;

use super::cose::Key;
use super::party::Party;
use super::wire::{AuthenticatorData, ClientData, unbase64};
use super::{Wrong, cbor};

/// What `navigator.credentials.create` or `.get` gave, as JSON. Fields we do not need are ignored, because browsers differ.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Credential<R> {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asserted {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// A passkey that proved itself new.
#[derive(Debug)]
pub(crate) struct NewPasskey {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) count: u32,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    pub(crate) transports: Vec<String>,
}

/// What a known passkey said when it was used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) count: u32,
    pub(crate) backed_up: bool,
}

/// The ways to reach an authenticator that we keep.
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "internal", "hybrid", "smart-card"];

impl<R> Credential<R> {
    /// The authenticator's id of the passkey.
    pub(crate) fn credential_id(&self) -> Result<Vec<u8>, Wrong> {
        if self.kind != "public-key" || self.id != self.raw_id {
            return Err(Wrong::Malformed);
        }
        unbase64(&self.raw_id)
    }
}

impl Credential<Created> {
    pub(crate) fn client_data(&self) -> Result<ClientData, Wrong> {
        ClientData::read(&unbase64(&self.response.client_data)?)
    }

    /// Checks a registration and gives the new passkey.
    pub(crate) fn verify(&self, party: &Party) -> Result<NewPasskey, Wrong> {
        let client_data = unbase64(&self.response.client_data)?;
        ClientData::read(&client_data)?.check("webauthn.create", party)?;
        let object = unbase64(&self.response.attestation_object)?;
        let mut rest = object.as_slice();
        let attestation = cbor::item(&mut rest)?;
        if !rest.is_empty() {
            return Err(Wrong::Malformed);
        }
        let raw = cbor::bytes(cbor::named(&attestation, "authData")?)?;
        let data = AuthenticatorData::read(raw)?;
        data.check(party)?;
        let message = [raw, digest::digest(&digest::SHA256, &client_data).as_ref()].concat();
        let (count, backup_eligible, backed_up) = (data.count, data.backup_eligible(), data.backed_up());
        let attested = data.attested.ok_or(Wrong::Malformed)?;
        statement(&attestation, &attested.key, attested.aaguid, &message)?;
        if attested.credential_id != self.credential_id()? {
            return Err(Wrong::CredentialId);
        }
        let known = |way: &&String| TRANSPORTS.contains(&way.as_str());
        Ok(NewPasskey {
            credential_id: attested.credential_id,
            public_key: attested.public_key,
            count,
            backup_eligible,
            backed_up,
            transports: self.response.transports.iter().filter(known).take(TRANSPORTS.len()).cloned().collect(),
        })
    }
}

/// We ask for no attestation and believe none: either there is no statement, or the new key signed for itself.
fn statement(attestation: &Value, key: &Key, aaguid: [u8; 16], message: &[u8]) -> Result<(), Wrong> {
    let statement = cbor::named(attestation, "attStmt")?;
    let entries = cbor::map(statement)?.len();
    match cbor::named(attestation, "fmt")? {
        Value::Text(format) if format == "none" && entries == 0 => Ok(()),
        Value::Text(format) if format == "packed" && entries == 2 && aaguid == [0; 16] => {
            if cbor::number(cbor::named(statement, "alg")?)? != i64::from(key.algorithm()) {
                return Err(Wrong::Algorithm);
            }
            key.verify(message, cbor::bytes(cbor::named(statement, "sig")?)?)
        }
        _ => Err(Wrong::Attestation),
    }
}

impl Credential<Asserted> {
    pub(crate) fn client_data(&self) -> Result<ClientData, Wrong> {
        ClientData::read(&unbase64(&self.response.client_data)?)
    }

    /// Checks the use of a known passkey. That its count grew is checked where the count is kept.
    pub(crate) fn verify(&self, party: &Party, passkey: &PasskeyRow) -> Result<Used, Wrong> {
        let client_data = unbase64(&self.response.client_data)?;
        ClientData::read(&client_data)?.check("webauthn.get", party)?;
        if self.credential_id()? != passkey.credential_id {
            return Err(Wrong::CredentialId);
        }
        let raw = unbase64(&self.response.authenticator_data)?;
        let data = AuthenticatorData::read(&raw)?;
        data.check(party)?;
        if data.attested.is_some() {
            return Err(Wrong::Malformed);
        }
        if data.backup_eligible() != passkey.backup_eligible {
            return Err(Wrong::Backup);
        }
        match &self.response.user_handle {
            Some(handle) if unbase64(handle)? != passkey.user_id.uuid().as_bytes() => return Err(Wrong::User),
            _ => {}
        }
        let mut stored = passkey.public_key.as_slice();
        let key = Key::read(&cbor::item(&mut stored)?)?;
        let message = [raw.as_slice(), digest::digest(&digest::SHA256, &client_data).as_ref()].concat();
        key.verify(&message, &unbase64(&self.response.signature)?)?;
        Ok(Used { count: data.count, backed_up: data.backed_up() })
    }

    /// Whether it says whose passkey it is: it must, where nobody was named beforehand.
    pub(crate) const fn names_user(&self) -> bool {
        self.response.user_handle.is_some()
    }
}
