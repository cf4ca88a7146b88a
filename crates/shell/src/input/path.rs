//! `Path<T>`: ids in the address. One that does not read names nothing, so it is 404.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::nul;
use crate::AppError;

/// The parameters of the path.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        if nul::in_url(parts.uri.path()) {
            return Err(AppError::not_found("page"));
        }
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_server_error() => {
                Err(AppError::internal(anyhow::anyhow!("path parameters do not fit the route: {rejection}")))
            }
            Err(_) => Err(AppError::not_found("object: the id does not read")),
        }
    }
}
