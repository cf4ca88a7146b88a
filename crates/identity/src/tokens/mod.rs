//! Access tokens: JSON Web Tokens signed with Ed25519, good for fifteen minutes.
//!
//! A token names a session and proves only that we said so; whether the session still stands is asked on every request (see
//! [`crate::doorkeeper`]), so that signing out works at once. The private keys are sealed with the master key; the public
//! ones are at `/.well-known/jwks.json` for services behind Recoup that want to check a token themselves.

mod claims;
mod jwks;
mod ring;

pub use claims::Claims;
pub(crate) use jwks::jwks;
pub use ring::{KeyRing, rotate};

use chrono::Duration;

/// How long an access token is good.
pub const ACCESS_LASTS: Duration = Duration::minutes(15);
