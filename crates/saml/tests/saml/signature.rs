//! Signatures: those of `xmlsec1` are accepted with every algorithm we take; every other algorithm, key and shape is not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use saml::signature::{SignatureError, check_ids, verify};
use saml::xml::parse;
use saml::{NAME_ID_EMAIL, Refusal, Signed};

use crate::support::{EXCLUSIVE, Message, Signer, certificate, find, fixture, read_by, refused};

fn sealed_by_xmlsec(name: &str) -> String {
    STANDARD.encode(fixture(&format!("xmlsec/{name}.xml")))
}

fn error_of(message: &Message) -> SignatureError {
    match message.read() {
        Err(Refusal::Signature { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_xmlsec_signs_is_accepted() {
    for (name, key, signed) in [
        ("rsa-sha256-assertion", "idp", Signed::Assertion),
        ("rsa-sha256-response", "idp", Signed::Response),
        ("rsa-sha384-assertion", "idp", Signed::Assertion),
        ("rsa-sha512-response-comments", "idp", Signed::Response),
        ("p256-sha256-assertion", "p256", Signed::Assertion),
        ("p256-sha384-assertion", "p256", Signed::Assertion),
        ("p384-sha384-assertion", "p384", Signed::Assertion),
        ("p384-sha256-response", "p384", Signed::Response),
    ] {
        let certificates = [certificate("other"), certificate(key)];
        let read = read_by(&sealed_by_xmlsec(name), |expected| expected.certificates = &certificates);
        let read = read.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!((read.signed, read.name_id.value.as_str()), (signed, "ada@customer.example"), "{name}");
        assert_eq!(read.name_id.format, NAME_ID_EMAIL);
        assert_eq!(read.attributes[0].values, ["Support & Sales", "Ünïcode"], "{name}");
        let others = [certificate("other")];
        let error = refused(read_by(&sealed_by_xmlsec(name), |expected| expected.certificates = &others));
        assert!(error.contains("none of the 1 pinned certificates has signed this"), "{name}: {error}");
    }
}

#[test]
fn sha1_and_hmac_are_refused_though_the_signatures_are_good() {
    let error = |name| refused(read_by(&sealed_by_xmlsec(name), |_| {}));
    assert!(error("refused-rsa-sha1").contains("algorithm http://www.w3.org/2000/09/xmldsig#rsa-sha1 is not accepted"));
    assert!(error("refused-digest-sha1").contains("digest algorithm http://www.w3.org/2000/09/xmldsig#sha1 is not"));
    // Signed with the text of the public key as the secret, which everybody has.
    assert!(error("refused-hmac").contains("hmac-sha256 is not accepted"));
}

#[test]
fn either_signature_is_enough_and_both_are_checked() {
    let idp = Signer::rsa("idp");
    let assertion = Message::new().sign_assertion(&idp);
    assert_eq!(assertion.read().expect("signed").signed, Signed::Assertion);
    let response = Message::new().sign_response(&idp);
    assert_eq!(response.read().expect("signed").signed, Signed::Response);
    let both = Message::new().sign_assertion(&idp).sign_response(&idp);
    assert_eq!(both.read().expect("signed twice").signed, Signed::Response);
    // A good signature around a bad one does not save it.
    let mixed = Message::new().sign_assertion(&Signer::rsa("other")).sign_response(&idp);
    assert!(matches!(error_of(&mixed), SignatureError::WrongKey { .. }));
    assert!(matches!(mixed.read(), Err(Refusal::Signature { of: "assertion", .. })));
    assert_eq!(Message::new().read(), Err(Refusal::NotSigned));
}

#[test]
fn a_key_that_is_not_pinned_proves_nothing() {
    let message = Message::new().sign_assertion(&Signer::rsa("other"));
    assert_eq!(error_of(&message), SignatureError::WrongKey { pinned: 1, presented: None });
    // The attacker brings the certificate along: it only tells the administrator what happened.
    let other = certificate("other");
    let info = format!(
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
        STANDARD.encode(other.der())
    );
    let error = error_of(&message.edit("</ds:SignatureValue>", &info));
    assert_eq!(error, SignatureError::WrongKey { pinned: 1, presented: Some(other.fingerprint()) });
    assert!(error.to_string().contains(&other.fingerprint()));
    let none = Message::new().sign_assertion(&Signer::rsa("idp"));
    assert!(none.read_by(|expected| expected.certificates = &[]).is_err());
    // A key of another kind is no key, and our own certificate named by a stranger's signature is no signature.
    let elliptic = [certificate("p256")];
    assert!(none.read_by(|expected| expected.certificates = &elliptic).is_err());
    assert!(Message::new().sign_assertion(&Signer::p256()).read().is_err());
    let p256 = Message::new().sign_assertion(&Signer::p256());
    assert!(p256.read_by(|expected| expected.certificates = &elliptic).is_ok());
}

#[test]
fn exactly_one_reference_to_the_parent() {
    let second = r##"<ds:Reference URI="#_r1"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>"##;
    let said = |from: &str, to: &str| error_of(&Message::new().sign_assertion(&Signer::rsa("idp").saying(from, to)));
    assert_eq!(said("</ds:SignedInfo>", second), SignatureError::References(2));
    for uri in ["", "_a1", "#_r1", "#xpointer(id('_a1'))", "https://evil.example/a.xml", "#_A1"] {
        let error = said("URI=\"#_a1\"", &format!("URI=\"{uri}\""));
        assert!(matches!(error, SignatureError::Reference { .. }), "{uri}: {error}");
    }
    assert!(matches!(said(" URI=\"#_a1\"", ""), SignatureError::Reference { .. }));
}

#[test]
fn foreign_transforms_and_canonicalisations_are_refused() {
    let said = |from: &str, to: &str| error_of(&Message::new().sign_assertion(&Signer::rsa("idp").saying(from, to)));
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    for foreign in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ] {
        assert_eq!(said(enveloped, foreign), SignatureError::Transform(foreign.to_owned()));
    }
    let c14n = format!("Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform>");
    let added = format!("{c14n}<ds:{c14n}");
    assert!(matches!(said(&c14n, &added), SignatureError::Shape(_)), "a third transform");
    assert!(matches!(said(&format!("<ds:{c14n}"), ""), SignatureError::Shape(_)), "without canonicalisation");
    assert!(matches!(said(enveloped, EXCLUSIVE), SignatureError::Shape(_)), "without enveloped-signature");
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let method = format!("Method Algorithm=\"{EXCLUSIVE}\"");
    let error = said(&method, &format!("Method Algorithm=\"{inclusive}\""));
    assert_eq!(error, SignatureError::Canonicalization(inclusive.to_owned()));
}

#[test]
fn odd_shapes_are_refused() {
    let good = Message::new().sign_assertion(&Signer::rsa("idp"));
    let object = "</ds:SignatureValue><ds:Object></ds:Object>";
    assert!(matches!(error_of(&good.clone().edit("</ds:SignatureValue>", object)), SignatureError::Shape(_)));
    let twice = "</ds:SignatureValue><ds:KeyInfo></ds:KeyInfo><ds:KeyInfo></ds:KeyInfo>";
    assert!(matches!(error_of(&good.clone().edit("</ds:SignatureValue>", twice)), SignatureError::Shape(_)));
    let empty = Message { text: cut(&good.text, "<ds:SignatureValue>", "</ds:SignatureValue>") };
    assert!(matches!(error_of(&empty), SignatureError::Shape(_)));
    // A comment inside the digest hides a part of it from a reader that takes the first text (CVE-2025-29775).
    let hidden = good.clone().edit("<ds:DigestValue>", "<ds:DigestValue><!--AAAA-->");
    assert!(hidden.read().is_ok(), "the comment is not part of what is signed, nor of the value");
    let split = good.edit("<ds:DigestValue>", "<ds:DigestValue>AAAA");
    assert!(matches!(error_of(&split), SignatureError::WrongKey { .. }), "SignedInfo is signed as a whole");
}

fn cut(text: &str, from: &str, to: &str) -> String {
    let (start, end) = (text.find(from).expect("from"), text.find(to).expect("to") + to.len());
    format!("{}{}", &text[..start], &text[end..])
}

#[test]
fn the_same_id_twice_is_refused_however_it_is_spelled() {
    for spelled in ["ID", "Id", "id", "xml:id"] {
        let other = format!("<saml:AuthnContext {spelled}=\"_a1\">");
        let message = Message::new().edit("<saml:AuthnContext>", &other).sign_assertion(&Signer::rsa("idp"));
        assert_eq!(error_of(&message), SignatureError::DuplicateId("_a1".to_owned()), "{spelled}");
    }
    let root = parse(b"<a ID='1'><b Id='2'/><c id='3'/></a>", 100).expect("XML");
    assert_eq!(check_ids(&root), Ok(()));
}

#[test]
fn what_is_returned_is_what_was_signed() {
    let message = Message::new().edit("ada@customer.example", "ada@customer.example<!-- -->.evil.example");
    let message = message.sign_assertion(&Signer::rsa("idp"));
    let document = parse(message.xml().as_bytes(), usize::MAX).expect("XML");
    let proven = verify(find(&document, "_a1"), &[certificate("idp")]).expect("signed");
    assert_eq!(proven.elements().filter(|element| element.name() == "Signature").count(), 0);
    // The identity provider signed this text; no reader may see a shorter one.
    assert_eq!(message.read().expect("signed").name_id.value, "ada@customer.example.evil.example");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// One byte of the response changed anywhere: refused, or the very same sign-in (white space inside a tag, a byte of
    /// the unsigned envelope that says nothing).
    #[test]
    fn one_changed_byte_signs_nobody_else_in(at in any::<prop::sample::Index>(), byte in any::<u8>(), whole in any::<bool>()) {
        let (message, original) = if whole { sealed(true) } else { sealed(false) };
        let mut bytes = message.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(read) = read_by(&STANDARD.encode(&bytes), |_| {}) {
            prop_assert_eq!(&read, original);
        }
    }

    /// The same with a letter for a letter inside the signed assertion's text, which is never the same sign-in.
    #[test]
    fn one_changed_letter_inside_is_refused(at in any::<prop::sample::Index>(), letter in "[a-zA-Z0-9]") {
        let (message, _) = sealed(false);
        let from = message.find("<saml:Subject>").expect("a subject");
        let to = message.find("</saml:Assertion>").expect("an end");
        let at = from + at.index(to - from);
        let old = message.as_bytes()[at];
        prop_assume!(old.is_ascii_alphanumeric() && old != letter.as_bytes()[0]);
        let changed = format!("{}{letter}{}", &message[..at], &message[at + 1..]);
        let refused = read_by(&STANDARD.encode(changed), |_| {}).is_err();
        prop_assert!(refused, "the changed letter was not noticed");
    }
}

/// A signed message and what it says; RSA signatures are made once.
fn sealed(whole: bool) -> (&'static String, &'static saml::SignIn) {
    use std::sync::LazyLock;
    static BOTH: LazyLock<[(String, saml::SignIn); 2]> = LazyLock::new(|| {
        let idp = Signer::rsa("idp");
        [Message::new().sign_assertion(&idp), Message::new().sign_response(&idp)]
            .map(|message| (message.xml(), message.read().expect("signed")))
    });
    let (message, read) = &BOTH[usize::from(whole)];
    (message, read)
}
