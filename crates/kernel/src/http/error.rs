//! Failures of a call, told apart by the only question that matters to the caller: may the effect have happened?

use std::error::Error;

use chrono::{DateTime, Utc};

use super::Service;
use super::guard::Forbidden;

/// Why there is no answer. Whoever sends something for a customer must treat the two variants differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing reached the other side: there is no effect, and the call may be repeated.
    #[error("{service}: not sent: {why}")]
    NotSent { service: Service, why: NotSent },
    /// The request may have been carried out, and the answer did not come (whole). Never repeat it blindly.
    #[error("{service}: outcome unknown: {why}")]
    Unknown {
        service: Service,
        why: Lost,
        /// The status, when at least the head of the answer came.
        status: Option<u16>,
    },
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    #[error("the request is malformed: {0}")]
    Invalid(String),
    #[error("the host name cannot be resolved")]
    Dns,
    #[error("no connection: {0}")]
    Refused(String),
    #[error("the service is failing and left alone until {retry_at}")]
    BreakerOpen { retry_at: DateTime<Utc> },
    #[error("{0}")]
    Forbidden(Forbidden),
}

/// How the answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("no answer in time")]
    Timeout,
    #[error("the connection broke: {0}")]
    Closed(String),
    #[error("the answer broke off: {0}")]
    BodyCut(String),
    #[error("the answer is longer than {limit} bytes")]
    BodyTooLarge { limit: usize },
}

impl HttpError {
    /// True when the effect of the request may have happened.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// A short stable word for metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotSent { why, .. } => match why {
                NotSent::Invalid(_) => "invalid",
                NotSent::Dns => "dns",
                NotSent::Refused(_) => "refused",
                NotSent::BreakerOpen { .. } => "breaker_open",
                NotSent::Forbidden(_) => "forbidden",
            },
            Self::Unknown { why, .. } => match why {
                Lost::Timeout => "timeout",
                Lost::Closed(_) => "closed",
                Lost::BodyCut(_) => "body_cut",
                Lost::BodyTooLarge { .. } => "body_too_large",
            },
        }
    }

    /// True when the service is at fault, so that its breaker counts it.
    pub(super) fn counts_against_service(&self) -> bool {
        match self {
            Self::NotSent { why, .. } => matches!(why, NotSent::Dns | NotSent::Refused(_)),
            Self::Unknown { why, .. } => !matches!(why, Lost::BodyTooLarge { .. }),
        }
    }

    /// True when another attempt could fare better.
    pub(super) fn is_passing(&self) -> bool {
        self.counts_against_service()
    }

    pub(super) fn from_head(service: &Service, error: reqwest::Error) -> Self {
        let service = service.clone();
        if let Some(forbidden) = cause::<Forbidden>(&error) {
            return Self::NotSent { service, why: NotSent::Forbidden(forbidden.clone()) };
        }
        let why = if error.is_builder() {
            NotSent::Invalid(text(error))
        } else if error.is_dns() {
            NotSent::Dns
        } else if error.is_connect() {
            NotSent::Refused(text(error))
        } else {
            let why = if error.is_timeout() { Lost::Timeout } else { Lost::Closed(text(error)) };
            return Self::Unknown { service, why, status: None };
        };
        Self::NotSent { service, why }
    }

    pub(super) fn from_body(service: &Service, status: u16, error: reqwest::Error) -> Self {
        let why = if error.is_timeout() { Lost::Timeout } else { Lost::BodyCut(text(error)) };
        Self::Unknown { service: service.clone(), why, status: Some(status) }
    }
}

/// The innermost reason, without the URL: a URL may carry a token.
fn text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut deepest: &dyn Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(found) = source.downcast_ref::<E>() {
            return Some(found);
        }
        next = source.source();
    }
    None
}
