//! What a browser sends: the client's data and the authenticator's data, read strictly and to the last byte.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::Deserialize;

use super::cose::Key;
use super::party::Party;
use super::{Wrong, cbor};

/// The most bytes of an authenticator's id of a passkey.
pub(crate) const LONGEST_ID: usize = 1023;
/// More bytes of anything a browser sends are nonsense.
const LONGEST: usize = 1 << 16;

/// Base64url without padding, as WebAuthn's JSON has it.
pub(crate) fn unbase64(text: &str) -> Result<Vec<u8>, Wrong> {
    if text.len() > LONGEST {
        return Err(Wrong::Malformed);
    }
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Wrong::Malformed)
}

/// What the browser says it asked the authenticator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    /// The challenge as it was given out.
    pub(crate) challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Wrong> {
        serde_json::from_slice(json).map_err(|_| Wrong::Malformed)
    }

    /// Whether it is of this kind (`webauthn.create`, `webauthn.get`) and from a page of ours, in no frame of another site.
    pub(crate) fn check(&self, kind: &str, party: &Party) -> Result<(), Wrong> {
        if self.kind != kind {
            return Err(Wrong::Kind);
        }
        if self.origin != party.origin || self.cross_origin || self.top_origin.is_some() {
            return Err(Wrong::Origin);
        }
        Ok(())
    }
}

/// What the authenticator says.
#[derive(Debug)]
pub(crate) struct AuthenticatorData {
    party_hash: [u8; 32],
    flags: u8,
    /// How often it was used; 0 when it does not count.
    pub(crate) count: u32,
    /// The new passkey, at registration.
    pub(crate) attested: Option<Attested>,
}

/// A new passkey.
#[derive(Debug)]
pub(crate) struct Attested {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential_id: Vec<u8>,
    /// The `COSE_Key` as it came.
    pub(crate) public_key: Vec<u8>,
    pub(crate) key: Key,
}

impl AuthenticatorData {
    const PRESENT: u8 = 0x01;
    const VERIFIED: u8 = 0x04;
    const BACKUP_ELIGIBLE: u8 = 0x08;
    const BACKED_UP: u8 = 0x10;
    const ATTESTED: u8 = 0x40;
    const EXTENSIONS: u8 = 0x80;

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Wrong> {
        let mut rest = bytes;
        let party_hash = take::<32>(&mut rest)?;
        let [flags] = take::<1>(&mut rest)?;
        let count = u32::from_be_bytes(take::<4>(&mut rest)?);
        let attested = if flags & Self::ATTESTED == 0 { None } else { Some(Attested::read(&mut rest)?) };
        if flags & Self::EXTENSIONS != 0 {
            cbor::map(&cbor::item(&mut rest)?)?;
        }
        if rest.is_empty() { Ok(Self { party_hash, flags, count, attested }) } else { Err(Wrong::Malformed) }
    }

    /// Whether it is about us, somebody was there, and the authenticator knows that it was its owner.
    pub(crate) fn check(&self, party: &Party) -> Result<(), Wrong> {
        if self.party_hash != digest::digest(&digest::SHA256, party.id.as_bytes()).as_ref() {
            return Err(Wrong::Party);
        }
        if self.flags & Self::PRESENT == 0 || self.flags & Self::VERIFIED == 0 {
            return Err(Wrong::NotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Wrong::Backup);
        }
        Ok(())
    }

    /// Whether the passkey may be copied to other devices.
    pub(crate) const fn backup_eligible(&self) -> bool {
        self.flags & Self::BACKUP_ELIGIBLE != 0
    }

    /// Whether it has been.
    pub(crate) const fn backed_up(&self) -> bool {
        self.flags & Self::BACKED_UP != 0
    }
}

impl Attested {
    fn read(rest: &mut &[u8]) -> Result<Self, Wrong> {
        let aaguid = take::<16>(rest)?;
        let length = usize::from(u16::from_be_bytes(take::<2>(rest)?));
        if length == 0 || length > LONGEST_ID || length > rest.len() {
            return Err(Wrong::CredentialId);
        }
        let (id, after) = rest.split_at(length);
        *rest = after;
        let value = cbor::item(rest)?;
        let public_key = after[..after.len() - rest.len()].to_owned();
        Ok(Self { aaguid, credential_id: id.to_owned(), public_key, key: Key::read(&value)? })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Wrong> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(Wrong::Malformed)?;
    *rest = tail;
    Ok(*head)
}
