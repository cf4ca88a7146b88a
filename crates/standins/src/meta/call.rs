//! A Graph call as every endpoint sees it: who calls, on which object, with which parameters.
//!
//! The Graph takes parameters from the query, a form or JSON alike, and the token from the query, the body or the
//! `Authorization` header. Handlers get a [`Call`] only after the token and its proof have been checked.

use std::sync::Arc;

use axum::RequestPartsExt;
use axum::body::to_bytes;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::{GraphError, Holder, Meta};
use crate::server::{Quirk, form};
use crate::sign;

/// A checked call.
pub(crate) struct Call {
    /// The object's id from the path, with `me` resolved.
    pub id: String,
    /// Who calls.
    pub holder: Holder,
    /// The parameters of query and body.
    pub params: Map<String, Value>,
    /// A behaviour the fault plan asks for.
    pub quirk: Option<String>,
}

impl Call {
    /// A parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// The names in the `fields` parameter.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.text("fields").map(|fields| fields.split(',').map(str::trim).collect()).unwrap_or_default()
    }
}

impl FromRequest<Arc<Meta>> for Call {
    type Rejection = GraphError;

    async fn from_request(request: Request, meta: &Arc<Meta>) -> Result<Self, GraphError> {
        let (mut parts, body) = request.into_parts();
        let path: RawPathParams = parts.extract().await.map_err(|_| GraphError::parameter("bad path"))?;
        let (mut id, mut version) = (String::new(), None);
        for (name, value) in &path {
            match name {
                "id" => value.clone_into(&mut id),
                "version" => version = Some(value.to_owned()),
                _ => {}
            }
        }
        if version.as_deref().is_some_and(|version| !is_version(version)) {
            return Err(GraphError::new(400, 2500, "Unknown path components").detail(0));
        }
        let mut params = pairs(parts.uri.query().unwrap_or_default());
        let bytes = to_bytes(body, usize::MAX).await.map_err(|_| GraphError::parameter("unreadable body"))?;
        params.extend(body_params(&parts, &bytes)?);
        let token = token(&parts, &params).ok_or_else(|| {
            GraphError::new(
                400,
                2500,
                "An active access token must be used to query information about the current user.",
            )
        })?;
        let holder = if token == format!("{}|{}", meta.config.app_id, meta.config.app_secret) {
            Holder::App
        } else {
            let now = meta.now_ms();
            meta.state(|state| state.holder(&token, now))?
        };
        check_proof(meta, &params, &token)?;
        if id == "me" {
            id = match &holder {
                Holder::User(id) | Holder::Page(id) | Holder::Instagram(id) | Holder::Business(id) => id.clone(),
                Holder::App => meta.config.app_id.clone(),
            };
        }
        let quirk = parts.extensions.get::<Quirk>().map(|quirk| quirk.0.clone());
        Ok(Self { id, holder, params, quirk })
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| {
        [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn check_proof(meta: &Meta, params: &Map<String, Value>, token: &str) -> Result<(), GraphError> {
    match params.get("appsecret_proof").and_then(Value::as_str) {
        Some(proof) if proof != sign::meta_proof(&meta.config.app_secret, token) => {
            Err(GraphError::parameter("Invalid appsecret_proof provided in the API argument"))
        }
        None if meta.config.require_proof => {
            Err(GraphError::parameter("API calls from the server require an appsecret_proof argument"))
        }
        _ => Ok(()),
    }
}

fn token(parts: &Parts, params: &Map<String, Value>) -> Option<String> {
    let bearer = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth ")));
    let given = params.get("access_token").and_then(Value::as_str).or(bearer)?;
    Some(given.trim().to_owned())
}

fn body_params(parts: &Parts, bytes: &[u8]) -> Result<Map<String, Value>, GraphError> {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    if kind.starts_with("application/json") {
        return match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(GraphError::parameter("The request body is not a JSON object")),
        };
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(pairs(&String::from_utf8_lossy(bytes)));
    }
    // Multipart bodies are read by the endpoints that take files.
    Ok(Map::new())
}

/// Form pairs; a value that is written as a JSON object or list is taken as one.
pub(super) fn pairs(query: &str) -> Map<String, Value> {
    form::pairs(query)
        .into_iter()
        .map(|(name, value)| {
            let structured = value.starts_with(['{', '[']).then(|| serde_json::from_str(&value).ok()).flatten();
            (name, structured.unwrap_or(Value::String(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_two_numbers() {
        assert!(is_version("v25.0"));
        assert!(!is_version("v25") && !is_version("25.0") && !is_version("v.0") && !is_version("me"));
    }

    #[test]
    fn form_values_may_be_json() {
        let params = pairs("recipient=%7B%22id%22%3A%221%22%7D&a=b%20c&n=+x");
        assert_eq!(params["recipient"]["id"], "1");
        assert_eq!(params["a"], "b c");
        assert_eq!(params["n"], " x");
    }
}
