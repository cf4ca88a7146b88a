//! OAuth 2.0 as the systems that are read from have it: consent, codes, access tokens that end, refresh tokens that may rotate.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::form::pairs;
use crate::server::{Shared, locked};
use crate::sign::{percent, pkce};

const CODE_MS: i64 = 600_000;

/// Why a token does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Never given, or withdrawn.
    Unknown,
    /// It has ended.
    Expired,
}

/// A refusal of the token endpoint: status, word, words.
pub type Refusal = (u16, &'static str, &'static str);

#[derive(Default)]
struct Held {
    access: HashMap<String, (i64, Vec<String>)>,
    refresh: HashMap<String, Vec<String>>,
    codes: HashMap<String, Code>,
}

struct Code {
    redirect: String,
    scopes: Vec<String>,
    challenge: Option<String>,
    ends_ms: i64,
}

/// The app's client and everything granted to it.
pub struct Grants {
    /// The app's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long an access token lives, in seconds.
    pub access_s: i64,
    /// Whether a refresh uses its token up and gives a new one.
    pub rotates: bool,
    held: Mutex<Held>,
}

impl Grants {
    /// An app whose access tokens live for `access_s` seconds.
    pub fn new(client_id: &str, client_secret: &str, access_s: i64, rotates: bool) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            access_s,
            rotates,
            held: Mutex::default(),
        }
    }

    /// Grants scopes without a browser: an access token and a refresh token.
    pub fn grant(&self, shared: &Shared, scopes: &[&str]) -> (String, String) {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let refresh = shared.dice.word(48);
        locked(&self.held).refresh.insert(refresh.clone(), scopes.clone());
        (self.access(shared, scopes), refresh)
    }

    fn access(&self, shared: &Shared, scopes: Vec<String>) -> String {
        let access = shared.dice.word(64);
        let ends = shared.clock.now_ms() + self.access_s * 1000;
        locked(&self.held).access.insert(access.clone(), (ends, scopes));
        access
    }

    /// What a token may do now.
    ///
    /// # Errors
    /// When it is unknown or has ended.
    pub fn scopes(&self, shared: &Shared, token: &str) -> Result<Vec<String>, Denied> {
        match locked(&self.held).access.get(token) {
            None => Err(Denied::Unknown),
            Some((ends, _)) if *ends <= shared.clock.now_ms() => Err(Denied::Expired),
            Some((_, scopes)) => Ok(scopes.clone()),
        }
    }

    /// Ends every access token now.
    pub fn expire(&self) {
        for (ends, _) in locked(&self.held).access.values_mut() {
            *ends = 0;
        }
    }

    /// Withdraws everything.
    pub fn revoke(&self) {
        *locked(&self.held) = Held::default();
    }

    /// The consent page: sends the person back at once with a code.
    pub fn consent(&self, shared: &Shared, query: &str) -> Response {
        let ask = pairs(query);
        let get = |name: &str| ask.get(name).map_or("", String::as_str);
        let (redirect, method) = (get("redirect_uri"), get("code_challenge_method"));
        if get("client_id") != self.client_id || get("response_type") != "code" || redirect.is_empty() {
            return (StatusCode::BAD_REQUEST, "Error 400: invalid_request").into_response();
        }
        let challenge = ask.get("code_challenge").cloned();
        if challenge.is_some() && method != "S256" {
            return (StatusCode::BAD_REQUEST, "Error 400: invalid_request").into_response();
        }
        let code = shared.dice.word(32);
        let kept = Code {
            redirect: redirect.to_owned(),
            scopes: get("scope").split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            challenge,
            ends_ms: shared.clock.now_ms() + CODE_MS,
        };
        locked(&self.held).codes.insert(code.clone(), kept);
        let joint = if redirect.contains('?') { '&' } else { '?' };
        let to = format!("{redirect}{joint}code={code}&state={}", percent(get("state")));
        (StatusCode::FOUND, [(LOCATION, to)]).into_response()
    }

    /// The token endpoint, for the fields of a form or of JSON.
    ///
    /// # Errors
    /// With status and word as RFC 6749 has them.
    pub fn token(
        &self,
        shared: &Shared,
        headers: &HeaderMap,
        fields: &BTreeMap<String, String>,
    ) -> Result<Value, Refusal> {
        let get = |name: &str| fields.get(name).map_or("", String::as_str);
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client_id, self.client_secret)));
        let proved = headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes() == basic.as_bytes())
            || (get("client_id") == self.client_id && get("client_secret") == self.client_secret);
        if !proved {
            return Err((401, "invalid_client", "The OAuth client was not found."));
        }
        let (scopes, new_refresh) = match get("grant_type") {
            "authorization_code" => (self.spend_code(shared, fields)?, true),
            "refresh_token" => {
                let mut held = locked(&self.held);
                let scopes = held.refresh.get(get("refresh_token")).cloned();
                let scopes = scopes.ok_or((400, "invalid_grant", "Token has been expired or revoked."))?;
                if self.rotates {
                    held.refresh.remove(get("refresh_token"));
                }
                (scopes, self.rotates)
            }
            _ => return Err((400, "unsupported_grant_type", "Invalid grant_type")),
        };
        let mut answer = json!({
            "access_token": self.access(shared, scopes.clone()), "expires_in": self.access_s, "scope": scopes.join(" "),
            "token_type": "Bearer",
        });
        if new_refresh {
            let refresh = shared.dice.word(48);
            locked(&self.held).refresh.insert(refresh.clone(), scopes);
            answer["refresh_token"] = json!(refresh);
        }
        Ok(answer)
    }

    fn spend_code(&self, shared: &Shared, fields: &BTreeMap<String, String>) -> Result<Vec<String>, Refusal> {
        let get = |name: &str| fields.get(name).map_or("", String::as_str);
        let code = locked(&self.held).codes.remove(get("code")).filter(|code| code.ends_ms > shared.clock.now_ms());
        let code = code.ok_or((400, "invalid_grant", "Malformed auth code."))?;
        if code.redirect != get("redirect_uri") {
            return Err((400, "redirect_uri_mismatch", "Bad Request"));
        }
        if code.challenge.is_some_and(|challenge| challenge != pkce(get("code_verifier"))) {
            return Err((400, "invalid_grant", "Invalid code verifier."));
        }
        Ok(code.scopes)
    }
}

/// The token of an `Authorization: Bearer` header; empty where there is none.
pub(crate) fn bearer(headers: &HeaderMap) -> &str {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.strip_prefix("Bearer ").unwrap_or_default()
}

/// An answer of the token endpoint.
pub(crate) fn answer(result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(tokens) => axum::Json(tokens).into_response(),
        Err((status, word, words)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            (status, axum::Json(json!({ "error": word, "error_description": words }))).into_response()
        }
    }
}
