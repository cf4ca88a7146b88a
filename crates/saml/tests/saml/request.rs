//! The request in the address.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use saml::AuthnRequest;
use saml::xml::parse;

use crate::support::at;

fn request(destination: &str) -> AuthnRequest<'_> {
    AuthnRequest {
        id: "_00112233445566778899aabbccddeeff",
        issued: at("2026-03-01T12:00:00.987Z"),
        issuer: "https://recoup.example/m?a&b",
        acs: "https://recoup.example/acs",
        destination,
        name_id_format: None,
    }
}

/// Undoes what a browser and an identity provider undo.
fn unpacked(url: &str) -> String {
    let (_, rest) = url.split_once("SAMLRequest=").expect("a request");
    let encoded = rest.split('&').next().expect("a value").replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    assert!(!encoded.contains('%'));
    let mut text = String::new();
    let packed = STANDARD.decode(encoded).expect("base64");
    DeflateDecoder::new(&*packed).read_to_string(&mut text).expect("raw deflate");
    text
}

#[test]
fn the_request_says_who_asks_and_where_to_answer() {
    let url = request("https://idp.example/sso").redirect("state-1 & more");
    assert!(url.starts_with("https://idp.example/sso?SAMLRequest="), "{url}");
    assert!(url.ends_with("&RelayState=state-1%20%26%20more"), "{url}");
    let root = parse(unpacked(&url).as_bytes(), 10_000).expect("XML");
    assert_eq!(root.name(), "AuthnRequest");
    assert_eq!(root.attribute("ID"), Some("_00112233445566778899aabbccddeeff"));
    assert_eq!(root.attribute("IssueInstant"), Some("2026-03-01T12:00:00Z"));
    assert_eq!(root.attribute("Destination"), Some("https://idp.example/sso"));
    assert_eq!(root.attribute("AssertionConsumerServiceURL"), Some("https://recoup.example/acs"));
    assert_eq!(root.elements().next().expect("an issuer").text(), "https://recoup.example/m?a&b");
    let policy = root.elements().nth(1).expect("a policy");
    assert_eq!((policy.attribute("AllowCreate"), policy.attribute("Format")), (Some("true"), None));
    let chosen = AuthnRequest { name_id_format: Some(saml::NAME_ID_EMAIL), ..request("https://idp.example/sso") };
    assert!(chosen.xml().contains("Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\""));
}

#[test]
fn an_address_with_a_query_keeps_it() {
    let starts = |destination: &str, with: &str| assert!(request(destination).redirect("r").starts_with(with));
    starts("https://idp.example/sso?idpid=C01", "https://idp.example/sso?idpid=C01&SAMLRequest=");
    starts("https://idp.example/sso?", "https://idp.example/sso?SAMLRequest=");
    starts("https://idp.example/sso?a=b&", "https://idp.example/sso?a=b&SAMLRequest=");
}

#[test]
fn ids_are_names_of_xml() {
    assert_eq!(AuthnRequest::id([0x12; 16]), format!("_{}", "12".repeat(16)));
}
