//! `/settings/sso`: connections, domains and the switch; a page for each connection.

pub(crate) mod connection;
pub(crate) mod domains;
mod guide;
pub(crate) mod overview;
pub(crate) mod saml;

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::{AppError, Toast};

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// After something was done: the page again, with a short message.
fn done(text: impl Into<String>, href: &str) -> Response {
    (Toast::done(text).on_next_page(), Redirect::to(href)).into_response()
}

/// What a person reads of an error that is theirs to mend; others go on to the error page.
fn mendable(error: AppError) -> Result<String, AppError> {
    match error.status().as_u16() {
        409 | 422 => {
            let details: Vec<String> =
                error.details().iter().map(|one| format!("{} {}", one.field.replace('_', " "), one.reason)).collect();
            let text = if details.is_empty() { error.to_string() } else { details.join("; ") };
            let mut letters = text.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            Ok(format!("{first}{}.", letters.as_str().trim_end_matches('.')))
        }
        _ => Err(error),
    }
}
