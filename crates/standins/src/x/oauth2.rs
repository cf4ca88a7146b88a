//! Signing in: OAuth 2.0 with PKCE, refresh tokens that rotate, and the app-only token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::Call;
use super::state::{Code, Grant};
use super::{Problem, X};
use crate::server::form::pairs;
use crate::sign::{self, percent};

const CODE_MS: i64 = 30_000;
const ACCESS_S: i64 = 7200;

fn get<'a>(params: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    params.get(name).map_or("", String::as_str)
}

/// The page on which the user consents; here it does so at once.
pub(super) async fn authorize(State(x): State<Arc<X>>, RawQuery(query): RawQuery) -> Response {
    let ask = pairs(&query.unwrap_or_default());
    let redirect = get(&ask, "redirect_uri").to_owned();
    let method = get(&ask, "code_challenge_method");
    let known = get(&ask, "client_id") == x.config.client_id
        && (x.config.redirects.is_empty() || x.config.redirects.contains(&redirect))
        && get(&ask, "response_type") == "code"
        && matches!(method, "S256" | "plain")
        && !get(&ask, "code_challenge").is_empty()
        && get(&ask, "state").len() <= 500;
    if !known {
        return (StatusCode::BAD_REQUEST, "Something went wrong. You weren't able to give access to the App.")
            .into_response();
    }
    let code = x.shared.dice.word(64);
    let kept = Code {
        redirect: redirect.clone(),
        challenge: get(&ask, "code_challenge").to_owned(),
        plain: method == "plain",
        scopes: get(&ask, "scope").split_whitespace().map(str::to_owned).collect(),
        ends_ms: x.now_ms() + CODE_MS,
    };
    x.state(|state| state.codes.insert(code.clone(), kept));
    let joint = if redirect.contains('?') { '&' } else { '?' };
    let to = format!("{redirect}{joint}state={}&code={}", percent(get(&ask, "state")), percent(&code));
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

/// What the token endpoint says when it refuses.
pub(super) struct Refused(u16, &'static str, &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": self.1, "error_description": self.2 }))).into_response()
    }
}

/// `POST /2/oauth2/token`.
pub(super) async fn token(State(x): State<Arc<X>>, headers: HeaderMap, body: String) -> Result<Json<Value>, Refused> {
    let params = pairs(&body);
    check_client(&x, &headers, &params)?;
    let now = x.now_ms();
    let grant =
        match get(&params, "grant_type") {
            "authorization_code" => redeem(&x, &params, now)?,
            "refresh_token" => x
                .state(|state| state.refreshes.remove(get(&params, "refresh_token")))
                .ok_or(Refused(400, "invalid_request", "Value passed for the token was invalid."))?,
            _ => return Err(Refused(400, "unsupported_grant_type", "This grant type is not supported.")),
        };
    let grant = Grant { ends_ms: now + ACCESS_S * 1000, ..grant };
    let (access, refresh) = (x.shared.dice.word(91), x.shared.dice.word(91));
    let mut answer = json!({
        "token_type": "bearer", "expires_in": ACCESS_S, "access_token": access, "scope": grant.scopes.join(" "),
    });
    let offline = grant.scopes.iter().any(|scope| scope == "offline.access");
    if offline {
        answer["refresh_token"] = json!(refresh);
    }
    x.state(|state| {
        if offline {
            state.refreshes.insert(refresh, grant.clone());
        }
        state.tokens.insert(access, grant);
    });
    Ok(Json(answer))
}

fn redeem(x: &X, params: &BTreeMap<String, String>, now: i64) -> Result<Grant, Refused> {
    let refused = Refused(400, "invalid_request", "Value passed for the authorization code was invalid.");
    let Some(code) = x.state(|state| state.codes.remove(get(params, "code"))) else { return Err(refused) };
    let verifier = get(params, "code_verifier");
    let proof = if code.plain { verifier.to_owned() } else { sign::pkce(verifier) };
    if code.ends_ms <= now || code.redirect != get(params, "redirect_uri") || proof != code.challenge {
        return Err(refused);
    }
    let user = x.config.users.first().map(|user| user.id.clone()).unwrap_or_default();
    Ok(Grant { user, scopes: code.scopes, ends_ms: 0 })
}

fn check_client(x: &X, headers: &HeaderMap, params: &BTreeMap<String, String>) -> Result<(), Refused> {
    let expected = basic(&x.config.client_id, &x.config.client_secret);
    match headers.get(AUTHORIZATION) {
        Some(given) if *given == expected => Ok(()),
        None if x.config.client_secret.is_empty() && get(params, "client_id") == x.config.client_id => Ok(()),
        _ => Err(Refused(401, "unauthorized_client", "Missing valid authorization header")),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// `POST /2/oauth2/revoke`.
pub(super) async fn revoke(State(x): State<Arc<X>>, headers: HeaderMap, body: String) -> Result<Json<Value>, Refused> {
    let params = pairs(&body);
    check_client(&x, &headers, &params)?;
    let token = get(&params, "token");
    x.state(|state| (state.tokens.remove(token), state.refreshes.remove(token)));
    Ok(Json(json!({ "revoked": true })))
}

/// `POST /oauth2/token`: the app-only token for the consumer key and secret.
pub(super) async fn app_token(
    State(x): State<Arc<X>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Problem> {
    let expected = basic(&percent(&x.config.consumer_key), &percent(&x.config.consumer_secret));
    if headers.get(AUTHORIZATION).is_none_or(|given| *given != expected)
        || get(&pairs(&body), "grant_type") != "client_credentials"
    {
        return Err(Problem::forbidden("Unable to verify your credentials"));
    }
    Ok(Json(json!({ "token_type": "bearer", "access_token": x.config.bearer })))
}

/// `GET /2/users/me`.
pub(super) async fn me(State(x): State<Arc<X>>, call: Call) -> Result<Json<Value>, Problem> {
    let id = call.user(&["users.read"])?;
    let user = x.config.users.iter().find(|user| user.id == id).ok_or_else(Problem::unauthorized)?;
    Ok(Json(json!({ "data": { "id": user.id, "name": user.name, "username": user.username } })))
}
