//! The staff's token: asked for with user and password, good for about a day.

use async_trait::async_trait;
use chrono::Duration;
use kernel::config::Secret;
use kernel::http::Http;
use kernel::http::header::HeaderName;
use serde_json::{Map, Value, json};

use super::{NAME, failure};
use crate::call::{Trouble, unreached};
use crate::oauth::{Renew, Tokens};
use crate::record;
use crate::source::SourceError;

/// How long a token is used that does not say when it ends.
const HOURS: i64 = 23;

/// Signs a member of staff in.
pub(super) struct SignIn {
    pub http: Http,
    pub base_url: String,
    pub site_id: String,
    pub api_key: Secret,
    pub user: String,
    pub password: Secret,
}

#[async_trait]
impl Renew for SignIn {
    async fn renew(&self, _: &Tokens) -> Result<Tokens, SourceError> {
        let request = self
            .http
            .post(NAME, format!("{}/usertoken/issue", self.base_url))
            .header(HeaderName::from_static("api-key"), self.api_key.reveal())
            .header(HeaderName::from_static("siteid"), &self.site_id)
            .json(&json!({"Username": self.user, "Password": self.password.reveal()}));
        let response = request.send().await.map_err(|error| unreached(&error))?;
        let now = self.http.clock().now();
        let answer: Value = failure::judge(&response, now).map_err(|trouble| match trouble {
            Trouble::Token(said) => SourceError::Reconnect(format!("the member of staff cannot sign in: {said}")),
            Trouble::Error(error) => error,
        })?;
        let token = answer["AccessToken"].as_str().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| SourceError::Malformed("the answer has no access token".to_owned()))?;
        let ends = record::moment(&answer["Expires"]).unwrap_or(now + Duration::hours(HOURS));
        Ok(Tokens {
            access_token: Secret::new(token),
            refresh_token: None,
            expires_at: Some(ends),
            scopes: Vec::new(),
            more: Map::new(),
        })
    }
}
