//! The finished description as it is served. It is kept as text: the structures that it is made of hold ten times as much
//! memory, and most processes are never asked.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::reference::Reference;
use crate::AppError;
use crate::auth::MaybeSignedIn;
use crate::edge::RequestInfo;

/// The description for programs, and the page about it for people.
pub(crate) struct Description {
    json: Bytes,
    reference: OnceLock<Reference>,
}

impl Description {
    pub(crate) fn new(api: &OpenApi) -> Self {
        let json = serde_json::to_vec(api).unwrap_or_default();
        Self { json: Bytes::from(json.into_boxed_slice()), reference: OnceLock::new() }
    }

    /// `/v2/openapi.json`.
    pub(crate) fn json(&self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.json.clone()).into_response()
    }

    /// `/docs/api`.
    pub(crate) fn page(&self, info: &RequestInfo, caller: MaybeSignedIn) -> Result<Html<String>, AppError> {
        self.reference.get_or_init(|| self.read()).page(info, caller)
    }

    fn read(&self) -> Reference {
        let document: Value = serde_json::from_slice(&self.json).unwrap_or_default();
        Reference::new(&document)
    }
}
