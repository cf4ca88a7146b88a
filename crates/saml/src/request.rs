//! The request that sends a person to the identity provider: HTTP-Redirect binding, unsigned.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::names::{ASSERTION, POST, PROTOCOL};
use crate::time;
use crate::xml::{escape_attribute, push_attribute};

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// Unguessable and used once; see [`AuthnRequest::id`].
    pub id: &'a str,
    pub issued: DateTime<Utc>,
    /// Our entity id.
    pub issuer: &'a str,
    /// Where the answer is to be posted.
    pub acs: &'a str,
    /// The identity provider's address for requests.
    pub destination: &'a str,
    /// The wanted format of the subject; none leaves it to the identity provider.
    pub name_id_format: Option<&'a str>,
}

impl AuthnRequest<'_> {
    /// An id from 128 random bits. It may not begin with a digit.
    pub fn id(random: [u8; 16]) -> String {
        format!("_{}", hex::encode(random))
    }

    /// The request as XML.
    pub fn xml(&self) -> String {
        let mut out = String::from("<samlp:AuthnRequest");
        push_attribute(&mut out, "xmlns:samlp", PROTOCOL);
        push_attribute(&mut out, "xmlns:saml", ASSERTION);
        push_attribute(&mut out, "ID", self.id);
        push_attribute(&mut out, "Version", "2.0");
        push_attribute(&mut out, "IssueInstant", &time::write(self.issued));
        push_attribute(&mut out, "Destination", self.destination);
        push_attribute(&mut out, "ProtocolBinding", POST);
        push_attribute(&mut out, "AssertionConsumerServiceURL", self.acs);
        out.push_str("><saml:Issuer>");
        escape_attribute(&mut out, self.issuer);
        out.push_str("</saml:Issuer><samlp:NameIDPolicy");
        if let Some(format) = self.name_id_format {
            push_attribute(&mut out, "Format", format);
        }
        out.push_str(" AllowCreate=\"true\"/></samlp:AuthnRequest>");
        out
    }

    /// The address to send the browser to. `relay_state` is an opaque key of ours, at most 80 bytes, never an address.
    pub fn redirect(&self, relay_state: &str) -> String {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        // Writing into memory does not fail; what would be lost is a request that the other side refuses.
        let packed = encoder.write_all(self.xml().as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        let separator = match self.destination {
            url if !url.contains('?') => "?",
            url if url.ends_with(['?', '&']) => "",
            _ => "&",
        };
        let (request, relay_state) = (percent(&STANDARD.encode(packed)), percent(relay_state));
        format!("{}{separator}SAMLRequest={request}&RelayState={relay_state}", self.destination)
    }
}

/// Percent encoding of everything but the unreserved characters.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
