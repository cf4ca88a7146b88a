//! The checklist of a response, line by line. Everything here is signed well; what it says is wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::xml::XmlError;
use saml::{MAX_RESPONSE, Refusal};

use crate::support::{ACS, Message, Signer, at, read_by, refused};

/// Signed as an assertion and as a response: both must be refused, and for the same reason.
fn refusal(from: &str, to: &str) -> Refusal {
    let message = Message::new().edit(from, to);
    let [one, other] =
        [message.clone().sign_assertion(&Signer::rsa("idp")), message.sign_response(&Signer::rsa("idp"))];
    let refusal = one.read().expect_err("refused");
    assert_eq!(other.read().expect_err("refused"), refusal);
    refusal
}

fn structure(from: &str, to: &str) {
    let refusal = refusal(from, to);
    assert!(matches!(refusal, Refusal::Structure(_)), "{from} → {to}: {refusal}");
}

#[test]
fn a_good_response_says_who_signed_in() {
    let read = Message::new().sign_assertion(&Signer::rsa("idp")).read().expect("good");
    assert_eq!(read.name_id.value, "ada@customer.example");
    assert_eq!((read.assertion_id.as_str(), read.session_index.as_deref()), ("_a1", Some("_s1")));
    assert_eq!(read.attributes[0].name, "groups");
    assert_eq!(read.attributes[0].values, ["Support", "Sales"]);
    // The earlier of the two ends, and the skew that is granted.
    assert_eq!(read.usable_until, at("2026-03-01T12:07:00Z"));
    assert_eq!(read.session_until, None);
}

#[test]
fn it_must_be_for_us() {
    let other = "https://other.example/acs";
    assert!(
        matches!(refusal("Destination=\"https://recoup.example/acs\"", "Destination=\"https://other.example/acs\""),
        Refusal::Destination { found, expected } if found == other && expected == ACS)
    );
    assert!(matches!(refusal("Recipient=\"https://recoup.example/acs\"", "Recipient=\"https://other.example/acs\""),
        Refusal::Recipient { found, .. } if found == other));
    assert!(matches!(refusal(" Recipient=\"https://recoup.example/acs\"", ""), Refusal::Recipient { .. }));
    assert!(
        matches!(refusal("<saml:Audience>https://recoup.example/metadata<", "<saml:Audience>https://other.example/<"),
        Refusal::Audience { found, .. } if found == "https://other.example/")
    );
    structure(
        "<saml:AudienceRestriction><saml:Audience>https://recoup.example/metadata</saml:Audience></saml:AudienceRestriction>",
        "",
    );
    // All restrictions must name us; one restriction may name several.
    let second = "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience></saml:AudienceRestriction>";
    assert!(matches!(refusal("</saml:AudienceRestriction>", second), Refusal::Audience { .. }));
    let also = Message::new().edit("<saml:Audience>", "<saml:Audience>urn:x</saml:Audience><saml:Audience>");
    assert!(also.sign_assertion(&Signer::rsa("idp")).read().is_ok());
}

#[test]
fn a_signed_response_must_name_its_destination() {
    let message = Message::new().edit(" Destination=\"https://recoup.example/acs\"", "");
    assert!(message.clone().sign_assertion(&Signer::rsa("idp")).read().is_ok());
    assert!(matches!(message.sign_response(&Signer::rsa("idp")).read(), Err(Refusal::Destination { .. })));
}

#[test]
fn it_must_answer_the_request_of_this_browser() {
    let signer = Signer::rsa("idp");
    let message = Message::new().sign_assertion(&signer);
    let other = message.read_by(|expected| expected.request = Some("_q2"));
    assert_eq!(other, Err(Refusal::OtherRequest("response")));
    assert_eq!(message.read_by(|expected| expected.request = None), Err(Refusal::NoRequest("response")));
    // The envelope is not signed, so the assertion has to say it too.
    let data = "<saml:SubjectConfirmationData InResponseTo=\"_q1\"";
    assert_eq!(refusal(data, "<saml:SubjectConfirmationData InResponseTo=\"_q2\""), Refusal::OtherRequest("assertion"));
    assert_eq!(refusal(data, "<saml:SubjectConfirmationData"), Refusal::OtherRequest("assertion"));
    let silent = Message::new().edit(" InResponseTo=\"_q1\"", "").sign_assertion(&signer);
    assert_eq!(silent.read(), Err(Refusal::OtherRequest("response")));
    assert!(silent.read_by(|expected| expected.request = None).is_ok(), "unsolicited, where that is wanted");
}

