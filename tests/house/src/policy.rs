//! What `deny.toml` says, so that `cargo deny` and our own tests enforce one list.

use serde::Deserialize;

/// The parts of `deny.toml` that the tests enforce.
#[derive(Debug, Deserialize)]
pub struct Policy {
    /// Which licences are let in.
    pub licenses: Licences,
    /// Which crates are not.
    pub bans: Bans,
}

/// Licences by their SPDX names.
#[derive(Debug, Deserialize)]
pub struct Licences {
    /// The permissive ones.
    pub allow: Vec<String>,
}

/// Crates that may not come in, not even through another.
#[derive(Debug, Deserialize)]
pub struct Bans {
    /// With the reason.
    pub deny: Vec<Ban>,
}

/// One banned crate.
#[derive(Debug, Deserialize)]
pub struct Ban {
    /// Its name.
    #[serde(rename = "crate")]
    pub name: String,
    /// Why, and what to use.
    pub reason: String,
}

impl Policy {
    /// Reads `deny.toml`.
    pub fn read() -> Self {
        toml::from_str(&crate::files::read("deny.toml")).expect("deny.toml has the shape that cargo-deny documents")
    }
}
