//! Reads a response and says who signed in, or exactly why nobody did.
//!
//! Order matters: the shape of the document first (one assertion, signatures only where they belong), then the signatures,
//! then everything else, from what was signed.

mod assertion;
mod shape;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use crate::certificate::Certificate;
use crate::names::{ASSERTION, PROTOCOL, SIGNATURE, SUCCESS};
use crate::refusal::{Refusal, shown};
use crate::signature;
use crate::xml::{self, Element};

/// The largest response that is read, in bytes of XML.
pub const MAX_RESPONSE: usize = 512 * 1024;

/// What a response has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The entity id of the identity provider.
    pub idp: &'a str,
    /// The pinned certificates: several while the identity provider rolls over.
    pub certificates: &'a [Certificate],
    /// Our entity id.
    pub audience: &'a str,
    /// The address at which the response arrived, as we publish it.
    pub acs: &'a str,
    /// The id of the request that this browser started. `None` accepts unsolicited responses, and only those.
    pub request: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// A proven sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// To be remembered until [`SignIn::usable_until`], and refused when it comes again.
    pub assertion_id: String,
    /// From when on a copy of the assertion is refused for its age.
    pub usable_until: DateTime<Utc>,
    pub name_id: NameId,
    /// The identity provider's name for the session there.
    pub session_index: Option<String>,
    /// When the identity provider wants our session to end.
    pub session_until: Option<DateTime<Utc>>,
    pub attributes: Vec<Attribute>,
    /// What was signed.
    pub signed: Signed,
}

/// The subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    pub value: String,
    /// A URN; [`crate::NAME_ID_EMAIL`] and others.
    pub format: String,
}

/// What is said about the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub friendly_name: Option<String>,
    pub values: Vec<String>,
}

/// Which element the signature covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The whole response, and with it the assertion.
    Response,
    /// The assertion alone.
    Assertion,
}

/// Reads the form field `SAMLResponse`.
pub fn read_response(field: &str, expected: &Expected<'_>) -> Result<SignIn, Refusal> {
    let compact: String = field.split_ascii_whitespace().collect();
    if compact.len() / 4 * 3 > MAX_RESPONSE + 3 {
        return Err(xml::XmlError::TooLarge(MAX_RESPONSE).into());
    }
    let bytes = STANDARD.decode(compact).map_err(|_| Refusal::NotBase64)?;
    let document = xml::parse(&bytes, MAX_RESPONSE)?;
    let raw = shape::check(&document)?;
    let response = verified(&document, "response", expected)?;
    let alone = verified(raw, "assertion", expected)?;
    check_response(response.as_ref().unwrap_or(&document), response.is_some(), expected)?;
    let (assertion, signed) = match (&response, &alone) {
        (Some(response), _) => {
            let inside = response.child(ASSERTION, "Assertion");
            (inside.ok_or(Refusal::Structure("the signed response has no assertion"))?, Signed::Response)
        }
        (None, Some(assertion)) => (assertion, Signed::Assertion),
        (None, None) => return Err(Refusal::NotSigned),
    };
    assertion::read(assertion, signed, expected)
}

/// What an element's own signature proves; nothing when it has none.
fn verified(element: &Element, of: &'static str, expected: &Expected<'_>) -> Result<Option<Element>, Refusal> {
    if element.child(SIGNATURE, "Signature").is_none() {
        return Ok(None);
    }
    let proven = signature::verify(element, expected.certificates);
    proven.map(Some).map_err(|error| Refusal::Signature { of, error })
}

/// What the envelope says. Unsigned it proves nothing, but a wrong one is refused all the same.
fn check_response(response: &Element, is_signed: bool, expected: &Expected<'_>) -> Result<(), Refusal> {
    match response.attribute("Destination") {
        Some(found) if found == expected.acs => {}
        // The bindings specification demands it of signed responses.
        None if !is_signed => {}
        found => {
            let found = shown(found.unwrap_or_default());
            return Err(Refusal::Destination { found, expected: expected.acs.to_owned() });
        }
    }
    check_request(response.attribute("InResponseTo"), "response", expected)?;
    if let Some(issuer) = response.child(ASSERTION, "Issuer") {
        check_issuer(issuer, expected)?;
    }
    Ok(())
}

fn check_issuer(issuer: &Element, expected: &Expected<'_>) -> Result<(), Refusal> {
    let found = issuer.text();
    if found == expected.idp {
        return Ok(());
    }
    Err(Refusal::Issuer { found: shown(&found), expected: expected.idp.to_owned() })
}

fn check_request(found: Option<&str>, of: &'static str, expected: &Expected<'_>) -> Result<(), Refusal> {
    match (found, expected.request) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(Refusal::NoRequest(of)),
        (Some(found), Some(request)) if found == request => Ok(()),
        (_, Some(_)) => Err(Refusal::OtherRequest(of)),
    }
}

/// The status; a refusal of the identity provider carries no assertion, so this comes before asking for one.
fn check_status(response: &Element) -> Result<(), Refusal> {
    let status = response.child(PROTOCOL, "Status").ok_or(Refusal::Structure("there is no status"))?;
    let code = status.child(PROTOCOL, "StatusCode").ok_or(Refusal::Structure("there is no status code"))?;
    let value = code.attribute("Value").unwrap_or_default();
    if value == SUCCESS {
        return Ok(());
    }
    let exact = code.child(PROTOCOL, "StatusCode").and_then(|inner| inner.attribute("Value")).unwrap_or(value);
    let code = shown(exact.rsplit(':').next().unwrap_or(exact));
    let message = status.child(PROTOCOL, "StatusMessage").map(|message| shown(&message.text()));
    Err(Refusal::Status { code, message })
}
