//! Connecting an X account: OAuth 2.0 with PKCE. Refresh tokens are used up: store the new one before using the
//! access token that came with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::config::Secret;
use kernel::http::{Method, Request, Url};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::api::{Api, READS};
use super::oauth1::percent;
use crate::channel::oauth::{Found, Tokens, tokens};
use crate::channel::{ChannelKind, Credentials, Failure, Product, bad_url};
use crate::wire::{id, name};

/// What we ask for: writing and reading messages, and renewal without the user.
pub const SCOPES: &str = "dm.read dm.write tweet.read users.read offline.access";

/// A new PKCE verifier, to be kept with the state until the code comes back.
pub fn verifier() -> Result<Secret, Failure> {
    let mut random = [0_u8; 32];
    let none = |_| Failure::NotSent { why: "no randomness".to_owned(), retry_after: None };
    SystemRandom::new().fill(&mut random).map_err(none)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random)))
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

impl Api<'_> {
    /// Where the user gives consent.
    pub fn consent_url(&self, redirect_uri: &str, state: &str, verifier: &Secret) -> Result<String, Failure> {
        let challenge = challenge(verifier.reveal());
        let query = [
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", SCOPES),
            ("state", state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(Url::parse_with_params(&self.config.authorize(), query).map_err(|error| bad_url(&error))?.to_string())
    }

    /// Turns the code (good for 30 seconds, once) into tokens.
    pub async fn exchange(&self, code: &str, redirect_uri: &str, verifier: &Secret) -> Result<Tokens, Failure> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.reveal()),
            ("client_id", &self.config.client_id),
        ];
        tokens(&self.call(self.as_client("/2/oauth2/token").form(&form)).await?)
    }

    /// New tokens for a refresh token, which is then used up.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Tokens, Failure> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.reveal()),
            ("client_id", &self.config.client_id),
        ];
        tokens(&self.call(self.as_client("/2/oauth2/token").form(&form)).await?)
    }

    /// Ends a token.
    pub async fn revoke(&self, token: &Secret) -> Result<(), Failure> {
        let form = [("token", token.reveal()), ("client_id", &self.config.client_id)];
        self.call(self.as_client("/2/oauth2/revoke").form(&form).safe_to_repeat(READS)).await.map(drop)
    }

    /// The application's own token, for webhooks and subscriptions.
    pub async fn app_token(&self) -> Result<Tokens, Failure> {
        let (key, secret) = (percent(&self.config.consumer_key), percent(self.config.consumer_secret.reveal()));
        let request = self.open(Method::POST, "/oauth2/token").basic(&key, &secret);
        tokens(&self.call(request.form(&[("grant_type", "client_credentials")])).await?)
    }

    /// The user that credentials belong to.
    pub async fn me(&self, credentials: &Credentials) -> Result<Found, Failure> {
        let answer: Value = self.call(self.as_user(Method::GET, "/2/users/me", credentials)?).await?;
        let user = &answer["data"];
        let id = id(&user["id"]).ok_or_else(|| Failure::Unknown { why: "x: the answer has no user".to_owned() })?;
        Ok(Found {
            channel: ChannelKind::X,
            product: Product::Usual,
            id,
            name: name(&user["name"]),
            username: name(&user["username"]),
            token: None,
            business_id: None,
        })
    }

    /// A confidential client proves itself; a public one only names itself in the form.
    fn as_client(&self, path: &str) -> Request {
        let request = self.open(Method::POST, path);
        if self.config.client_secret.is_empty() {
            request
        } else {
            request.basic(&self.config.client_id, self.config.client_secret.reveal())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn verifiers_are_long_enough_and_differ() {
        let (one, other) = (verifier().expect("random"), verifier().expect("random"));
        assert!(one.reveal().len() >= 43 && one.reveal() != other.reveal());
    }
}
