//! The page of a sign-in that did not work: what happened and what to do.

use askama::Template;
use axum::response::{IntoResponse, Response};
use shell::{AppError, Frame, RequestInfo, show};

use crate::sign_in::page::problem;

#[derive(Template)]
#[template(path = "sso/refused.html")]
struct RefusedPage {
    frame: Frame,
    problem: String,
}

/// The page; what is our own fault stays an error.
pub(crate) fn page(info: &RequestInfo, error: &AppError) -> Result<Response, AppError> {
    let frame = Frame::signed_out(info, "Sign in");
    let problem = match error {
        AppError::Internal(_) => {
            "Something went wrong on our side. Try again; if it stays, tell whoever runs Recoup.".into()
        }
        other => problem(other),
    };
    if let AppError::Internal(cause) = error {
        tracing::error!(error = ?cause, "sso.failed");
    }
    Ok((error.status(), show(&RefusedPage { frame, problem })?).into_response())
}
