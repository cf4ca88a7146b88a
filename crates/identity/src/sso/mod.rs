//! Single sign-on: an organisation's identity providers vouch for people of its domains.
//!
//! A kind of provider (OIDC, SAML) proves who somebody is and hands a [`Proof`] to [`arrive::arrive()`], which alone decides what
//! becomes of it. Rules a newcomer would break:
//! - An account is (connection, subject). An email is never an identity: it only finds a person at the first arrival, and only
//!   on a domain that this organisation proved to be its own. Otherwise whoever sets up a provider could become anybody.
//! - No mapping makes or unmakes an owner: a provider that is taken over does not own the organisation.
//! - Every session, however it begins, passes [`only::admit`].

pub(crate) mod arrive;
mod browser;
pub(crate) mod connections;
pub(crate) mod dns;
pub(crate) mod domains;
pub(crate) mod oidc;
pub(crate) mod only;
pub(crate) mod pages;
pub(crate) mod policy;
pub(crate) mod refused;
pub(crate) mod saml;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use domains::verify as verify_domain;
pub(crate) use oidc::Providers;

/// What a provider proved about a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The account, for ever the same at this provider. Never an email.
    pub(crate) subject: String,
    /// The address the provider gives.
    pub(crate) email: Option<String>,
    /// What the provider says of the address; SAML says nothing.
    pub(crate) email_verified: Option<bool>,
    /// The person's name.
    pub(crate) name: Option<String>,
    /// The groups the provider tells, as it names them.
    pub(crate) groups: Vec<String>,
}

/// The domain of an email.
pub(crate) fn domain_of(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}
