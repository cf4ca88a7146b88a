//! Signed statements about a chain, and the keys that sign them.
//!
//! A hash chain shows that nothing within it was changed; whoever can write every table could still write a whole new one.
//! So its head is signed every hour with a key that the database does not have in the clear. The keys are the
//! installation's own, sign for a year, and are kept for ever, because what they signed must verify for as long.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use kernel::db::system::{self, AuditKeyRow};
use kernel::ids::OrgId;
use kernel::{CanFail, Kernel};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

const SIGNS_FOR: Duration = Duration::days(365);

/// What a statement says about a place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The chain reached it.
    Head,
    /// What came up to it was removed on purpose.
    Anchor,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Anchor => "anchor",
        }
    }

    pub(crate) fn read(word: &str) -> Option<Self> {
        [Self::Head, Self::Anchor].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A signed statement about a place in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) kind: Kind,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kid: String,
    pub(crate) signature: Vec<u8>,
}

impl Checkpoint {
    fn text(org: OrgId, kind: Kind, seq: i64, hash: &[u8], at: DateTime<Utc>) -> String {
        let (kind, hash, at) = (kind.as_str(), hex::encode(hash), at.timestamp_micros());
        format!("recoup audit checkpoint 1\n{kind}\n{org}\n{seq}\n{hash}\n{at}\n")
    }

    /// Whether it was signed by the key that it names, as one of those given.
    pub(crate) fn holds(&self, org: OrgId, keys: &PublicKeys) -> bool {
        let text = Self::text(org, self.kind, self.seq, &self.hash, self.at);
        keys.verify(&self.kid, &text, &self.signature)
    }
}

/// Public keys by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublicKeys(HashMap<String, Vec<u8>>);

impl PublicKeys {
    pub(crate) async fn of(kernel: &Kernel) -> Result<Self, sqlx::Error> {
        let rows = system::audit_keys(&kernel.db).await?;
        // A key whose name is not its own was put there by somebody else.
        let keys = rows.into_iter().filter(|row| kid(&row.public_key) == row.kid);
        Ok(Self(keys.map(|row| (row.kid, row.public_key)).collect()))
    }

    /// Adds a key; false when the name is not its own.
    pub(crate) fn add(&mut self, name: &str, public_key: &[u8]) -> bool {
        let right = kid(public_key) == name;
        if right {
            self.0.insert(name.to_owned(), public_key.to_vec());
        }
        right
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    pub(crate) fn verify(&self, name: &str, text: &str, signature: &[u8]) -> bool {
        self.0
            .get(name)
            .is_some_and(|key| UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), signature).is_ok())
    }
}

/// The name of a key: the first 16 bytes of the SHA-256 of its public half.
pub(crate) fn kid(public_key: &[u8]) -> String {
    hex::encode(&digest::digest(&digest::SHA256, public_key).as_ref()[..16])
}

/// The key that signs today.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The newest key that signs and opens, or a new one.
    pub(crate) async fn of(kernel: &Kernel) -> anyhow::Result<Self> {
        let now = kernel.clock.now();
        let rows = system::audit_keys(&kernel.db).await?;
        let mut young = rows.iter().rev().filter(|row| now < row.created_at + SIGNS_FOR);
        if let Some(signer) = young.find_map(|row| opened(kernel, row)) {
            return Ok(signer);
        }
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| anyhow::anyhow!("there is no randomness for a key"))?;
        let signer = Self::read(document.as_ref())?;
        let (master_key, sealed) = kernel.vault.seal_own(&place(&signer.kid), document.as_ref())?;
        let (kid, public_key) = (signer.kid.clone(), signer.public_key.clone());
        let row = AuditKeyRow { kid, public_key, sealed, master_key, created_at: now };
        system::add_audit_key(&kernel.db, &row).await?;
        Ok(signer)
    }

    fn read(pkcs8: &[u8]) -> anyhow::Result<Self> {
        let pair =
            Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|error| anyhow::anyhow!("a key does not read: {error}"))?;
        let public_key = pair.public_key().as_ref().to_vec();
        Ok(Self { kid: kid(&public_key), public_key, pair })
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }

    /// Signs a statement about a place in an organisation's chain.
    pub(crate) fn checkpoint(&self, org: OrgId, kind: Kind, place: (i64, Vec<u8>), at: DateTime<Utc>) -> Checkpoint {
        let (seq, hash) = place;
        let signature = self.sign(&Checkpoint::text(org, kind, seq, &hash, at));
        Checkpoint { kind, seq, hash, at, kid: self.kid.clone(), signature }
    }
}

fn opened(kernel: &Kernel, row: &AuditKeyRow) -> Option<Signer> {
    let plain = kernel.vault.open_own(&place(&row.kid), &row.master_key, &row.sealed);
    let plain = plain.can_fail("opening a key that signs checkpoints; another one will sign")?;
    Signer::read(&plain).can_fail("reading a key that signs checkpoints; another one will sign")
}

fn place(kid: &str) -> String {
    format!("audit_keys/{kid}")
}

/// The public halves of the keys that sign checkpoints, a line each with tabs: name, key (base64), when it was made.
pub async fn keys(kernel: &Kernel) -> anyhow::Result<Vec<String>> {
    let rows = system::audit_keys(&kernel.db).await?;
    let line = |row: &AuditKeyRow| {
        format!("{}\t{}\t{}", row.kid, STANDARD.encode(&row.public_key), row.created_at.to_rfc3339())
    };
    Ok(rows.iter().map(line).collect())
}
