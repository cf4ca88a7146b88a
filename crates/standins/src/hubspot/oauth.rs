//! Signing in: the consent page redirects at once; tokens live half an hour and are refreshed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::state::{Code, Grant};
use super::{HubError, HubSpot};
use crate::server::form::pairs;
use crate::sign::percent;

const CODE_MS: i64 = 60_000;

fn get<'a>(params: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    params.get(name).map_or("", String::as_str)
}

/// `GET /oauth/authorize`.
pub(super) async fn authorize(State(hubspot): State<Arc<HubSpot>>, RawQuery(query): RawQuery) -> Response {
    let ask = pairs(&query.unwrap_or_default());
    let redirect = get(&ask, "redirect_uri").to_owned();
    let allowed = hubspot.config.redirects.is_empty() || hubspot.config.redirects.contains(&redirect);
    if get(&ask, "client_id") != hubspot.config.client_id || !allowed || get(&ask, "scope").is_empty() {
        return (StatusCode::BAD_REQUEST, "Couldn't complete the connection.").into_response();
    }
    let code = hubspot.shared.dice.uuid();
    let scopes = format!("{} {}", get(&ask, "scope"), get(&ask, "optional_scope"));
    let scopes = scopes.split_whitespace().map(str::to_owned).collect();
    let kept = Code { redirect: redirect.clone(), scopes, ends_ms: hubspot.now_ms() + CODE_MS };
    hubspot.state(|state| state.codes.insert(code.clone(), kept));
    let joint = if redirect.contains('?') { '&' } else { '?' };
    let to = format!("{redirect}{joint}code={code}&state={}", percent(get(&ask, "state")));
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

fn refused(status: &str, message: &str) -> HubError {
    let category = if status == "BAD_REFRESH_TOKEN" { "BAD_REFRESH_TOKEN" } else { "BAD_AUTH_CODE" };
    HubError { category, ..HubError::validation(message) }
}

/// `POST /oauth/v1/token` and `/oauth/v3/token`, form-encoded.
pub(super) async fn token(State(hubspot): State<Arc<HubSpot>>, body: String) -> Result<Json<Value>, HubError> {
    let params = pairs(&body);
    check_client(&hubspot, &params)?;
    let (scopes, refresh) = match get(&params, "grant_type") {
        "authorization_code" => {
            let code = hubspot.state(|state| state.codes.remove(get(&params, "code")));
            let now = hubspot.now_ms();
            let code = code.filter(|code| code.ends_ms > now && code.redirect == get(&params, "redirect_uri"));
            let code = code.ok_or_else(|| refused("BAD_AUTH_CODE", "missing or unknown auth code"))?;
            let refresh = hubspot.shared.dice.uuid();
            hubspot.state(|state| state.refreshes.insert(refresh.clone(), code.scopes.clone()));
            (code.scopes, refresh)
        }
        "refresh_token" => {
            let refresh = get(&params, "refresh_token");
            let scopes = hubspot.state(|state| state.refreshes.get(refresh).cloned());
            (
                scopes.ok_or_else(|| refused("BAD_REFRESH_TOKEN", "missing or invalid refresh token"))?,
                refresh.to_owned(),
            )
        }
        _ => return Err(HubError::validation("missing or unknown grant_type")),
    };
    let access = format!("CJ{}", hubspot.shared.dice.word(90));
    let ends_ms = hubspot.now_ms() + hubspot.config.access_s * 1000;
    hubspot
        .state(|state| state.tokens.insert(access.clone(), Grant { scopes: scopes.clone(), ends_ms, private: false }));
    Ok(Json(json!({
        "token_type": "bearer", "access_token": access, "refresh_token": refresh, "expires_in": hubspot.config.access_s,
        "hub_id": hubspot.config.portal, "scopes": scopes, "token_use": "access_token",
    })))
}

fn check_client(hubspot: &HubSpot, params: &BTreeMap<String, String>) -> Result<(), HubError> {
    let known = get(params, "client_id") == hubspot.config.client_id
        && get(params, "client_secret") == hubspot.config.client_secret;
    if known {
        Ok(())
    } else {
        Err(HubError { category: "BAD_CLIENT_ID", ..HubError::validation("missing or unknown client id") })
    }
}

/// `GET /oauth/v1/access-tokens/{token}`.
pub(super) async fn describe(
    State(hubspot): State<Arc<HubSpot>>,
    Path(token): Path<String>,
) -> Result<Json<Value>, HubError> {
    let grant = hubspot.grant(&token).map_err(|_| HubError::missing(&token))?;
    Ok(Json(description(&hubspot, &token, &grant)))
}

fn description(hubspot: &HubSpot, token: &str, grant: &Grant) -> Value {
    json!({
        "token": token, "user": "owner@example.com", "user_id": 9_586_504, "hub_id": hubspot.config.portal,
        "hub_domain": "northwind.example.com", "app_id": hubspot.config.app, "scopes": grant.scopes,
        "expires_in": (grant.ends_ms - hubspot.now_ms()) / 1000, "token_type": "access",
    })
}

/// `POST /oauth/v3/token/introspect`.
pub(super) async fn introspect(State(hubspot): State<Arc<HubSpot>>, body: String) -> Result<Json<Value>, HubError> {
    let params = pairs(&body);
    check_client(&hubspot, &params)?;
    let token = get(&params, "token");
    let mut answer = match hubspot.grant(token) {
        Ok(grant) => description(&hubspot, token, &grant),
        Err(_) => return Ok(Json(json!({ "active": false }))),
    };
    answer["active"] = json!(true);
    Ok(Json(answer))
}

/// `POST /oauth/v3/token/revoke`.
pub(super) async fn revoke(State(hubspot): State<Arc<HubSpot>>, body: String) -> Result<StatusCode, HubError> {
    let params = pairs(&body);
    check_client(&hubspot, &params)?;
    hubspot.state(|state| (state.refreshes.remove(get(&params, "token")), state.tokens.remove(get(&params, "token"))));
    Ok(StatusCode::NO_CONTENT)
}
