//! Media of Messenger and Instagram: reusable uploads, and the public addresses inside webhooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Call, GraphError, Holder, Media, Meta};

/// `POST /{page-id}/message_attachments`: gives an id that later sends may use.
pub(super) async fn create(State(meta): State<Arc<Meta>>, call: Call) -> Result<Json<Value>, GraphError> {
    if !matches!(call.holder, Holder::Page(_) | Holder::Instagram(_)) {
        return Err(GraphError::new(403, 200, "(#200) Requires pages_messaging permission to manage the object"));
    }
    let attachment = call.params.get("message").and_then(|message| message.get("attachment"));
    if attachment.and_then(|a| a.pointer("/payload/url")).is_none() {
        return Err(GraphError::parameter("Param message[attachment][payload][url] is required"));
    }
    Ok(Json(json!({ "attachment_id": meta.shared.dice.digits(16) })))
}

/// The file behind an attachment's address.
pub(super) async fn public(State(meta): State<Arc<Meta>>, Path(id): Path<String>) -> Response {
    match meta.state(|state| state.media.get(&id).cloned()) {
        Some(media) => ([(CONTENT_TYPE, media.mime)], media.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Meta {
    /// Stores a small file and gives its public address.
    pub(super) fn public_media(&self, mime: &str, name: &str) -> String {
        let id = format!("{}-{name}", self.shared.dice.digits(12));
        let bytes = Bytes::from(format!("sample of {mime} {id}"));
        self.state(|state| state.media.insert(id.clone(), Media { mime: mime.to_owned(), bytes }));
        format!("{}/_media/{id}", self.shared.base_url())
    }
}
