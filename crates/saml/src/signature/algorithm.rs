//! The algorithms that are accepted, by the names the specifications give them. There is no way to ask for another.

use ring::digest;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};

use crate::certificate::PublicKey;

/// What signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

impl Method {
    pub(super) fn named(uri: &str) -> Option<Self> {
        match uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#")? {
            "rsa-sha256" => Some(Self::RsaSha256),
            "rsa-sha384" => Some(Self::RsaSha384),
            "rsa-sha512" => Some(Self::RsaSha512),
            "ecdsa-sha256" => Some(Self::EcdsaSha256),
            "ecdsa-sha384" => Some(Self::EcdsaSha384),
            _ => None,
        }
    }

    /// Whether the key made this signature of these bytes with this method. A key of another kind did not.
    pub(super) fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        let check = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8], signature: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        };
        // `ring` knows the mixed pairs of curve and hash only with DER signatures; XML writes the two numbers plainly.
        let on_curve = |algorithm, key: &[u8], size| {
            in_der(signature, size).is_some_and(|signature| check(algorithm, key, &signature))
        };
        match (self, key) {
            (Self::RsaSha256, PublicKey::Rsa(key)) => check(&RSA_PKCS1_2048_8192_SHA256, key, signature),
            (Self::RsaSha384, PublicKey::Rsa(key)) => check(&RSA_PKCS1_2048_8192_SHA384, key, signature),
            (Self::RsaSha512, PublicKey::Rsa(key)) => check(&RSA_PKCS1_2048_8192_SHA512, key, signature),
            (Self::EcdsaSha256, PublicKey::P256(key)) => on_curve(&ECDSA_P256_SHA256_ASN1, key, 32),
            (Self::EcdsaSha384, PublicKey::P256(key)) => on_curve(&ECDSA_P256_SHA384_ASN1, key, 32),
            (Self::EcdsaSha256, PublicKey::P384(key)) => on_curve(&ECDSA_P384_SHA256_ASN1, key, 48),
            (Self::EcdsaSha384, PublicKey::P384(key)) => on_curve(&ECDSA_P384_SHA384_ASN1, key, 48),
            _ => false,
        }
    }
}

/// Two numbers of `size` bytes each as the DER sequence of two integers.
fn in_der(signature: &[u8], size: usize) -> Option<Vec<u8>> {
    if signature.len() != size * 2 {
        return None;
    }
    let mut body = Vec::with_capacity(size * 2 + 8);
    for number in signature.chunks(size) {
        let from = number.iter().position(|byte| *byte != 0).unwrap_or(size - 1);
        let digits = &number[from..];
        let sign = digits.first().is_some_and(|byte| byte & 0x80 != 0);
        // At most 49 bytes: the short form of a DER length is enough, here and below.
        body.extend([2, digits.len() as u8 + u8::from(sign)]);
        body.extend(sign.then_some(0));
        body.extend(digits);
    }
    let mut whole = vec![0x30, body.len() as u8];
    whole.append(&mut body);
    Some(whole)
}

/// What digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(super) fn named(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(Self::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }
}
