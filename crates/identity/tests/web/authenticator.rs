//! An authenticator in software, with the browser around it: makes and uses passkeys as WebAuthn says, and can be told to lie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cbor4ii::core::Value as Cbor;
use cbor4ii::core::enc::Encode;
use cbor4ii::core::utils::BufWriter;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// User present, user verified.
pub const VERIFIED: u8 = 0x05;

/// The secret of a passkey.
pub enum Secret {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// One passkey and the browser it is used from. Every field may be changed into a lie.
pub struct Authenticator {
    pub secret: Secret,
    pub id: Vec<u8>,
    /// The next count of uses; stays 0 when it does not count.
    pub count: u32,
    pub flags: u8,
    pub party: String,
    pub origin: String,
    pub cross_origin: bool,
    /// The user handle it keeps, from registration on; none is not sent.
    pub handle: Option<String>,
    /// What the client data says instead of `webauthn.create` and `webauthn.get`.
    pub kind: Option<&'static str>,
    /// A challenge instead of the one that was given.
    pub challenge: Option<String>,
    /// The algorithm the key claims, instead of its own.
    pub algorithm: Option<i64>,
    /// `none`, `packed` (signed by the key itself), or anything else.
    pub format: &'static str,
}

pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut writer = BufWriter::new(Vec::new());
    value.encode(&mut writer).expect("memory takes it");
    writer.into_inner()
}

impl Authenticator {
    /// A new passkey of an algorithm (-7 or -8) at an origin.
    pub fn new(algorithm: i64, origin: &str) -> Self {
        let random = SystemRandom::new();
        let secret = if algorithm == -8 {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).expect("randomness");
            Secret::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key"))
        } else {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("randomness");
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random);
            Secret::P256(pair.expect("a key"))
        };
        let host = origin.split("://").nth(1).unwrap_or_default().split(':').next().unwrap_or_default();
        let mut authenticator = Self {
            secret,
            id: Vec::new(),
            count: 0,
            flags: VERIFIED,
            party: host.to_owned(),
            origin: origin.to_owned(),
            cross_origin: false,
            handle: None,
            kind: None,
            challenge: None,
            algorithm: None,
            format: "none",
        };
        authenticator.id = digest(&SHA256, authenticator.public()).as_ref().to_vec();
        authenticator
    }

    fn public(&self) -> &[u8] {
        match &self.secret {
            Secret::P256(pair) => pair.public_key().as_ref(),
            Secret::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::P256(pair) => pair.sign(&SystemRandom::new(), message).expect("a signature").as_ref().to_vec(),
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// The `COSE_Key`.
    fn key(&self) -> Cbor {
        let number = |n: i64| Cbor::Integer(i128::from(n));
        let entry = |label: i64, value: Cbor| (number(label), value);
        let public = self.public();
        Cbor::Map(match &self.secret {
            Secret::P256(_) => vec![
                entry(1, number(2)),
                entry(3, number(self.algorithm.unwrap_or(-7))),
                entry(-1, number(1)),
                entry(-2, Cbor::Bytes(public[1..33].to_vec())),
                entry(-3, Cbor::Bytes(public[33..].to_vec())),
            ],
            Secret::Ed25519(_) => vec![
                entry(1, number(1)),
                entry(3, number(self.algorithm.unwrap_or(-8))),
                entry(-1, number(6)),
                entry(-2, Cbor::Bytes(public.to_vec())),
            ],
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let given = options["challenge"].as_str().unwrap_or_default().to_owned();
        let challenge = self.challenge.clone().unwrap_or(given);
        let kind = self.kind.unwrap_or(kind);
        let data =
            json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin });
        data.to_string().into_bytes()
    }

    fn data(&self, more_flags: u8, more: &[u8]) -> Vec<u8> {
        let mut data = digest(&SHA256, self.party.as_bytes()).as_ref().to_vec();
        data.push(self.flags | more_flags);
        data.extend(self.count.to_be_bytes());
        data.extend(more);
        data
    }

    /// What `navigator.credentials.create` gives for the options.
    pub fn make(&mut self, options: &Value) -> Value {
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let client_data = self.client_data("webauthn.create", options);
        let mut attested = vec![0; 16];
        attested.extend((self.id.len() as u16).to_be_bytes());
        attested.extend(&self.id);
        attested.extend(cbor(&self.key()));
        let data = self.data(0x40, &attested);
        let text = |text: &str| Cbor::Text(text.to_owned());
        let statement = if self.format == "packed" {
            let signed = self.sign(&[data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat());
            let alg = if matches!(self.secret, Secret::P256(_)) { -7 } else { -8 };
            vec![(text("alg"), Cbor::Integer(alg)), (text("sig"), Cbor::Bytes(signed))]
        } else {
            Vec::new()
        };
        let object = Cbor::Map(vec![
            (text("fmt"), text(self.format)),
            (text("attStmt"), Cbor::Map(statement)),
            (text("authData"), Cbor::Bytes(data)),
        ]);
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": base64(&client_data), "attestationObject": base64(&cbor(&object)),
                "transports": ["internal", "nonsense"],
            },
        })
    }

    /// What `navigator.credentials.get` gives for the options.
    pub fn answer(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(0, &[]);
        let signed = self.sign(&[data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat());
        json!({
            "id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": base64(&client_data), "authenticatorData": base64(&data), "signature": base64(&signed),
                "userHandle": self.handle,
            },
        })
    }
}
