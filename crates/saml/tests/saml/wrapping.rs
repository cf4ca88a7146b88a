//! The eight classic ways to wrap a good signature around a bad assertion (Somorovsky et al., USENIX Security 2012).
//!
//! Each is built from a message that the identity provider signed and an assertion that names somebody else. Two locks
//! are tried apart: the reading of a response, and the verifier alone, which must never return the forged part.

use saml::Refusal;
use saml::signature::verify;
use saml::xml::{Element, parse};

use crate::support::{Message, Signer, certificate, refused};

const EVIL: &str = "admin@customer.example";

/// The pieces of one signed message.
struct Pieces {
    /// The response with everything, signed where `of` says.
    whole: String,
    /// The signature that was made.
    signature: String,
    /// The signed element with its signature, and without.
    signed: String,
    bare: String,
}

fn between(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).expect("a start");
    text[start..text.rfind(to).expect("an end") + to.len()].to_owned()
}

fn signed_response() -> Pieces {
    pieces(Message::new().sign_response(&Signer::rsa("idp")).xml(), "<samlp:Response", "</samlp:Response>")
}

fn signed_assertion() -> Pieces {
    pieces(Message::new().sign_assertion(&Signer::rsa("idp")).xml(), "<saml:Assertion", "</saml:Assertion>")
}

fn pieces(whole: String, from: &str, to: &str) -> Pieces {
    let signature = between(&whole, "<ds:Signature ", "</ds:Signature>");
    let signed = between(&whole, from, to);
    Pieces { bare: signed.replace(&signature, ""), whole, signature, signed }
}

/// A copy that names somebody else, under another ID, without a signature.
fn forged(piece: &str, id: &str, new: &str) -> String {
    assert!(piece.contains("ada@customer.example"));
    let evil = piece.replace("ada@customer.example", EVIL);
    evil.replace(&format!("ID=\"{id}\""), &format!("ID=\"{new}\""))
}

/// The forged response must not be read, and no element of it may verify to something that names the attacker.
fn must_be_refused(name: &str, document: &str) {
    let message = Message { text: document.to_owned() };
    let error = refused(message.read());
    assert!(!error.is_empty(), "{name}");
    let Ok(root) = parse(document.as_bytes(), usize::MAX) else { panic!("{name} is no XML") };
    assert!(document.contains(EVIL) && document.contains("ada@customer.example"), "{name} is built wrong");
    root.walk(&mut |element| {
        if let Ok(proven) = verify(element, &[certificate("idp")]) {
            assert!(!names(&proven, EVIL), "{name}: the verifier returned the forged part");
        }
    });
}

fn names(element: &Element, whom: &str) -> bool {
    let mut found = false;
    element.walk(&mut |element| found |= element.text().contains(whom));
    found
}

#[test]
fn xsw1_the_signed_response_inside_its_signature_inside_a_forged_one() {
    let p = signed_response();
    let signature = p.signature.replace("</ds:Signature>", &format!("{}</ds:Signature>", p.bare));
    let evil = forged(&p.bare, "_r1", "_evil").replace("ID=\"_a1\"", "ID=\"_a2\"");
    must_be_refused("XSW1", &evil.replace("<samlp:Status>", &format!("{signature}<samlp:Status>")));
}

#[test]
fn xsw2_the_signed_response_beside_its_signature_inside_a_forged_one() {
    let p = signed_response();
    let evil = forged(&p.bare, "_r1", "_evil").replace("ID=\"_a1\"", "ID=\"_a2\"");
    let wrapped = format!("{}{}<samlp:Status>", p.bare, p.signature);
    must_be_refused("XSW2", &evil.replacen("<samlp:Status>", &wrapped, 1));
    // And with the response signed as it came.
    must_be_refused("XSW2 whole", &evil.replacen("<samlp:Status>", &format!("{}<samlp:Status>", p.signed), 1));
}

#[test]
fn xsw3_a_forged_assertion_before_the_signed_one() {
    let p = signed_assertion();
    let evil = forged(&p.bare, "_a1", "_evil");
    must_be_refused("XSW3", &p.whole.replace(&p.signed, &format!("{evil}{}", p.signed)));
    must_be_refused("XSW3 after", &p.whole.replace(&p.signed, &format!("{}{evil}", p.signed)));
    must_be_refused(
        "XSW3 same ID",
        &p.whole.replace(&p.signed, &format!("{}{}", forged(&p.bare, "_a1", "_a1"), p.signed)),
    );
}

#[test]
fn xsw4_the_signed_assertion_inside_a_forged_one() {
    let p = signed_assertion();
    let evil = forged(&p.bare, "_a1", "_evil").replace("</saml:Assertion>", &format!("{}</saml:Assertion>", p.signed));
    must_be_refused("XSW4", &p.whole.replace(&p.signed, &evil));
}

#[test]
fn xsw5_the_signature_moved_into_a_forged_assertion() {
    let p = signed_assertion();
    let evil = forged(&p.signed, "_a1", "_evil");
    must_be_refused("XSW5", &p.whole.replace(&p.signed, &format!("{evil}{}", p.bare)));
}

#[test]
fn xsw6_the_signed_assertion_inside_its_signature_inside_a_forged_one() {
    let p = signed_assertion();
    let signature = p.signature.replace("</ds:Signature>", &format!("{}</ds:Signature>", p.bare));
    let evil = forged(&p.bare, "_a1", "_evil").replace("<saml:Subject>", &format!("{signature}<saml:Subject>"));
    must_be_refused("XSW6", &p.whole.replace(&p.signed, &evil));
}

#[test]
fn xsw7_a_forged_assertion_in_the_extensions() {
    let p = signed_assertion();
    let evil = format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", forged(&p.bare, "_a1", "_evil"));
    must_be_refused("XSW7", &p.whole.replace("<samlp:Status>", &evil));
    let same = format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", forged(&p.bare, "_a1", "_a1"));
    must_be_refused("XSW7 same ID", &p.whole.replace("<samlp:Status>", &same));
}

#[test]
fn xsw8_the_signed_assertion_in_an_object_of_its_signature() {
    let p = signed_assertion();
    let object = format!("<ds:Object>{}</ds:Object></ds:Signature>", p.bare);
    let signature = p.signature.replace("</ds:Signature>", &object);
    let evil = forged(&p.bare, "_a1", "_evil").replace("<saml:Subject>", &format!("{signature}<saml:Subject>"));
    must_be_refused("XSW8", &p.whole.replace(&p.signed, &evil));
}

#[test]
fn a_forged_assertion_beside_a_signed_one_in_a_signed_element_of_another_name() {
    let p = signed_assertion();
    // The signed assertion hidden where nobody looks, under a name that is not counted.
    let hidden =
        format!("<samlp:Extensions><x:Box xmlns:x=\"urn:x\">{}</x:Box></samlp:Extensions><samlp:Status>", p.signed);
    let evil = forged(&p.bare, "_a1", "_evil");
    must_be_refused("hidden", &p.whole.replace(&p.signed, &evil).replace("<samlp:Status>", &hidden));
}

#[test]
fn the_honest_pieces_are_accepted() {
    for pieces in [signed_response(), signed_assertion()] {
        let read = Message { text: pieces.whole.clone() }.read().expect("honest");
        assert_eq!(read.name_id.value, "ada@customer.example");
    }
    let unsigned = Message { text: signed_assertion().whole.replace(&signed_assertion().signature, "") };
    assert_eq!(unsigned.read(), Err(Refusal::NotSigned));
}
