//! Media: upload, the short-lived address, the download that needs the same token.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::meta::{Call, GraphError, Holder, Media, Meta};
use crate::sign;

const LARGEST: usize = 100 << 20;

/// `POST /{phone_number_id}/media`, multipart.
pub(crate) async fn upload(State(meta): State<Arc<Meta>>, request: Request) -> Result<Json<Value>, GraphError> {
    let (parts, body) = request.into_parts();
    let call = Call::from_request(Request::from_parts(parts.clone(), Body::empty()), &meta).await?;
    if !meta.state(|state| state.numbers.contains_key(&call.id)) {
        return Err(GraphError::no_object(&call.id));
    }
    let unreadable = |_| GraphError::parameter("The body is not multipart/form-data");
    let mut form = Multipart::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|_| GraphError::parameter("The body is not multipart/form-data"))?;
    let (mut product, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("messaging_product") => product = field.text().await.ok(),
            Some("file") => {
                let mime = field.content_type().unwrap_or("application/octet-stream").to_owned();
                let bytes: Bytes = field.bytes().await.map_err(unreadable)?;
                file = Some(Media { mime, bytes });
            }
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let media = file.ok_or_else(|| GraphError::whatsapp(131_008))?;
    let most = match media.mime.split('/').next() {
        Some("image") => 5 << 20,
        Some("audio" | "video") => 16 << 20,
        _ => LARGEST,
    };
    if media.bytes.len() > most {
        return Err(GraphError::whatsapp(131_053));
    }
    let id = meta.shared_dice().digits(15);
    meta.state(|state| state.media.insert(id.clone(), media));
    Ok(Json(json!({ "id": id })))
}

/// `GET /{media_id}`: the description with its address; nothing when the id is not media.
pub(crate) fn describe(meta: &Meta, call: &Call) -> Result<Option<Value>, GraphError> {
    let Some(media) = meta.state(|state| state.media.get(&call.id).cloned()) else { return Ok(None) };
    if !matches!(call.holder, Holder::Business(_) | Holder::User(_)) {
        return Err(GraphError::no_object(&call.id));
    }
    Ok(Some(json!({
        "messaging_product": "whatsapp", "id": call.id, "mime_type": media.mime, "sha256": sign::sha256_hex(&media.bytes),
        "file_size": media.bytes.len().to_string(), "url": format!("{}/_lookaside/{}", meta.base_url(), call.id),
    })))
}

/// The file itself, only with a good token.
pub(crate) async fn download(State(meta): State<Arc<Meta>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let now = meta.now_ms();
    let media = meta.state(|state| match state.holder_of(&token, now) {
        Some(Holder::Business(_) | Holder::User(_)) => Ok(state.media.get(&id).cloned()),
        _ => Err(StatusCode::UNAUTHORIZED),
    });
    match media {
        Ok(Some(media)) => ([(CONTENT_TYPE, media.mime)], media.bytes).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(status) => status.into_response(),
    }
}
