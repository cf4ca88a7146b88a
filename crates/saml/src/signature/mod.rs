//! XML signatures as SAML uses them, and nothing else of that specification.
//!
//! Accepted is one shape: an enveloped signature, one reference to the signature's own parent, exclusive canonicalisation,
//! SHA-2, an RSA or ECDSA key that was pinned. What [`verify`] returns is not the document that came but what was signed:
//! the canonical bytes whose digest fits, parsed again.

mod algorithm;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::names::{EXCLUSIVE, SIGNATURE};
use crate::xml::{self, Canonicalization, Element, canonicalize, canonicalize_without};
use algorithm::{Digest, Method};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature is built in a way that we do not accept.
    #[error("the signature is not built as SAML requires: {0}")]
    Shape(&'static str),
    /// The same ID twice: what the reference means would be a matter of taste.
    #[error("the ID {0} is used twice in the document")]
    DuplicateId(String),
    /// A canonicalisation that we do not compute.
    #[error("the canonicalisation {0} is not accepted; exclusive canonicalisation is")]
    Canonicalization(String),
    /// A transform that could change what is signed.
    #[error("the transform {0} is not accepted; enveloped-signature and exclusive canonicalisation are")]
    Transform(String),
    /// SHA-1, HMAC, DSA and whatever nobody knows.
    #[error("the signature algorithm {0} is not accepted; RSA or ECDSA with SHA-256 or better is")]
    Algorithm(String),
    /// SHA-1, MD5.
    #[error("the digest algorithm {0} is not accepted; SHA-256 or better is")]
    Digest(String),
    /// Not exactly one.
    #[error("the signature covers {0} references; exactly one is accepted")]
    References(usize),
    /// The reference is not to the element that holds the signature.
    #[error("the signature covers {found}, not the element {expected} that holds it")]
    Reference { found: String, expected: String },
    /// The content was changed after signing.
    #[error("the content does not fit its signature: it was changed after it was signed")]
    Changed,
    /// Another key signed, or the signed part of the signature was changed.
    #[error("none of the {pinned} pinned certificates has signed this{}", hint(.presented.as_deref()))]
    WrongKey { pinned: usize, presented: Option<String> },
}

fn hint(presented: Option<&str>) -> String {
    presented.map_or_else(String::new, |print| format!("; the message names the certificate with SHA-256 {print}"))
}

use SignatureError as E;

/// Refuses a document in which two elements have the same ID, however the attribute is spelled.
pub fn check_ids(root: &Element) -> Result<(), SignatureError> {
    let mut ids: Vec<&str> = Vec::new();
    root.walk(&mut |element| {
        let named = |local: &str| matches!(local, "ID" | "Id" | "id" | "iD");
        ids.extend(element.attributes.iter().filter(|a| named(&a.local)).map(|a| a.value.as_str()));
    });
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(E::DuplicateId(pair[0].chars().take(80).collect())),
        None => Ok(()),
    }
}

/// Verifies the signature that `signed` holds and gives what was signed, without the signature.
pub fn verify(signed: &Element, certificates: &[Certificate]) -> Result<Element, SignatureError> {
    let signature = only(signed, "Signature").ok_or(E::Shape("there must be one signature"))?;
    let [signed_info, value, rest @ ..] = &*signature.elements().collect::<Vec<_>>() else {
        return Err(E::Shape("SignedInfo or SignatureValue is missing"));
    };
    let key_info = match rest {
        [] => None,
        [info] if info.is(SIGNATURE, "KeyInfo") => Some(*info),
        _ => return Err(E::Shape("it holds more than SignedInfo, SignatureValue and KeyInfo")),
    };
    if !signed_info.is(SIGNATURE, "SignedInfo") || !value.is(SIGNATURE, "SignatureValue") {
        return Err(E::Shape("SignedInfo and SignatureValue must come first"));
    }
    let bytes = canonical_signed_info(signed_info)?;
    let info = SignedInfo::read(&bytes)?;
    let value = base64(value)?;
    if !certificates.iter().any(|certificate| info.method.verify(&certificate.key, &bytes, &value)) {
        return Err(E::WrongKey { pinned: certificates.len(), presented: key_info.and_then(presented) });
    }
    let expected =
        signed.attribute("ID").filter(|id| !id.is_empty()).ok_or(E::Shape("the signed element has no ID"))?;
    if info.uri.strip_prefix('#') != Some(expected) {
        let found = if info.uri.is_empty() { "the whole document".to_owned() } else { short(&info.uri) };
        return Err(E::Reference { found, expected: short(expected) });
    }
    let content = canonicalize_without(signed, &info.canonicalization, Some(signature));
    if info.digest.of(&content) != info.digest_value {
        return Err(E::Changed);
    }
    // Canonical bytes of what was parsed once parse again; they cannot be longer than a few times the original.
    xml::parse(&content, usize::MAX).map_err(|_| E::Shape("what was signed does not parse"))
}

