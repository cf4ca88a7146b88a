//! What connecting an account gives, in the same words for every platform.

use std::time::Duration;

use kernel::config::Secret;

use super::sending::{Failure, Product};
use kernel::channel::ChannelKind;

/// Tokens from a platform.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: Secret,
    /// None where the access token itself is renewed, or lasts.
    pub refresh: Option<Secret>,
    /// None: it does not end by time.
    pub expires_in: Option<Duration>,
    pub scopes: Vec<String>,
}

/// An account that can be connected, found after consent.
#[derive(Debug, Clone)]
pub struct Found {
    pub channel: ChannelKind,
    pub product: Product,
    pub id: String,
    pub name: Option<String>,
    pub username: Option<String>,
    /// The account's own token, where it has one (pages).
    pub token: Option<Secret>,
    /// WhatsApp: the business account that the number belongs to.
    pub business_id: Option<String>,
}

/// What a platform says about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenState {
    pub valid: bool,
    pub expires_at: Option<chrono::DateTime<chrono::Utc>>,
    pub scopes: Vec<String>,
    pub app_id: Option<String>,
    /// WhatsApp business accounts (and pages) that the token was given for.
    pub targets: Vec<String>,
}

/// Reads a token answer.
pub(crate) fn tokens(answer: &serde_json::Value) -> Result<Tokens, Failure> {
    use crate::wire::{each, text};
    let access = text(&answer["access_token"])
        .ok_or_else(|| Failure::Unknown { why: "the answer has no access_token".to_owned() })?;
    let scopes = match text(&answer["scope"]) {
        Some(list) => list.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        None => each(&answer["permissions"]).filter_map(text).collect(),
    };
    Ok(Tokens {
        access: Secret::new(access),
        refresh: text(&answer["refresh_token"]).map(Secret::new),
        expires_in: answer["expires_in"].as_u64().filter(|seconds| *seconds > 0).map(Duration::from_secs),
        scopes,
    })
}
