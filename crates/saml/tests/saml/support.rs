//! An identity provider that signs whatever a test wants it to sign. Its keys are `fixtures/test-only-*`.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use saml::xml::{self, Canonicalization, Element};
use saml::{Certificate, Expected, Refusal, SignIn, read_response};

pub const IDP: &str = "https://idp.example/entity";
pub const ACS: &str = "https://recoup.example/acs";
pub const AUDIENCE: &str = "https://recoup.example/metadata";
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Where [`Message::sign`] puts a signature.
const RESPONSE_SEAL: &str = "<!--response-->";
const ASSERTION_SEAL: &str = "<!--assertion-->";

const MESSAGE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://recoup.example/acs" InResponseTo="_q1"><saml:Issuer>https://idp.example/entity</saml:Issuer><!--response--><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status><saml:Assertion ID="_a1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z"><saml:Issuer>https://idp.example/entity</saml:Issuer><!--assertion--><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@customer.example</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_q1" NotOnOrAfter="2026-03-01T12:05:00Z" Recipient="https://recoup.example/acs"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-03-01T11:59:00Z" NotOnOrAfter="2026-03-01T12:04:00Z"><saml:AudienceRestriction><saml:Audience>https://recoup.example/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-03-01T12:00:00Z" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>Support</saml:AttributeValue><saml:AttributeValue>Sales</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#;

pub fn fixture(name: &str) -> String {
    // The tests of identity share this file.
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../saml/tests/fixtures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_text(&fixture(&format!("test-only-{name}.cert.pem"))).expect("a certificate")
}

pub fn at(time: &str) -> DateTime<Utc> {
    time.parse().expect("a time")
}

/// What the message is signed with, and what its `SignedInfo` says before it is signed.
pub struct Signer {
    key: Key,
    method: &'static str,
    edits: Vec<(String, String)>,
}

enum Key {
    Rsa(RsaKeyPair),
    Elliptic(EcdsaKeyPair),
}

fn private(name: &str) -> Vec<u8> {
    let pem = fixture(&format!("test-only-{name}.key.pem"));
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with("--")).collect::<String>()).expect("a key")
}

impl Signer {
    pub fn rsa(name: &str) -> Self {
        let key = Key::Rsa(RsaKeyPair::from_pkcs8(&private(name)).expect("an RSA key"));
        Self { key, method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", edits: Vec::new() }
    }

    pub fn p256() -> Self {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private("p256"), &SystemRandom::new());
        let key = Key::Elliptic(key.expect("an ECDSA key"));
        Self { key, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", edits: Vec::new() }
    }

    /// Changes `SignedInfo` before it is signed: the signature of the odd result is a good one.
    pub fn saying(mut self, from: &str, to: &str) -> Self {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).expect("it signs");
                signature
            }
            Key::Elliptic(key) => key.sign(&SystemRandom::new(), bytes).expect("it signs").as_ref().to_vec(),
        }
    }

    /// The `Signature` element over canonical bytes.
    fn seal(&self, id: &str, content: &[u8]) -> String {
        let digest = STANDARD.encode(digest::digest(&digest::SHA256, content));
        let mut info = format!(
            r##"<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{}"></ds:SignatureMethod><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"##,
            self.method
        );
        for (from, to) in &self.edits {
            assert!(info.contains(from), "{from} is not in {info}");
            info = info.replace(from, to);
        }
        let parsed = xml::parse(info.as_bytes(), usize::MAX).expect("SignedInfo is XML");
        let value = STANDARD.encode(self.sign(&xml::canonicalize(&parsed, &Canonicalization::default())));
        format!(
            r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{info}<ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"#
        )
    }
}

/// A response on its way to us.
#[derive(Clone)]
pub struct Message {
    pub text: String,
}

impl Message {
    /// A good one, unsigned.
    pub fn new() -> Self {
        Self { text: MESSAGE.to_owned() }
    }

    /// Says something else in one place or several.
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        assert!(self.text.contains(from), "{from} is not in {}", self.text);
        self.text = self.text.replace(from, to);
        self
    }

    pub fn sign_assertion(self, signer: &Signer) -> Self {
        let after = self.text.split_once("<saml:Assertion ID=\"").expect("an assertion").1;
        let id = after.split('"').next().expect("an id").to_owned();
        self.sign(signer, &id, ASSERTION_SEAL)
    }

    pub fn sign_response(self, signer: &Signer) -> Self {
        self.sign(signer, "_r1", RESPONSE_SEAL)
    }

    fn sign(self, signer: &Signer, id: &str, place: &str) -> Self {
        let bare = self.text.replace(place, "");
        let document = xml::parse(bare.as_bytes(), usize::MAX).expect("a document");
        let element = find(&document, id);
        let content = xml::canonicalize(element, &Canonicalization::default());
        Self { text: self.text.replace(place, &signer.seal(id, &content)) }
    }

    /// The document as posted, without the places for signatures.
    pub fn xml(&self) -> String {
        self.text.replace(RESPONSE_SEAL, "").replace(ASSERTION_SEAL, "")
    }

    pub fn field(&self) -> String {
        STANDARD.encode(self.xml())
    }

    /// Reads it as the service provider of the tests, at noon, with the identity provider's certificate pinned.
    pub fn read(&self) -> Result<SignIn, Refusal> {
        self.read_by(|_| {})
    }

    /// The same with other expectations.
    pub fn read_by<'a>(&self, change: impl FnOnce(&mut Expected<'a>)) -> Result<SignIn, Refusal> {
        read_by(&self.field(), change)
    }
}

pub fn read_by<'a>(field: &str, change: impl FnOnce(&mut Expected<'a>)) -> Result<SignIn, Refusal> {
    static PINNED: LazyLock<[Certificate; 1]> = LazyLock::new(|| [certificate("idp")]);
    let mut expected = Expected {
        idp: IDP,
        certificates: &*PINNED,
        audience: AUDIENCE,
        acs: ACS,
        request: Some("_q1"),
        now: at("2026-03-01T12:00:30Z"),
    };
    change(&mut expected);
    read_response(field, &expected)
}

pub fn find<'a>(root: &'a Element, id: &str) -> &'a Element {
    let mut found = None;
    root.walk(&mut |element| {
        if element.attribute("ID") == Some(id) && found.is_none() {
            found = Some(element);
        }
    });
    found.unwrap_or_else(|| panic!("no element has the ID {id}"))
}

/// The text of the refusal; panics when somebody was let in.
pub fn refused(result: Result<SignIn, Refusal>) -> String {
    match result {
        Ok(sign_in) => panic!("{} was let in", sign_in.name_id.value),
        Err(refusal) => refusal.to_string(),
    }
}
