//! The file as it comes: `multipart/form-data` with `file`, or JSON with the text.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use serde::Deserialize;
use shell::{AppError, Json};
use utoipa::ToSchema;

/// A table of people. As a form: `multipart/form-data` with the fields `file` and `dry_run`.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ImportIn {
    /// The CSV text: a header that names the columns (email; name, role and team if wanted) and one row for each person.
    #[schema(example = "email,name,role\nsam@example.com,Sam Okafor,agent\n")]
    csv: String,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
}

/// What was sent, however it was sent.
pub(crate) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) dry_run: bool,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return form(request, state).await;
        }
        let Json(ImportIn { csv, dry_run }) = Json::<ImportIn>::from_request(request, state).await?;
        Ok(Self { bytes: csv.into_bytes(), dry_run })
    }
}

async fn form<S: Send + Sync>(request: Request, state: &S) -> Result<Sent, AppError> {
    let mut parts =
        Multipart::from_request(request, state).await.map_err(|refused| AppError::bad_request(refused.body_text()))?;
    let (mut file, mut pasted, mut dry_run) = (None, None, false);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        // What the file is called says nothing about people, and nothing is written under that name.
        match part.name().unwrap_or_default() {
            "file" => file = Some(part.bytes().await.map_err(|error| broken(&error))?.to_vec()),
            "csv" => pasted = Some(part.bytes().await.map_err(|error| broken(&error))?.to_vec()),
            "dry_run" => dry_run = flag(&part.text().await.map_err(|error| broken(&error))?)?,
            // The page's own token, checked before.
            "_csrf" => {}
            other => return Err(AppError::field(other, "is not a known field")),
        }
    }
    // A form sends a part for a file that was not chosen too.
    let bytes = [file, pasted].into_iter().flatten().find(|bytes| !bytes.trim_ascii().is_empty());
    bytes.map(|bytes| Sent { bytes, dry_run }).ok_or_else(|| AppError::field("file", "is required"))
}

fn flag(text: &str) -> Result<bool, AppError> {
    match text.trim() {
        "true" | "on" | "1" => Ok(true),
        "false" | "" | "0" => Ok(false),
        _ => Err(AppError::field("dry_run", "must be true or false")),
    }
}

fn broken(error: &MultipartError) -> AppError {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        AppError::TooLarge
    } else {
        AppError::bad_request(error.body_text())
    }
}
