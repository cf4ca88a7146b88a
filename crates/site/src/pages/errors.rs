//! What a visitor sees when a page cannot be shown, in the site's own frame: what happened, what was kept, where to go on.
//!
//! Nothing here asks the database: the site is known before the page is, and what else there is comes with the program or with the
//! answer.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use shell::{AppError, Detail};

use super::frame::SiteFrame;
use super::moved::Near;
use super::{show_page, theme};
use crate::core::Core;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "site/error.html")]
struct ErrorPage<'a> {
    frame: SiteFrame,
    status: u16,
    text: String,
    details: &'a [Detail],
    /// Pages that may be meant: their address and title.
    near: Vec<(String, String)>,
    request_id: &'a str,
}

/// Middleware: answers that failed are written as pages of the site.
pub(crate) async fn in_own_frame(State(core): State<Core>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    // The visit stays with the request: the handler does not look it up again.
    let visit = match Visit::from_request_parts(&mut parts, &core).await {
        Ok(visit) => visit,
        Err(error) => return error.into_response(),
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let mut response = framed(&visit, response);
    // Of a 304, too: the browser keeps the headers that came last. What has a policy of its own keeps it.
    let policy = response.headers_mut().entry(header::CONTENT_SECURITY_POLICY);
    policy.or_insert_with(|| theme::policy(&visit.site.look));
    response
}

/// The answer itself, or a page where it is an error.
fn framed(visit: &Visit, response: Response) -> Response {
    let Some(error) = shell::error_of(&response) else { return response };
    log(&error);
    let near = match (response.extensions().get::<Near>(), &*error) {
        (Some(near), _) => near.clone(),
        (None, AppError::NotFound(_)) => Near::brought(&visit.path),
        (None, _) => Near::default(),
    };
    match page(visit, &error, near) {
        Ok(html) => {
            let mut written = (error.status(), Html(html)).into_response();
            keep(response.headers(), written.headers_mut());
            written
        }
        // The outer frame says it in its own words.
        Err(broken) => broken.into_response(),
    }
}

fn page(visit: &Visit, error: &AppError, near: Near) -> Result<String, AppError> {
    let (title, text) = said(error);
    let frame = SiteFrame::new(visit, title, "This page cannot be shown.").private();
    show_page(&ErrorPage {
        frame,
        status: error.status().as_u16(),
        text,
        details: error.details(),
        near: near.0,
        request_id: &visit.request_id,
    })
}

/// The headline and the sentence of an error.
fn said(error: &AppError) -> (&'static str, String) {
    match error {
        AppError::NotFound(_) => {
            ("There is no such page", "The address may be mistyped, or the page was moved or taken down.".to_owned())
        }
        AppError::TooMany { .. } => (
            "Too many requests",
            "We limit how often this can be done from one address. Wait a little and do it again; nothing was lost.".to_owned(),
        ),
        AppError::Unavailable { .. } => {
            ("Not available for a moment", format!("{} Try again in a few seconds.", sentence(&error.to_string())))
        }
        AppError::Internal(_) => (
            "Something went wrong on our side",
            "It was noted. Go back and try again: what you typed is still in your browser. If it stays, quote the number below."
                .to_owned(),
        ),
        AppError::MethodNotAllowed => {
            ("That did not work", "This page is only for reading. Open it again from a link.".to_owned())
        }
        other => ("That did not work", sentence(&other.to_string())),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// Our faults, once: the outer frame sees a finished page.
fn log(error: &AppError) {
    let cause = match error {
        AppError::Internal(cause) => Some(cause),
        AppError::Unavailable { source, .. } => source.as_ref(),
        _ => None,
    };
    if let Some(cause) = cause {
        tracing::error!(error.code = error.code(), error.cause = format!("{cause:#}"), "a page of a site failed");
    }
}

/// What is about the answer stays; what is about its old body goes.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let about_body = matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING);
        if !about_body {
            to.append(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_error_says_what_happened_and_what_to_do() {
        let (title, text) = said(&AppError::unavailable("the database does not answer"));
        assert_eq!(title, "Not available for a moment");
        assert_eq!(text, "The database does not answer. Try again in a few seconds.");
        let secret = anyhow::anyhow!("password of the database");
        assert!(!said(&AppError::internal(secret)).1.contains("password"));
        assert!(said(&AppError::too_many(Duration::from_secs(1))).1.contains("nothing was lost"));
    }

    #[test]
    fn headers_of_the_answer_stay_and_those_of_the_body_go() {
        let response = AppError::too_many(Duration::from_secs(30)).into_response();
        let mut written = Html("page").into_response();
        keep(response.headers(), written.headers_mut());
        assert_eq!(written.headers()[header::RETRY_AFTER], "30");
        assert_eq!(written.headers().get_all(header::CONTENT_TYPE).iter().count(), 1);
    }
}