fn only<'a>(parent: &'a Element, local: &'a str) -> Option<&'a Element> {
    let mut found = parent.children(SIGNATURE, local);
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

fn canonical_signed_info(signed_info: &Element) -> Result<Vec<u8>, SignatureError> {
    let method = only(signed_info, "CanonicalizationMethod").ok_or(E::Shape("one CanonicalizationMethod is needed"))?;
    Ok(canonicalize(signed_info, &canonicalization(method).map_err(E::Canonicalization)?))
}

/// What `SignedInfo` says, read from the bytes that are signed.
struct SignedInfo {
    method: Method,
    uri: String,
    canonicalization: Canonicalization,
    digest: Digest,
    digest_value: Vec<u8>,
}

impl SignedInfo {
    fn read(bytes: &[u8]) -> Result<Self, SignatureError> {
        let root = xml::parse(bytes, usize::MAX).map_err(|_| E::Shape("SignedInfo does not parse"))?;
        let children: Vec<&Element> = root.elements().collect();
        let references = root.children(SIGNATURE, "Reference").count();
        if references != 1 {
            return Err(E::References(references));
        }
        let [c14n, method, reference] = *children else {
            return Err(E::Shape("SignedInfo holds more than a method, an algorithm and a reference"));
        };
        if !c14n.is(SIGNATURE, "CanonicalizationMethod") || !method.is(SIGNATURE, "SignatureMethod") {
            return Err(E::Shape("SignedInfo holds its parts in the wrong order"));
        }
        let algorithm = method.attribute("Algorithm").unwrap_or_default();
        let method = Method::named(algorithm).ok_or_else(|| E::Algorithm(short(algorithm)))?;
        let [transforms, digest, value] = *reference.elements().collect::<Vec<_>>() else {
            return Err(E::Shape("the reference needs transforms, a digest method and a digest value"));
        };
        let in_order = transforms.is(SIGNATURE, "Transforms")
            && digest.is(SIGNATURE, "DigestMethod")
            && value.is(SIGNATURE, "DigestValue");
        if !in_order {
            return Err(E::Shape("the reference holds its parts in the wrong order"));
        }
        let algorithm = digest.attribute("Algorithm").unwrap_or_default();
        Ok(Self {
            method,
            uri: reference.attribute("URI").unwrap_or_default().to_owned(),
            canonicalization: read_transforms(transforms)?,
            digest: Digest::named(algorithm).ok_or_else(|| E::Digest(short(algorithm)))?,
            digest_value: base64(value)?,
        })
    }
}

/// Exactly the enveloped-signature transform, then exclusive canonicalisation.
fn read_transforms(transforms: &Element) -> Result<Canonicalization, SignatureError> {
    let all: Vec<&Element> = transforms.elements().collect();
    for transform in &all {
        let algorithm = transform.attribute("Algorithm").unwrap_or_default();
        let known = algorithm == ENVELOPED || canonicalization(transform).is_ok();
        if !known || !transform.is(SIGNATURE, "Transform") {
            return Err(E::Transform(short(algorithm)));
        }
    }
    let [enveloped, c14n] = *all else {
        return Err(E::Shape("there must be two transforms: enveloped-signature and exclusive canonicalisation"));
    };
    if enveloped.attribute("Algorithm") != Some(ENVELOPED) || enveloped.elements().next().is_some() {
        return Err(E::Shape("enveloped-signature must be the first transform"));
    }
    canonicalization(c14n).map_err(E::Transform)
}

/// Reads the algorithm and the `InclusiveNamespaces` of a method or a transform; the error is the algorithm's name.
fn canonicalization(method: &Element) -> Result<Canonicalization, String> {
    let algorithm = method.attribute("Algorithm").unwrap_or_default();
    let comments = match algorithm.strip_prefix(EXCLUSIVE) {
        Some("") => false,
        Some("WithComments") => true,
        _ => return Err(short(algorithm)),
    };
    let inclusive = match *method.elements().collect::<Vec<_>>() {
        [] => Vec::new(),
        [list] if list.is(EXCLUSIVE, "InclusiveNamespaces") => {
            let prefixes = list.attribute("PrefixList").unwrap_or_default();
            let plain = |prefix: &str| if prefix == "#default" { String::new() } else { prefix.to_owned() };
            prefixes.split_ascii_whitespace().map(plain).collect()
        }
        _ => return Err(format!("{} with unknown parameters", short(algorithm))),
    };
    Ok(Canonicalization { comments, inclusive })
}

fn base64(element: &Element) -> Result<Vec<u8>, SignatureError> {
    let text: String = element.text().split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| E::Shape("a value is not base64"))
}

/// The fingerprint of the certificate that a message names. Only for the text of an error.
fn presented(key_info: &Element) -> Option<String> {
    let data = key_info.child(SIGNATURE, "X509Data")?.child(SIGNATURE, "X509Certificate")?;
    let der = base64(data).ok()?;
    Some(hex::encode(ring::digest::digest(&ring::digest::SHA256, &der)))
}

fn short(text: &str) -> String {
    if text.is_empty() { "(none)".to_owned() } else { text.chars().take(120).collect() }
}
