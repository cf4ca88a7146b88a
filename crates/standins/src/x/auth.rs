//! Who calls X: the app alone, or one of its users by OAuth 2.0 or by an OAuth 1.0a signature that is recomputed here.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use serde_json::Value;

use super::{Problem, X};
use crate::server::form::pairs;
use crate::sign::{self, percent};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// The app by its bearer token.
    App,
    /// A user, with the scopes of the token (all of them for OAuth 1.0a).
    User {
        /// The user's id.
        id: String,
        /// Whether the call was signed the old way.
        oauth1: bool,
        /// What the token may do.
        scopes: Vec<String>,
    },
}

/// A call with its checked caller and its JSON body.
pub(super) struct Call {
    pub caller: Caller,
    pub body: Value,
}

impl Call {
    /// The user, who must hold these scopes.
    pub(super) fn user(&self, needed: &[&str]) -> Result<&str, Problem> {
        match &self.caller {
            Caller::App => Err(Problem::wrong_auth(
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
            )),
            Caller::User { id, scopes, .. } => {
                match needed.iter().find(|scope| !scopes.iter().any(|held| held == *scope)) {
                    Some(scope) => Err(Problem::forbidden(&format!("The token lacks the scope {scope}."))),
                    None => Ok(id),
                }
            }
        }
    }

    /// The app, and nobody else.
    pub(super) fn app(&self) -> Result<(), Problem> {
        match self.caller {
            Caller::App => Ok(()),
            Caller::User { .. } => {
                Err(Problem::wrong_auth("Supported authentication types are [OAuth 2.0 Application-Only]."))
            }
        }
    }
}

impl FromRequest<Arc<X>> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, x: &Arc<X>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.map_err(|_| Problem::invalid("unreadable body"))?;
        let caller = caller(x, &parts)?;
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = json_body(&bytes, kind)?;
        Ok(Self { caller, body })
    }
}

fn json_body(bytes: &Bytes, kind: &str) -> Result<Value, Problem> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if !kind.starts_with("application/json") {
        return Err(Problem::invalid("Content-Type must be application/json"));
    }
    serde_json::from_slice(bytes).map_err(|_| Problem::invalid("One or more parameters to your request was invalid."))
}

fn caller(x: &X, parts: &Parts) -> Result<Caller, Problem> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some(token) = header.strip_prefix("Bearer ") {
        if token == x.config.bearer {
            return Ok(Caller::App);
        }
        let now = x.now_ms();
        let found = x.state(|state| state.tokens.get(token).cloned());
        return match found {
            Some(grant) if grant.ends_ms > now => {
                Ok(Caller::User { id: grant.user, oauth1: false, scopes: grant.scopes })
            }
            _ => Err(Problem::unauthorized()),
        };
    }
    match header.strip_prefix("OAuth ") {
        Some(fields) => signed(x, parts, fields),
        None => Err(Problem::unauthorized()),
    }
}

/// Recomputes the signature over method, address and parameters.
fn signed(x: &X, parts: &Parts, fields: &str) -> Result<Caller, Problem> {
    let mut oauth: BTreeMap<String, String> = fields
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), unpercent(value.trim_matches('"'))))
        .collect();
    let given = oauth.remove("oauth_signature").ok_or_else(Problem::unauthorized)?;
    oauth.remove("realm");
    let field = |name: &str| oauth.get(name).map_or("", String::as_str);
    let user =
        x.config.users.iter().find(|user| user.token == field("oauth_token")).ok_or_else(Problem::unauthorized)?;
    let fresh = field("oauth_timestamp").parse::<i64>().is_ok_and(|at| (x.now_ms() / 1000 - at).abs() <= 300);
    let well_formed =
        field("oauth_consumer_key") == x.config.consumer_key && field("oauth_signature_method") == "HMAC-SHA1";
    let base = base_string(parts, &oauth);
    let expected = sign::oauth1(&x.config.consumer_secret, &user.token_secret, &base);
    let new = fresh
        && well_formed
        && expected == given
        && x.state(|state| state.nonces.insert(field("oauth_nonce").to_owned()));
    if !new || x.state(|state| state.revoked.contains(&user.id)) {
        return Err(Problem::unauthorized());
    }
    let scopes = ["dm.read", "dm.write", "tweet.read", "users.read"].map(str::to_owned).to_vec();
    Ok(Caller::User { id: user.id.clone(), oauth1: true, scopes })
}

fn base_string(parts: &Parts, oauth: &BTreeMap<String, String>) -> String {
    let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = format!("http://{host}{}", parts.uri.path());
    let query = pairs(parts.uri.query().unwrap_or_default());
    let mut pairs: Vec<(String, String)> =
        query.into_iter().chain(oauth.clone()).map(|(n, v)| (percent(&n), percent(&v))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", parts.method, percent(&address), percent(&pairs.join("&")))
}

fn unpercent(text: &str) -> String {
    let escaped = text.replace('+', "%2B");
    pairs(&format!("v={escaped}")).into_iter().next().map(|(_, value)| value).unwrap_or_default()
}
