//! Signing in: Facebook's dialog and tokens, and Instagram's own. The dialog consents at once and redirects.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::pairs;
use super::state::Code;
use super::{GraphError, Holder, Meta};
use crate::sign::percent;

const HOUR_MS: i64 = 3600 * 1000;
const SIXTY_DAYS_S: i64 = 5_183_944;

/// What a dialog is asked.
#[derive(Deserialize)]
pub(super) struct Dialog {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    response_type: String,
}

pub(super) async fn dialog(State(meta): State<Arc<Meta>>, Query(ask): Query<Dialog>) -> Response {
    let user = meta.config.user.clone();
    consent(&meta, &ask, Holder::User(user))
}

pub(super) async fn instagram_dialog(State(meta): State<Arc<Meta>>, Query(ask): Query<Dialog>) -> Response {
    let account =
        meta.state(|state| state.accounts.iter().find(|(_, known)| known.instagram).map(|(id, _)| id.clone()));
    match account {
        Some(id) => consent(&meta, &ask, Holder::Instagram(id)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn consent(meta: &Meta, ask: &Dialog, holder: Holder) -> Response {
    let allowed = meta.config.redirects.is_empty() || meta.config.redirects.contains(&ask.redirect_uri);
    if ask.client_id != meta.config.app_id || !allowed || !matches!(ask.response_type.as_str(), "" | "code") {
        return (StatusCode::BAD_REQUEST, "The app or its redirect address is not known here.").into_response();
    }
    let code = format!("AQ{}", meta.shared.dice.word(60));
    let ends_ms = meta.now_ms() + HOUR_MS;
    meta.state(|state| state.codes.insert(code.clone(), Code { redirect: ask.redirect_uri.clone(), ends_ms, holder }));
    let joint = if ask.redirect_uri.contains('?') { '&' } else { '?' };
    let to = format!("{}{joint}code={}&state={}", ask.redirect_uri, percent(&code), percent(&ask.state));
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

/// `/oauth/access_token`: a code for a token, or a short token for a long one.
pub(super) async fn token(
    State(meta): State<Arc<Meta>>,
    RawQuery(query): RawQuery,
    body: String,
) -> Result<Json<Value>, GraphError> {
    let mut params = pairs(&query.unwrap_or_default());
    params.extend(pairs(&body));
    check_app(&meta, &params)?;
    let now = meta.now_ms();
    if text(&params, "grant_type") == "fb_exchange_token" {
        let holder = meta.state(|state| state.holder(text(&params, "fb_exchange_token"), now))?;
        return Ok(Json(give(&meta, "EAA", holder, SIXTY_DAYS_S)));
    }
    if text(&params, "grant_type") == "client_credentials" {
        let token = format!("{}|{}", meta.config.app_id, meta.config.app_secret);
        return Ok(Json(json!({ "access_token": token, "token_type": "bearer" })));
    }
    let holder = redeem(&meta, &params)?;
    Ok(Json(give(&meta, "EAA", holder, 5400)))
}

/// `POST /oauth/access_token` of Instagram: credentials in the body.
pub(super) async fn instagram_token(State(meta): State<Arc<Meta>>, body: String) -> Result<Json<Value>, GraphError> {
    let params = pairs(&body);
    check_app(&meta, &params)?;
    let holder = redeem(&meta, &params)?;
    let mut answer = give(&meta, "IGQ", holder.clone(), 3600);
    if let Holder::Instagram(id) = holder {
        answer["user_id"] = json!(id);
        answer["permissions"] = json!(["instagram_business_basic", "instagram_business_manage_messages"]);
    }
    Ok(Json(answer))
}

/// `GET /access_token?grant_type=ig_exchange_token`.
pub(super) async fn instagram_exchange(
    State(meta): State<Arc<Meta>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, GraphError> {
    let params = pairs(&query.unwrap_or_default());
    if text(&params, "grant_type") != "ig_exchange_token" || text(&params, "client_secret") != meta.config.app_secret {
        return Err(GraphError::new(400, 101, "Error validating client secret."));
    }
    let now = meta.now_ms();
    let holder = meta.state(|state| state.holder(text(&params, "access_token"), now))?;
    Ok(Json(give(&meta, "IGL", holder, SIXTY_DAYS_S)))
}

/// `GET /refresh_access_token`: only for a token that is still good and at least a day old.
pub(super) async fn instagram_refresh(
    State(meta): State<Arc<Meta>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, GraphError> {
    let params = pairs(&query.unwrap_or_default());
    if text(&params, "grant_type") != "ig_refresh_token" {
        return Err(GraphError::parameter("grant_type must be ig_refresh_token"));
    }
    let (now, old) = (meta.now_ms(), text(&params, "access_token"));
    let holder = meta.state(|state| {
        let holder = state.holder(old, now)?;
        let issued = state.tokens.get(old).map_or(0, |token| token.issued_ms);
        if now - issued < 24 * HOUR_MS {
            return Err(GraphError::parameter("The token must be at least 24 hours old to be refreshed"));
        }
        Ok(holder)
    })?;
    Ok(Json(give(&meta, "IGL", holder, SIXTY_DAYS_S)))
}

/// `GET /debug_token?input_token&access_token={app_id}|{app_secret}`.
pub(super) async fn debug_token(
    State(meta): State<Arc<Meta>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, GraphError> {
    let params = pairs(&query.unwrap_or_default());
    if text(&params, "access_token") != format!("{}|{}", meta.config.app_id, meta.config.app_secret) {
        return Err(GraphError::new(400, 100, "(#100) You must provide an app access token"));
    }
    let (now, input) = (meta.now_ms(), text(&params, "input_token"));
    let (judged, ends) = meta.state(|state| {
        (state.holder(input, now), state.tokens.get(input).and_then(|token| token.ends_ms).unwrap_or(0) / 1000)
    });
    let wabas: Vec<String> = meta.state(|state| state.wabas.keys().cloned().collect());
    let data = match judged {
        Ok(holder) => {
            let targets = match &holder {
                Holder::User(_) => wabas,
                Holder::Business(id) => vec![id.clone()],
                _ => Vec::new(),
            };
            let (kind, id) = match holder {
                Holder::User(id) => ("USER", id),
                Holder::Page(id) => ("PAGE", id),
                Holder::Instagram(id) => ("INSTAGRAM", id),
                Holder::Business(id) => ("SYSTEM_USER", id),
                Holder::App => ("APP", meta.config.app_id.clone()),
            };
            json!({
                "app_id": meta.config.app_id, "type": kind, "application": "Recoup", "expires_at": ends, "is_valid": true,
                "profile_id": id, "scopes": ["pages_show_list", "pages_messaging", "pages_manage_metadata", "instagram_manage_messages", "whatsapp_business_messaging"],
                "granular_scopes": [{ "scope": "whatsapp_business_management", "target_ids": targets }],
            })
        }
        Err(error) => json!({
            "app_id": meta.config.app_id, "is_valid": false, "scopes": [],
            "error": { "code": error.code, "message": error.message, "subcode": error.subcode },
        }),
    };
    Ok(Json(json!({ "data": data })))
}

fn text<'a>(params: &'a Map<String, Value>, name: &str) -> &'a str {
    params.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn check_app(meta: &Meta, params: &Map<String, Value>) -> Result<(), GraphError> {
    if text(params, "client_id") != meta.config.app_id {
        return Err(GraphError::new(
            400,
            101,
            "Error validating application. Cannot get application info due to a system error.",
        ));
    }
    if text(params, "client_secret") != meta.config.app_secret {
        return Err(GraphError::new(400, 1, "Error validating client secret."));
    }
    Ok(())
}

fn redeem(meta: &Meta, params: &Map<String, Value>) -> Result<Holder, GraphError> {
    let code = meta.state(|state| state.codes.remove(text(params, "code")));
    match code {
        None => Err(GraphError::parameter("This authorization code has been used.").detail(36_009)),
        Some(code) if code.ends_ms <= meta.now_ms() => {
            Err(GraphError::parameter("This authorization code has expired.").detail(36_007))
        }
        Some(code) if code.redirect != text(params, "redirect_uri") => Err(GraphError::parameter(
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
        )
        .detail(36_008)),
        Some(code) => Ok(code.holder),
    }
}

fn give(meta: &Meta, prefix: &str, holder: Holder, seconds: i64) -> Value {
    let token = format!("{prefix}{}", meta.shared.dice.word(80));
    let now = meta.now_ms();
    meta.state(|state| state.give_token(&token, holder, Some(now + seconds * 1000), now));
    json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds })
}
