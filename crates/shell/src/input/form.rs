//! `Form<T>`: the body of a page's form. The CSRF field was checked before and is dropped here.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::json::read;
use super::query::pairs;
use crate::AppError;
use crate::auth::csrf;

/// A form body (`application/x-www-form-urlencoded`). A checkbox group or a multiple select reads into a `Vec`.
#[derive(Clone, Debug, Default)]
pub struct Form<T>(pub T);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let bytes = read(request, state).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| AppError::bad_request("the form is not valid UTF-8"))?;
        let own: Vec<&str> = text.split('&').filter(|pair| !is_ours(pair)).collect();
        pairs(&own.join("&")).map(Self)
    }
}

fn is_ours(pair: &str) -> bool {
    pair.is_empty() || pair.split('=').next() == Some(csrf::FIELD)
}
