//! Reads a proven assertion: who, for whom, for how long, by which request.

use chrono::{DateTime, Utc};

use super::{Attribute, Expected, NameId, SignIn, Signed, check_issuer, check_request};
use crate::names::{ASSERTION, BEARER, NAME_ID_TRANSIENT, NAME_ID_UNSPECIFIED};
use crate::refusal::{Refusal, shown};
use crate::time::{self, SKEW};
use crate::xml::Element;

/// Longer than any specification allows for an identifier of a person.
const MAX_NAME_ID: usize = 512;

pub(super) fn read(assertion: &Element, signed: Signed, expected: &Expected<'_>) -> Result<SignIn, Refusal> {
    let id = assertion.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(Refusal::Structure("the assertion has no ID"))?;
    check_issuer(one(assertion, "Issuer", "the assertion needs one issuer")?, expected)?;
    let issued = required_time(assertion, "IssueInstant")?;
    if issued > expected.now + SKEW {
        return Err(Refusal::NotYet { what: "the assertion", at: issued });
    }
    let subject = one(assertion, "Subject", "the assertion needs one subject")?;
    let name_id = read_name_id(subject)?;
    let confirmed_until = confirm(subject, expected)?;
    let conditions_until = check_conditions(assertion, expected)?;
    let statement = one(assertion, "AuthnStatement", "the assertion needs one authentication statement")?;
    required_time(statement, "AuthnInstant")?;
    let session_until = optional_time(statement, "SessionNotOnOrAfter")?;
    if let Some(at) = session_until.filter(|at| *at + SKEW <= expected.now) {
        return Err(Refusal::Expired { what: "the session at the identity provider", at });
    }
    Ok(SignIn {
        assertion_id: id.to_owned(),
        usable_until: conditions_until.map_or(confirmed_until, |until| until.min(confirmed_until)) + SKEW,
        name_id,
        session_index: statement.attribute("SessionIndex").map(str::to_owned),
        session_until,
        attributes: read_attributes(assertion)?,
        signed,
    })
}

fn one<'a>(parent: &'a Element, local: &'a str, or: &'static str) -> Result<&'a Element, Refusal> {
    let mut found = parent.children(ASSERTION, local);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Refusal::Structure(or)),
    }
}

fn optional_time(element: &Element, name: &'static str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let text = element.attribute(name);
    text.map(|text| time::read(text).ok_or(Refusal::NotATime(name))).transpose()
}

fn required_time(element: &Element, name: &'static str) -> Result<DateTime<Utc>, Refusal> {
    optional_time(element, name)?.ok_or(Refusal::NotATime(name))
}

fn read_name_id(subject: &Element) -> Result<NameId, Refusal> {
    if subject.child(ASSERTION, "EncryptedID").is_some() {
        return Err(Refusal::Encrypted("the NameID"));
    }
    let name_id = one(subject, "NameID", "the subject needs one NameID")?;
    if name_id.elements().next().is_some() {
        return Err(Refusal::Structure("the NameID holds an element"));
    }
    let value = name_id.text();
    if value.is_empty() || value.len() > MAX_NAME_ID || value.contains(char::is_control) {
        return Err(Refusal::Structure("the NameID is empty, longer than 512 bytes or not plain text"));
    }
    let format = name_id.attribute("Format").unwrap_or(NAME_ID_UNSPECIFIED).to_owned();
    if format == NAME_ID_TRANSIENT {
        return Err(Refusal::Transient);
    }
    Ok(NameId { value, format })
}

/// One bearer confirmation has to fit whole; gives the time until which it does.
fn confirm(subject: &Element, expected: &Expected<'_>) -> Result<DateTime<Utc>, Refusal> {
    let mut last = Refusal::Structure("the subject has no bearer confirmation");
    for confirmation in subject.children(ASSERTION, "SubjectConfirmation") {
        if confirmation.attribute("Method") == Some(BEARER) {
            match confirm_bearer(confirmation, expected) {
                Ok(until) => return Ok(until),
                Err(refusal) => last = refusal,
            }
        }
    }
    Err(last)
}

fn confirm_bearer(confirmation: &Element, expected: &Expected<'_>) -> Result<DateTime<Utc>, Refusal> {
    let data = one(confirmation, "SubjectConfirmationData", "the bearer confirmation needs its data")?;
    let recipient = data.attribute("Recipient").unwrap_or_default();
    if recipient != expected.acs {
        return Err(Refusal::Recipient { found: shown(recipient), expected: expected.acs.to_owned() });
    }
    if data.attribute("NotBefore").is_some() {
        return Err(Refusal::Structure("a bearer confirmation may not have NotBefore"));
    }
    let until = required_time(data, "NotOnOrAfter")?;
    if until + SKEW <= expected.now {
        return Err(Refusal::Expired { what: "the subject confirmation", at: until });
    }
    check_request(data.attribute("InResponseTo"), "assertion", expected)?;
    Ok(until)
}

fn check_conditions(assertion: &Element, expected: &Expected<'_>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let conditions = one(assertion, "Conditions", "the assertion needs one set of conditions")?;
    if let Some(at) = optional_time(conditions, "NotBefore")?.filter(|at| *at > expected.now + SKEW) {
        return Err(Refusal::NotYet { what: "the assertion", at });
    }
    let until = optional_time(conditions, "NotOnOrAfter")?;
    if let Some(at) = until.filter(|at| *at + SKEW <= expected.now) {
        return Err(Refusal::Expired { what: "the assertion", at });
    }
    let mut restricted = false;
    for condition in conditions.elements() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            restricted = true;
            check_audience(condition, expected)?;
        } else if !condition.is(ASSERTION, "OneTimeUse") && !condition.is(ASSERTION, "ProxyRestriction") {
            // A condition that is not understood is not fulfilled (saml-core §2.5.1.1).
            return Err(Refusal::Structure("the assertion has a condition that is not known"));
        }
    }
    if restricted { Ok(until) } else { Err(Refusal::Structure("the assertion is not restricted to an audience")) }
}

fn check_audience(restriction: &Element, expected: &Expected<'_>) -> Result<(), Refusal> {
    let named: Vec<String> = restriction.children(ASSERTION, "Audience").map(Element::text).collect();
    if named.iter().any(|audience| audience == expected.audience) {
        return Ok(());
    }
    Err(Refusal::Audience { found: shown(&named.join(", ")), expected: expected.audience.to_owned() })
}

fn read_attributes(assertion: &Element) -> Result<Vec<Attribute>, Refusal> {
    let mut attributes = Vec::new();
    for statement in assertion.children(ASSERTION, "AttributeStatement") {
        if statement.child(ASSERTION, "EncryptedAttribute").is_some() {
            return Err(Refusal::Encrypted("an attribute"));
        }
        for attribute in statement.children(ASSERTION, "Attribute") {
            let Some(name) = attribute.attribute("Name") else { continue };
            attributes.push(Attribute {
                name: name.to_owned(),
                friendly_name: attribute.attribute("FriendlyName").map(str::to_owned),
                values: attribute.children(ASSERTION, "AttributeValue").map(Element::text).collect(),
            });
        }
    }
    Ok(attributes)
}