#[test]
fn it_must_come_from_the_identity_provider_of_the_connection() {
    let wrong = |message: Message| message.sign_assertion(&Signer::rsa("idp")).read();
    let everywhere = Message::new().edit("https://idp.example/entity", "https://evil.example/entity");
    assert!(matches!(wrong(everywhere), Err(Refusal::Issuer { found, .. }) if found == "https://evil.example/entity"));
    let inside = "_a1\" Version=\"2.0\" IssueInstant=\"2026-03-01T12:00:00Z\"><saml:Issuer>https://idp.example/entity";
    let inside = Message::new().edit(inside, &inside.replace("idp.example", "evil.example"));
    assert!(matches!(wrong(inside), Err(Refusal::Issuer { .. })));
    let none = Message::new().edit("<saml:Issuer>https://idp.example/entity</saml:Issuer>", "");
    assert!(matches!(wrong(none), Err(Refusal::Structure(_))));
}

#[test]
fn times_hold_with_three_minutes_of_skew() {
    let message = Message::new().sign_response(&Signer::rsa("idp"));
    let on = |time: &str| message.read_by(|expected| expected.now = at(time));
    assert!(on("2026-03-01T11:57:00Z").is_ok());
    assert!(matches!(on("2026-03-01T11:55:59Z"), Err(Refusal::NotYet { .. })));
    assert!(on("2026-03-01T12:06:59Z").is_ok());
    assert!(matches!(on("2026-03-01T12:07:00Z"), Err(Refusal::Expired { what: "the assertion", .. })));
    assert!(matches!(on("2026-03-01T12:08:00Z"), Err(Refusal::Expired { what: "the subject confirmation", .. })));
    let ended = on("2027-01-01T00:00:00Z").expect_err("expired").to_string();
    assert!(ended.contains("ended at 2026-03-01T12:05:00Z"), "{ended}");
    let session = "SessionIndex=\"_s1\" SessionNotOnOrAfter=\"2026-03-01T11:00:00Z\"";
    assert!(matches!(refusal("SessionIndex=\"_s1\"", session), Refusal::Expired { .. }));
    for (from, to) in [
        ("NotOnOrAfter=\"2026-03-01T12:05:00Z\"", "NotOnOrAfter=\"tomorrow\""),
        ("NotOnOrAfter=\"2026-03-01T12:05:00Z\"", "NotOnOrAfter=\"2026-03-01T12:05:00\""),
        (" NotOnOrAfter=\"2026-03-01T12:05:00Z\"", ""),
        ("NotBefore=\"2026-03-01T11:59:00Z\"", "NotBefore=\"\""),
        (" AuthnInstant=\"2026-03-01T12:00:00Z\"", ""),
    ] {
        assert!(matches!(refusal(from, to), Refusal::NotATime(_)), "{from}");
    }
    structure("<saml:SubjectConfirmationData", "<saml:SubjectConfirmationData NotBefore=\"2026-03-01T11:59:00Z\"");
}

#[test]
fn what_is_not_there_is_missed() {
    structure(" ID=\"_a1\" Version=\"2.0\"", " ID=\"_a1\" Version=\"1.1\"");
    structure("ID=\"_r1\" Version=\"2.0\"", "ID=\"_r1\"");
    structure("cm:bearer", "cm:holder-of-key");
    let whole = Message::new().text;
    for (start, end) in [
        ("<saml:Subject>", "</saml:Subject>"),
        ("<saml:NameID", "</saml:NameID>"),
        ("<saml:SubjectConfirmationData", "</saml:SubjectConfirmationData>"),
        ("<saml:Conditions", "</saml:Conditions>"),
        ("<saml:AuthnStatement", "</saml:AuthnStatement>"),
        ("<samlp:Status>", "</samlp:Status>"),
    ] {
        let piece = &whole[whole.find(start).expect("start")..whole.find(end).expect("end") + end.len()];
        structure(piece, "");
        if !piece.contains("Status") {
            structure(piece, &format!("{piece}{piece}"));
        }
    }
}

