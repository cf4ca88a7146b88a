//! Why a response signs nobody in. The text is for the administrator: on the page that tests a connection and in the audit
//! log. The person who wanted in reads one plain sentence, written elsewhere.

use chrono::{DateTime, Utc};

use crate::signature::SignatureError;
use crate::time;
use crate::xml::XmlError;

/// What is wrong with a response. Values that came with the message are cut to a readable length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The form field is not base64.
    #[error("SAMLResponse is not base64")]
    NotBase64,
    /// Not XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another message than a response.
    #[error("the message is {0}, not a SAML 2.0 Response")]
    NotAResponse(String),
    /// Something where nothing or something else has to be.
    #[error("the response is not built as SAML requires: {0}")]
    Structure(&'static str),
    /// `EncryptedAssertion`, `EncryptedID`, `EncryptedAttribute`.
    #[error(
        "{0} is encrypted; turn assertion encryption off at the identity provider (the connection itself is encrypted)"
    )]
    Encrypted(&'static str),
    /// The identity provider itself says no.
    #[error("the identity provider refused the sign-in: {code}{}", said(.message.as_deref()))]
    Status {
        /// The last part of the most exact status code, such as `AuthnFailed`.
        code: String,
        message: Option<String>,
    },
    /// Neither the response nor the assertion is signed.
    #[error("neither the response nor the assertion is signed")]
    NotSigned,
    /// A signature that proves nothing.
    #[error("signature of the {of}: {error}")]
    Signature { of: &'static str, error: SignatureError },
    /// `Destination` of another address.
    #[error("the response is for the destination {found}; expected {expected}")]
    Destination { found: String, expected: String },
    /// `InResponseTo` of another request.
    #[error("the response answers another request than the one this browser started (InResponseTo of the {0})")]
    OtherRequest(&'static str),
    /// An unsolicited response to a request that was expected, or the other way round.
    #[error("the response says it answers a request, but none is outstanding (InResponseTo of the {0})")]
    NoRequest(&'static str),
    /// Another identity provider.
    #[error("the issuer is {found}; the connection is for {expected}")]
    Issuer { found: String, expected: String },
    /// Meant for another service provider.
    #[error("the assertion is for the audience {found}; expected {expected}")]
    Audience { found: String, expected: String },
    /// Meant to be delivered elsewhere.
    #[error("the assertion is to be delivered to {found}; expected {expected}")]
    Recipient { found: String, expected: String },
    /// Too late.
    #[error("{what} ended at {}; check both clocks", time::write(*.at))]
    Expired { what: &'static str, at: DateTime<Utc> },
    /// Too early.
    #[error("{what} begins at {}; check both clocks", time::write(*.at))]
    NotYet { what: &'static str, at: DateTime<Utc> },
    /// No time, or one without a zone.
    #[error("{0} is not a time")]
    NotATime(&'static str),
    /// The subject changes with every sign-in.
    #[error(
        "the identity provider sends a transient NameID, which is another one every time; configure a persistent one or the email address"
    )]
    Transient,
}

fn said(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(" (\u{201c}{message}\u{201d})"))
}

/// A value of the message, short enough for a page and a log.
pub(crate) fn shown(text: &str) -> String {
    if text.is_empty() {
        return "(none)".to_owned();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
