//! The code is exchanged for tokens, and what the ID token leaves out is asked of the userinfo endpoint.

use kernel::Kernel;
use kernel::http::{Method, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use shell::page::url_encoded;

use super::provider::{self, Metadata, Refused, Trouble};
use super::{Settings, TokenAuth};

/// What the token endpoint gives.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: String,
}

/// What the token endpoint says when it gives nothing (RFC 6749 5.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Failure {
    pub(super) error: String,
    error_description: String,
}

impl Failure {
    pub(super) fn of(answer: &Response) -> Self {
        answer.json().unwrap_or_default()
    }

    /// The error and its description, short and on one line.
    pub(super) fn text(&self, status: u16) -> String {
        let said = match (self.error.is_empty(), self.error_description.is_empty()) {
            (true, _) => format!("status {status} without a reason"),
            (false, true) => self.error.clone(),
            (false, false) => format!("{} — {}", self.error, self.error_description),
        };
        brief(&said)
    }
}

/// What a provider says, fit for a page: no control characters, not endless.
pub(super) fn brief(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// The client at the token endpoint.
pub(super) struct Client<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) metadata: &'a Metadata,
    pub(super) settings: &'a Settings,
    pub(super) secret: &'a str,
}

impl Client<'_> {
    /// Sends a code to the token endpoint.
    pub(super) async fn send(&self, code: &str, verifier: &str, callback: &str) -> Result<Response, Trouble> {
        let url = &self.metadata.token_endpoint;
        let id = self.settings.client_id.as_str();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
        ];
        let mut request = provider::call(self.kernel, Method::POST, url)?;
        match self.auth() {
            // Encoded before they are joined (RFC 6749 2.3.1).
            Some(TokenAuth::ClientSecretBasic) => request = request.basic(&encoded(id), &encoded(self.secret)),
            Some(TokenAuth::ClientSecretPost) => form.extend([("client_id", id), ("client_secret", self.secret)]),
            None => form.push(("client_id", id)),
        }
        request.form(&form).send().await.map_err(|error| provider::unsent(url, &error))
    }

    /// Exchanges a code.
    pub(super) async fn exchange(&self, code: &str, verifier: &str, callback: &str) -> Result<Tokens, Refused> {
        let answer = self.send(code, verifier, callback).await?;
        if !answer.status.is_success() {
            return Err(Refused::Denied(Failure::of(&answer).text(answer.status.as_u16())));
        }
        let url = self.metadata.token_endpoint.clone();
        Ok(answer.json().map_err(|error| Trouble::Body(url, error.to_string()))?)
    }

    /// What the userinfo endpoint says; none when the provider has none.
    pub(super) async fn userinfo(&self, access_token: &str) -> Result<Option<Map<String, Value>>, Refused> {
        let Some(url) = &self.metadata.userinfo_endpoint else { return Ok(None) };
        let request = provider::call(self.kernel, Method::GET, url)?.bearer(access_token);
        let answer = request.send().await.map_err(|error| provider::unsent(url, &error))?;
        if !answer.status.is_success() {
            return Err(Trouble::Status(url.clone(), answer.status.as_u16()).into());
        }
        Ok(Some(answer.json().map_err(|error| Trouble::Body(url.clone(), error.to_string()))?))
    }

    /// How the client proves itself: as set, else as the provider prefers; a client without a secret only says its name.
    fn auth(&self) -> Option<TokenAuth> {
        if self.secret.is_empty() {
            return None;
        }
        let offered = self.metadata.token_endpoint_auth_methods_supported.as_deref();
        let basic = offered.is_none_or(|all| all.iter().any(|name| name == "client_secret_basic"));
        let preferred = if basic { TokenAuth::ClientSecretBasic } else { TokenAuth::ClientSecretPost };
        Some(self.settings.token_auth.unwrap_or(preferred))
    }
}

/// As a form encodes it, which a slash is part of.
fn encoded(text: &str) -> String {
    url_encoded(text).replace('/', "%2F")
}
