//! A file as a form sends it: `multipart/form-data` with `file` and, if wanted, `title`.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use shell::AppError;

/// An uploaded file.
pub(crate) struct Upload {
    pub title: String,
    pub name: String,
    pub bytes: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let mut parts = Multipart::from_request(request, state)
            .await
            .map_err(|refused| AppError::bad_request(refused.body_text()))?;
        let (mut title, mut file) = (String::new(), None);
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            let (field, name) =
                (part.name().unwrap_or_default().to_owned(), part.file_name().unwrap_or_default().to_owned());
            match field.as_str() {
                "title" => title = part.text().await.map_err(|error| broken(&error))?,
                "file" => file = Some((name, part.bytes().await.map_err(|error| broken(&error))?.to_vec())),
                // The page's own token, checked before.
                "_csrf" => {}
                _ => return Err(AppError::field(field, "is not a known field")),
            }
        }
        match file {
            Some((name, bytes)) if !name.is_empty() && !bytes.is_empty() => Ok(Self { title, name, bytes }),
            _ => Err(AppError::field("file", "is required")),
        }
    }
}

fn broken(error: &MultipartError) -> AppError {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        AppError::field("file", "is larger than 20 MB")
    } else {
        AppError::bad_request(error.body_text())
    }
}
