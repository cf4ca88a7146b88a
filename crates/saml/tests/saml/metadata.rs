//! Metadata of identity providers as they write it, and our own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::xml::{XmlError, parse};
use saml::{BadCertificate, IdentityProvider, MetadataError, ServiceProvider};

use crate::support::{at, certificate, fixture};

fn entity(inside: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://idp.example/entity"><!-- made by hand -->{inside}</md:EntityDescriptor>"#
    )
}

fn idp(keys: &str) -> String {
    entity(&format!(
        r#"<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">{keys}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso?tenant=1&amp;x=2"/></md:IDPSSODescriptor>"#
    ))
}

fn key(usage: &str, name: &str) -> String {
    let base64 = STANDARD.encode(certificate(name).der());
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n  {}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        base64
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("ASCII"))
            .collect::<Vec<_>>()
            .join("\n")
    )
}

fn read(document: &str) -> Result<IdentityProvider, MetadataError> {
    IdentityProvider::read(document.as_bytes(), at("2026-03-01T12:00:00Z"), false)
}

#[test]
fn an_identity_provider_is_read_with_all_its_signing_keys() {
    let keys =
        [key(" use=\"signing\"", "idp"), key(" use=\"encryption\"", "p384"), key("", "p256"), key("", "idp")].concat();
    let found = read(&idp(&keys)).expect("metadata");
    assert_eq!(found.entity_id, "https://idp.example/entity");
    assert_eq!(found.sso_url, "https://idp.example/sso?tenant=1&x=2");
    assert_eq!(found.certificates, [certificate("idp"), certificate("p256")]);
    assert!(!found.wants_signed_requests);
    let insists = idp(&keys).replace("WantAuthnRequestsSigned=\"false\"", "WantAuthnRequestsSigned=\"true\"");
    assert!(read(&insists).expect("metadata").wants_signed_requests);
}

#[test]
fn a_list_with_one_identity_provider_will_do() {
    let one = idp(&key("", "idp"));
    let one = one.trim_start_matches(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    let list = |inside: &str| {
        format!(
            r#"<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{inside}</md:EntitiesDescriptor>"#
        )
    };
    let sp = "<md:EntityDescriptor entityID=\"urn:sp\"><md:SPSSODescriptor/></md:EntityDescriptor>";
    assert!(read(&list(&format!("{sp}{one}"))).is_ok());
    assert_eq!(read(&list(&format!("{one}{one}"))), Err(MetadataError::NotOne(2)));
    assert_eq!(read(&list(sp)), Err(MetadataError::NotOne(0)));
}

#[test]
fn what_is_missing_is_said() {
    let good = idp(&key("", "idp"));
    assert_eq!(read(&idp("")), Err(MetadataError::NoCertificate));
    assert_eq!(read(&entity("<md:SPSSODescriptor/>")), Err(MetadataError::NotOne(0)));
    assert_eq!(read(&good.replace("HTTP-Redirect", "SOAP")), Err(MetadataError::NoSso));
    assert_eq!(read(&good.replace("entityID=\"https://idp.example/entity\"", "")), Err(MetadataError::NoEntityId));
    assert_eq!(read("<html/>"), Err(MetadataError::NotMetadata("html".to_owned())));
    let old = good.replace("entityID", "validUntil=\"2026-02-01T00:00:00Z\" entityID");
    assert!(read(&old).expect_err("old").to_string().contains("valid until 2026-02-01T00:00:00Z"));
    assert!(read(&good.replace("entityID", "validUntil=\"2027-02-01T00:00:00Z\" entityID")).is_ok());
    let weak: String = fixture("test-only-rsa1024.cert.pem").lines().filter(|line| !line.starts_with("--")).collect();
    let weak = good.replace(
        &key("", "idp"),
        &key("", "idp")
            .replace("X509Certificate>\n", &format!("X509Certificate>{weak}</ds:X509Certificate><ds:X509Certificate>")),
    );
    assert_eq!(read(&weak), Err(MetadataError::Certificate(BadCertificate::KeySize(1024))));
    assert_eq!(read("<!DOCTYPE x><a/>"), Err(MetadataError::Xml(XmlError::DocumentType)));
}

#[test]
fn only_https_unless_the_operator_allows_plain_http() {
    let inside = idp(&key("", "idp")).replace("https://idp.example/sso", "http://localhost:1/sso");
    assert_eq!(read(&inside), Err(MetadataError::NoSso));
    let plain = IdentityProvider::read(inside.as_bytes(), at("2026-03-01T12:00:00Z"), true);
    assert_eq!(plain.expect("plain").sso_url, "http://localhost:1/sso?tenant=1&x=2");
    let script = idp(&key("", "idp")).replace("https://idp.example/sso", "javascript:alert(1)//");
    assert_eq!(IdentityProvider::read(script.as_bytes(), at("2026-03-01T12:00:00Z"), true), Err(MetadataError::NoSso));
}

#[test]
fn our_own_metadata_is_xml_whatever_the_addresses_hold() {
    let ours =
        ServiceProvider { entity_id: "https://recoup.example/a?b=\"<&>\"", acs: "https://recoup.example/acs?x&y" };
    let root = parse(ours.metadata().as_bytes(), 10_000).expect("our metadata is XML");
    assert_eq!(root.attribute("entityID"), Some(ours.entity_id));
    let role = root.elements().next().expect("a role");
    assert_eq!(role.attribute("WantAssertionsSigned"), Some("true"));
    let acs = role.elements().find(|element| element.name() == "AssertionConsumerService").expect("an address");
    assert_eq!(acs.attribute("Location"), Some(ours.acs));
    assert_eq!(acs.attribute("Binding"), Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"));
}
