//! What goes in and out: `application/scim+json`, and JSON under any other name.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use shell::AppError;

use super::ScimError;
use super::projection::Projection;
use super::schema::Type;

/// What a handler gives.
pub(crate) type Answer = Result<Response, ScimError>;

/// A resource with its headers.
pub(crate) fn resource(status: StatusCode, resource: &Value) -> Response {
    let mut response = body(status, resource);
    for (name, pointer) in [(header::ETAG, "/meta/version"), (header::LOCATION, "/meta/location")] {
        let text = resource.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(text)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A resource with its headers, cut to what was asked for.
pub(crate) fn cut(status: StatusCode, whole: Value, projection: &Projection, kind: &'static Type) -> Response {
    let mut response = resource(status, &whole);
    if projection.is_asked() {
        *response.body_mut() = projection.cut(whole, kind).to_string().into();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// JSON under its SCIM name.
pub(crate) fn body(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// Nothing changed since the caller read it.
pub(crate) fn not_modified(version: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Ok(value) = HeaderValue::from_str(version) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// A list, or a page of one.
pub(crate) fn list(total: i64, skip: usize, resources: &[Value]) -> Response {
    let answer = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": skip.saturating_add(1),
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    body(StatusCode::OK, &answer)
}

/// The object in the body of a request.
pub(crate) struct Object(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = ScimError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ScimError> {
        if !is_json(request.headers()) {
            let wanted = "send JSON with `Content-Type: application/scim+json`";
            return Err(AppError::UnsupportedMedia(wanted.into()).into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                ScimError::from(AppError::TooLarge)
            } else {
                ScimError::bad("invalidSyntax", "the body ended before it was complete")
            }
        })?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ScimError::bad("invalidSyntax", "the body is an object")),
            Err(error) => Err(ScimError::bad("invalidSyntax", format!("the body is not JSON: {error}"))),
        }
    }
}

/// A body without a type is read as JSON, since nothing else is spoken here.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/scim+json" | "application/json" | "text/json")
}
