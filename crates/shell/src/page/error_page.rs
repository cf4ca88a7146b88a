//! What a person sees when a page cannot be shown: what happened, what was kept, what to do.

use askama::Template;

use super::Frame;
use crate::AppError;
use crate::edge::RequestInfo;
use crate::error::Detail;

/// The error page, inside the rail when somebody is signed in.
#[derive(Template)]
#[template(path = "shell/error.html")]
struct Inside<'a> {
    frame: Frame,
    body: Body<'a>,
}

/// The same, without a rail.
#[derive(Template)]
#[template(path = "shell/error_outside.html")]
struct Outside<'a> {
    frame: Frame,
    body: Body<'a>,
}

struct Body<'a> {
    status: u16,
    title: &'static str,
    message: String,
    details: &'a [Detail],
    request_id: &'a str,
}

pub(crate) struct ErrorPage<'a> {
    frame: Frame,
    body: Body<'a>,
}

impl<'a> ErrorPage<'a> {
    pub(crate) fn new(frame: Frame, error: &'a AppError, info: &'a RequestInfo) -> Self {
        let body = Body {
            status: error.status().as_u16(),
            title: Self::title(error),
            message: sentence(error),
            details: error.details(),
            request_id: &info.id,
        };
        Self { frame, body }
    }

    pub(crate) fn write(self) -> Result<String, askama::Error> {
        let Self { frame, body } = self;
        if frame.person.is_some() { Inside { frame, body }.render() } else { Outside { frame, body }.render() }
    }

    /// The headline.
    pub(crate) fn title(error: &AppError) -> &'static str {
        match error {
            AppError::NotFound(_) => "There is nothing here",
            AppError::Forbidden(_) | AppError::Needs { .. } => "Not allowed",
            AppError::PaymentRequired(_) => "A limit of your plan was reached",
            AppError::TooMany { .. } => "Too many requests",
            AppError::Unavailable { .. } => "Not available for a moment",
            AppError::Internal(_) => "Something went wrong on our side",
            _ => "That did not work",
        }
    }
}

fn sentence(error: &AppError) -> String {
    match error {
        AppError::NotFound(_) => {
            "The address may be mistyped, or what was here belongs to another organisation or is gone.".into()
        }
        AppError::Internal(_) => {
            "Nothing you entered was lost on purpose. Try again; if it stays, quote the id below.".into()
        }
        other => {
            let text = other.to_string();
            let mut letters = text.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            format!("{first}{}.", letters.as_str().trim_end_matches('.'))
        }
    }
}
