//! Connecting an account: the consent page, the exchange of its code, refreshing, looking at and withdrawing a token.

use std::fmt;

use kernel::http::{Method, Url};
use serde::Deserialize;

use super::failure::{Failure, FailureKind};
use super::{HubSpot, read};

/// Our app at HubSpot.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// Public.
    pub client_id: String,
    /// Also the key of webhook signatures.
    pub client_secret: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A pair of tokens; the access token is good for `expires_in` seconds.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Tokens {
    /// For calls.
    pub access_token: String,
    /// For a new access token; a refresh may give a new one, which replaces it.
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: u64,
    /// The account.
    #[serde(default)]
    pub hub_id: Option<i64>,
    /// What was granted.
    #[serde(default)]
    pub scopes: Vec<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("hub_id", &self.hub_id)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// What HubSpot knows about a token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Introspection {
    /// Whether it is good.
    #[serde(default)]
    pub active: bool,
    /// The account.
    #[serde(default)]
    pub hub_id: Option<i64>,
    /// What was granted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Seconds it is still good.
    #[serde(default)]
    pub expires_in: Option<u64>,
}

/// The address to send the person to; they come back to `redirect_uri` with `code` and our `state`.
pub fn authorise_url(
    consent_base: &str,
    app: &App,
    redirect_uri: &str,
    scopes: &[&str],
    state: &str,
) -> Result<Url, Failure> {
    let scopes = scopes.join(" ");
    let pairs =
        [("client_id", app.client_id.as_str()), ("redirect_uri", redirect_uri), ("scope", &scopes), ("state", state)];
    Url::parse_with_params(&format!("{}/oauth/authorize", consent_base.trim_end_matches('/')), pairs)
        .map_err(|error| Failure::new(FailureKind::Invalid, error.to_string()))
}

impl HubSpot {
    /// Exchanges the code of the consent page for tokens.
    pub async fn exchange_code(&self, app: &App, code: &str, redirect_uri: &str) -> Result<Tokens, Failure> {
        self.token(app, &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)]).await
    }

    /// A new access token. [`FailureKind::GrantExpired`] means that the account must be connected again.
    pub async fn refresh(&self, app: &App, refresh_token: &str) -> Result<Tokens, Failure> {
        self.token(app, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// What HubSpot knows about an access token.
    pub async fn introspect(&self, app: &App, access_token: &str) -> Result<Introspection, Failure> {
        let form = with_app(app, &[("token", access_token), ("token_type_hint", "access_token")]);
        read(&self.send(self.request(Method::POST, "/oauth/v3/token/introspect").form(&form)).await?)
    }

    /// Withdraws a refresh token: the account is disconnected.
    pub async fn revoke(&self, app: &App, refresh_token: &str) -> Result<(), Failure> {
        let form = with_app(app, &[("token", refresh_token), ("token_type_hint", "refresh_token")]);
        self.send(self.request(Method::POST, "/oauth/v3/token/revoke").form(&form).safe_to_repeat(3)).await?;
        Ok(())
    }

    async fn token(&self, app: &App, grant: &[(&str, &str)]) -> Result<Tokens, Failure> {
        let form = with_app(app, grant);
        read(&self.send(self.request(Method::POST, "/oauth/v3/token").form(&form)).await?)
    }
}

fn with_app<'a>(app: &'a App, pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [("client_id", app.client_id.as_str()), ("client_secret", app.client_secret.as_str())];
    own.into_iter().chain(pairs.iter().copied()).collect()
}
