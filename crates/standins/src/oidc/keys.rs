//! The provider's keys: two are published, of two algorithms; one signs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// A key pair with its name.
struct Key {
    kid: String,
    pair: Pair,
}

enum Pair {
    Elliptic(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// The published keys and one that is not.
pub(super) struct Keys {
    signing: Key,
    resting: Key,
    foreign: Key,
    made: u32,
}

/// Which key signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Published,
    /// Not published; named as the published one.
    Foreign,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn elliptic(kid: String) -> Key {
    let random = SystemRandom::new();
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("the system has randomness");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
    Key { kid, pair: Pair::Elliptic(pair.expect("a key made a moment ago reads")) }
}

fn edwards(kid: String) -> Key {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("the system has randomness");
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref());
    Key { kid, pair: Pair::Edwards(pair.expect("a key made a moment ago reads")) }
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            signing: elliptic("key-1".into()),
            resting: edwards("key-2".into()),
            foreign: elliptic("key-1".into()),
            made: 2,
        }
    }

    pub(super) fn rotate(&mut self) {
        self.made += 1;
        self.signing = elliptic(format!("key-{}", self.made));
        self.foreign = elliptic(self.signing.kid.clone());
    }

    pub(super) fn swap(&mut self) {
        std::mem::swap(&mut self.signing, &mut self.resting);
    }

    pub(super) fn published(&self) -> Vec<Value> {
        // A key nobody can use and one for encryption stand beside them, as real providers have.
        let other = json!({ "kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB" });
        vec![other, json!({ "kty": "unheard-of" }), self.signing.public(), self.resting.public()]
    }

    /// The algorithm and name of the key that signs.
    pub(super) fn signing(&self) -> (&'static str, &str) {
        (self.signing.alg(), &self.signing.kid)
    }

    /// Bytes of the public key: what an attacker would use as the secret of an HMAC.
    pub(super) fn public_bytes(&self) -> Vec<u8> {
        self.signing.public_key()
    }

    pub(super) fn sign(&self, message: &str, by: By) -> String {
        let key = if by == By::Foreign { &self.foreign } else { &self.signing };
        match &key.pair {
            Pair::Elliptic(pair) => {
                b64(pair.sign(&SystemRandom::new(), message.as_bytes()).expect("the system has randomness"))
            }
            Pair::Edwards(pair) => b64(pair.sign(message.as_bytes())),
        }
    }
}

impl Key {
    fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Elliptic(_) => "ES256",
            Pair::Edwards(_) => "EdDSA",
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Elliptic(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn public(&self) -> Value {
        let bytes = self.public_key();
        let (kid, alg) = (&self.kid, self.alg());
        match self.pair {
            Pair::Elliptic(_) => json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": alg, "kid": kid,
                "x": b64(&bytes[1..33]), "y": b64(&bytes[33..]),
            }),
            Pair::Edwards(_) => json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": b64(bytes) }),
        }
    }
}
