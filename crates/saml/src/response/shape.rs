//! What may stand where in a response. Signature wrapping needs a second assertion, a second response or a signature in
//! an odd place; none of them gets past here, and verification would not be fooled by them either.

use super::check_status;
use crate::names::{ASSERTION, PROTOCOL, SIGNATURE};
use crate::refusal::{Refusal, shown};
use crate::signature;
use crate::xml::Element;

/// Gives the one assertion, still unproven.
pub(super) fn check(document: &Element) -> Result<&Element, Refusal> {
    if !document.is(PROTOCOL, "Response") {
        return Err(Refusal::NotAResponse(shown(document.name())));
    }
    if document.has_instructions() {
        return Err(Refusal::Structure("it has a processing instruction"));
    }
    signature::check_ids(document).map_err(|error| Refusal::Signature { of: "response", error })?;
    check_version(document)?;
    let seen = Seen::count(document);
    if seen.encrypted {
        return Err(Refusal::Encrypted("the assertion"));
    }
    if seen.responses != 1 {
        return Err(Refusal::Structure("another response stands inside"));
    }
    check_children(document)?;
    check_status(document)?;
    if seen.assertions > 1 {
        return Err(Refusal::Structure("there is more than one assertion"));
    }
    let assertion = document.child(ASSERTION, "Assertion");
    let assertion = assertion.ok_or(Refusal::Structure("there is no assertion directly inside the response"))?;
    check_version(assertion)?;
    let own = |element: &Element| element.children(SIGNATURE, "Signature").count();
    let (outer, inner) = (own(document), own(assertion));
    if outer > 1 || inner > 1 {
        return Err(Refusal::Structure("an element has two signatures"));
    }
    if seen.signatures != outer + inner {
        return Err(Refusal::Structure("a signature stands where none may be"));
    }
    Ok(assertion)
}

fn check_version(element: &Element) -> Result<(), Refusal> {
    if element.attribute("Version") == Some("2.0") { Ok(()) } else { Err(Refusal::Structure("Version is not 2.0")) }
}

fn check_children(document: &Element) -> Result<(), Refusal> {
    for child in document.elements() {
        let known = child.is(ASSERTION, "Issuer")
            || child.is(ASSERTION, "Assertion")
            || child.is(SIGNATURE, "Signature")
            || child.is(PROTOCOL, "Status")
            || child.is(PROTOCOL, "Extensions");
        if !known {
            return Err(Refusal::Structure("it holds an element that does not belong there"));
        }
    }
    let once = |namespace, local| document.children(namespace, local).count() <= 1;
    if once(ASSERTION, "Issuer") && once(PROTOCOL, "Status") && once(PROTOCOL, "Extensions") {
        return Ok(());
    }
    Err(Refusal::Structure("an element stands twice that may stand once"))
}

/// How often what stands anywhere in the document.
#[derive(Default)]
struct Seen {
    responses: usize,
    assertions: usize,
    signatures: usize,
    encrypted: bool,
}

impl Seen {
    fn count(document: &Element) -> Self {
        let mut seen = Self::default();
        document.walk(&mut |element| {
            seen.responses += usize::from(element.is(PROTOCOL, "Response"));
            seen.assertions += usize::from(element.is(ASSERTION, "Assertion"));
            seen.signatures += usize::from(element.is(SIGNATURE, "Signature"));
            seen.encrypted |= element.is(ASSERTION, "EncryptedAssertion");
        });
        seen
    }
}
