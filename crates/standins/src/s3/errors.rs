//! Refusals as S3 words them: XML with a code, and the status that goes with the code.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use quick_xml::escape::escape;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    code: String,
    message: String,
    more: Vec<(&'static str, String)>,
}

impl Refused {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), more: Vec::new() }
    }

    /// What this imitation leaves out, in the words for what S3 leaves out.
    pub(super) fn not_implemented(what: &str) -> Self {
        let message = format!("A header or query you provided implies functionality that is not implemented: {what}");
        Self::new("NotImplemented", message)
    }

    /// One more element of the answer.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    fn worded(&self, status: u16) -> Response {
        let more: Vec<String> =
            self.more.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(value.as_str()))).collect();
        let (code, message, more) = (escape(self.code.as_str()), escape(self.message.as_str()), more.concat());
        xml(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.worded(status_of(&self.code))
    }
}

/// Errors of the fault plan: a code by its name, or what S3 says with a status.
pub(super) fn wording(status: u16, name: Option<&str>) -> Response {
    let (code, status) = match (name, status) {
        (Some(name), _) => (name, status_of(name)),
        (None, 403) => ("AccessDenied", status),
        (None, 503) => ("SlowDown", status),
        (None, _) => ("InternalError", status),
    };
    Refused::new(code, "this was asked for").worded(status)
}

/// A document as S3 sends it.
pub(super) fn xml(status: u16, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}

fn status_of(code: &str) -> u16 {
    match code {
        "PermanentRedirect" => 301,
        "AccessDenied" | "InvalidAccessKeyId" | "RequestTimeTooSkewed" | "SignatureDoesNotMatch" => 403,
        "NoSuchBucket" | "NoSuchKey" => 404,
        "OperationAborted" => 409,
        "PreconditionFailed" => 412,
        "InvalidRange" => 416,
        "InternalError" => 500,
        "NotImplemented" => 501,
        "ServiceUnavailable" | "SlowDown" => 503,
        _ => 400,
    }
}