#[test]
fn what_does_not_belong_there_is_refused() {
    structure("<samlp:Status>", "<samlp:Other></samlp:Other><samlp:Status>");
    structure("<samlp:Status>", "<?do it?><samlp:Status>");
    structure(
        "<saml:Conditions",
        "<saml:Advice><saml:Assertion ID=\"_x\"></saml:Assertion></saml:Advice><saml:Conditions",
    );
    structure("</saml:Conditions>", "<saml:Condition></saml:Condition></saml:Conditions>");
    structure("ada@customer.example<", "ada@<saml:b></saml:b>customer.example<");
    structure("ada@customer.example<", "<");
    structure("ada@customer.example<", "ada&#10;b<");
    structure("ada@customer.example<", &format!("{}<", "a".repeat(600)));
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    assert_eq!(refusal("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", transient), Refusal::Transient);
    let attribute = "<saml:AttributeStatement><saml:EncryptedAttribute></saml:EncryptedAttribute>";
    assert_eq!(refusal("<saml:AttributeStatement>", attribute), Refusal::Encrypted("an attribute"));
    let id = "<saml:EncryptedID></saml:EncryptedID><saml:NameID";
    assert_eq!(refusal("<saml:NameID", id), Refusal::Encrypted("the NameID"));
    // Conditions that say what we do anyway.
    let known = "<saml:OneTimeUse></saml:OneTimeUse><saml:ProxyRestriction></saml:ProxyRestriction></saml:Conditions>";
    assert!(Message::new().edit("</saml:Conditions>", known).sign_response(&Signer::rsa("idp")).read().is_ok());
}

#[test]
fn an_encrypted_assertion_says_what_to_do() {
    let text = Message::new().text;
    let assertion = &text[text.find("<saml:Assertion").expect("start")..text.find("</samlp:Response>").expect("end")];
    let message = Message::new().edit(assertion, "<saml:EncryptedAssertion></saml:EncryptedAssertion>");
    assert!(refused(message.read()).contains("turn assertion encryption off"));
}

#[test]
fn the_identity_providers_own_refusal_is_told() {
    let status = "urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>";
    let inner = "urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"></samlp:StatusCode></samlp:StatusCode><samlp:StatusMessage>The user is not assigned.\nAsk.</samlp:StatusMessage>";
    let text = Message::new().edit(status, inner).text;
    let assertion = &text[text.find("<saml:Assertion").expect("start")..text.find("</samlp:Response>").expect("end")];
    let error = refused(Message { text: text.replace(assertion, "") }.read());
    assert_eq!(error, "the identity provider refused the sign-in: AuthnFailed (“The user is not assigned. Ask.”)");
}

#[test]
fn what_is_no_response_is_refused_before_anything_is_looked_at() {
    assert_eq!(read_by("%%%", |_| {}), Err(Refusal::NotBase64));
    let read = |text: &str| read_by(&STANDARD.encode(text), |_| {});
    assert!(matches!(read("<a/>"), Err(Refusal::NotAResponse(name)) if name == "a"));
    assert!(matches!(read(""), Err(Refusal::Xml(XmlError::Malformed(_)))));
    let request = "<samlp:AuthnRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>";
    assert!(matches!(read(request), Err(Refusal::NotAResponse(_))));
    let wrong_namespace =
        Message::new().edit("SAML:2.0:protocol", "SAML:1.0:protocol").sign_assertion(&Signer::rsa("idp"));
    assert!(matches!(wrong_namespace.read(), Err(Refusal::NotAResponse(_))));
}

#[test]
fn bombs_and_giants_are_refused() {
    let good = Message::new().sign_assertion(&Signer::rsa("idp")).xml();
    let entity = good.replace("ada@customer.example", "&xxe;");
    let xxe = format!("<!DOCTYPE r [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]>{entity}");
    let laughs = format!("<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY xxe \"&a;&a;&a;&a;&a;&a;\">]>{entity}");
    for bomb in [xxe, laughs] {
        assert_eq!(read_by(&STANDARD.encode(bomb), |_| {}), Err(Refusal::Xml(XmlError::DocumentType)));
    }
    let padding = format!("<!--{}-->", "x".repeat(MAX_RESPONSE));
    let huge = good.replace("<samlp:Status>", &format!("{padding}<samlp:Status>"));
    assert_eq!(read_by(&STANDARD.encode(huge), |_| {}), Err(Refusal::Xml(XmlError::TooLarge(MAX_RESPONSE))));
    let deep = "<a>".repeat(10_000) + &"</a>".repeat(10_000);
    assert_eq!(read_by(&STANDARD.encode(deep), |_| {}), Err(Refusal::Xml(XmlError::TooDeep)));
}
