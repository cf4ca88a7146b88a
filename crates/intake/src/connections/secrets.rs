//! The credentials of a connection: named values and tokens, sealed together as JSON.

use std::collections::BTreeMap;

use connectors::oauth::Tokens;
use kernel::config::Secret;
use kernel::ids::ConnectionId;
use kernel::vault::OrgVault;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::store::Connection;

/// The name of what notices are signed with.
pub(crate) const SIGNING: &str = "signing";
/// The most secrets that notices may be signed with at once.
pub(crate) const MOST_SIGNING: usize = 4;

/// What a connection is made with.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    /// By the names that the kind asks for.
    pub values: BTreeMap<String, Secret>,
    /// From a consent.
    pub tokens: Option<Tokens>,
}

fn place(id: ConnectionId) -> String {
    format!("connections/{id}/sealed")
}

impl Secrets {
    /// Opens those of a connection for a purpose; the use goes into the audit log.
    pub(crate) fn open(vault: &OrgVault, connection: &Connection, purpose: &'static str) -> anyhow::Result<Self> {
        let Some(sealed) = &connection.sealed else { return Ok(Self::default()) };
        let plain = vault.open_secret(&place(connection.id), sealed, connection.id, purpose)?;
        let plain: Value = serde_json::from_str(plain.reveal())?;
        let values = plain["values"].as_object().into_iter().flatten();
        let values = values.filter_map(|(name, value)| Some((name.clone(), Secret::new(value.as_str()?)))).collect();
        Ok(Self { values, tokens: Tokens::from_sealable(&plain["tokens"]) })
    }

    /// Seals them.
    pub(crate) fn seal(&self, vault: &OrgVault, id: ConnectionId) -> anyhow::Result<Vec<u8>> {
        let values: BTreeMap<&str, &str> =
            self.values.iter().map(|(name, secret)| (name.as_str(), secret.reveal())).collect();
        let tokens = self.tokens.as_ref().map(Tokens::to_sealable);
        let plain = json!({ "values": values, "tokens": tokens });
        Ok(vault.seal_text(&place(id), &plain.to_string())?)
    }

    /// One of them; none when it was left empty.
    pub(crate) fn of(&self, name: &str) -> Option<&Secret> {
        self.values.get(name).filter(|secret| !secret.is_empty())
    }

    /// The secrets that notices are signed with: several, with spaces between, while one is exchanged.
    pub(crate) fn signing(&self) -> Vec<Secret> {
        let kept = self.of(SIGNING).map(Secret::reveal).unwrap_or_default();
        kept.split_whitespace().map(Secret::new).collect()
    }

    /// Whether nothing in it proves who we are.
    pub(crate) fn proves_nothing(&self) -> bool {
        self.tokens.is_none() && self.values.keys().all(|name| name == SIGNING)
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.tokens.is_none()
    }
}

/// 256 random bits as text, for doors and states.
pub(crate) fn fresh() -> anyhow::Result<String> {
    let mut random = [0_u8; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| anyhow::anyhow!("no randomness"))?;
    Ok(base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, random))
}

/// What a door is found by.
pub(crate) fn door(presented: &str) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, presented.as_bytes()).as_ref().to_vec()
}
