//! Our own metadata, for the identity provider to read.

use crate::names::{METADATA, NAME_ID_EMAIL, NAME_ID_UNSPECIFIED, POST, PROTOCOL};
use crate::xml::push_attribute;

/// What we say of ourselves.
#[derive(Clone, Copy, Debug)]
pub struct ServiceProvider<'a> {
    pub entity_id: &'a str,
    /// Where responses are to be posted.
    pub acs: &'a str,
}

impl ServiceProvider<'_> {
    /// The document.
    pub fn metadata(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor");
        push_attribute(&mut out, "xmlns:md", METADATA);
        push_attribute(&mut out, "entityID", self.entity_id);
        out.push_str(">\n  <md:SPSSODescriptor");
        push_attribute(&mut out, "AuthnRequestsSigned", "false");
        push_attribute(&mut out, "WantAssertionsSigned", "true");
        push_attribute(&mut out, "protocolSupportEnumeration", PROTOCOL);
        out.push_str(">\n");
        for format in [NAME_ID_EMAIL, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", NAME_ID_UNSPECIFIED] {
            out.push_str(&format!("    <md:NameIDFormat>{format}</md:NameIDFormat>\n"));
        }
        out.push_str("    <md:AssertionConsumerService");
        push_attribute(&mut out, "Binding", POST);
        push_attribute(&mut out, "Location", self.acs);
        out.push_str(" index=\"0\" isDefault=\"true\"/>\n  </md:SPSSODescriptor>\n</md:EntityDescriptor>\n");
        out
    }
}
