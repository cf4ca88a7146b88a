//! The certificates that an organisation pins for its identity provider.
//!
//! A pinned certificate is a container for a key: no chain is built and no issuer is asked. Its validity is shown to
//! people and not enforced: what is pinned is trusted until somebody takes it away, and a sign-in for everybody that ends at
//! midnight would be worse (the SAML metadata interoperability profile says the same).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::digest;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// The largest certificate that is read, in bytes of DER.
const MAX_DER: usize = 16 * 1024;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A certificate whose key may sign messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    pub(crate) key: PublicKey,
    /// Whom it names, for people.
    pub subject: String,
    /// From when it is meant to be used.
    pub not_before: DateTime<Utc>,
    /// Until when it is meant to be used.
    pub not_after: DateTime<Utc>,
}

/// A public key in the shape in which `ring` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// A DER `RSAPublicKey`.
    Rsa(Vec<u8>),
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
}

/// Why a certificate cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// Neither PEM nor base64.
    #[error("this is not a certificate: paste it as PEM, from BEGIN CERTIFICATE to END CERTIFICATE, or as base64")]
    NotText,
    /// Not X.509.
    #[error("the certificate cannot be read: it is not X.509 in DER")]
    NotX509,
    /// A kind of key that does not sign for us.
    #[error("the certificate's key is of an unsupported kind; RSA, ECDSA P-256 and ECDSA P-384 are supported")]
    Key,
    /// An RSA key that can be broken.
    #[error("the certificate's RSA key has {0} bits; at least 2048 and at most 8192 are needed")]
    KeySize(usize),
}

impl Certificate {
    /// Reads one certificate, as PEM or as the bare base64 of metadata.
    pub fn from_text(text: &str) -> Result<Self, BadCertificate> {
        let inner = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----").ok_or(BadCertificate::NotText)?.0,
            None => text,
        };
        let base64: String = inner.split_ascii_whitespace().collect();
        if base64.is_empty() || base64.len() > MAX_DER * 2 {
            return Err(BadCertificate::NotText);
        }
        Self::from_der(&STANDARD.decode(base64).map_err(|_| BadCertificate::NotText)?)
    }

    /// Reads every certificate of a PEM text, or one of bare base64.
    pub fn all_from_text(text: &str) -> Result<Vec<Self>, BadCertificate> {
        let begin = "-----BEGIN CERTIFICATE-----";
        if !text.contains(begin) {
            return Ok(vec![Self::from_text(text)?]);
        }
        text.split(begin).skip(1).map(|part| Self::from_text(&format!("{begin}{part}"))).collect()
    }

    /// Reads the DER that was stored.
    pub fn from_der(der: &[u8]) -> Result<Self, BadCertificate> {
        if der.len() > MAX_DER {
            return Err(BadCertificate::NotX509);
        }
        let read = x509_cert::Certificate::from_der(der).map_err(|_| BadCertificate::NotX509)?;
        let body = read.tbs_certificate();
        let at = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
            seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(BadCertificate::NotX509)
        };
        Ok(Self {
            der: der.to_vec(),
            key: PublicKey::read(body.subject_public_key_info())?,
            subject: body.subject().to_string().chars().take(200).collect(),
            not_before: at(body.validity().not_before)?,
            not_after: at(body.validity().not_after)?,
        })
    }

    /// What to store.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the certificate in hex: what identity providers show beside theirs.
    pub fn fingerprint(&self) -> String {
        hex::encode(digest::digest(&digest::SHA256, &self.der))
    }
}

impl PublicKey {
    fn read(info: &SubjectPublicKeyInfoOwned) -> Result<Self, BadCertificate> {
        let bytes = info.subject_public_key.as_bytes().ok_or(BadCertificate::Key)?.to_vec();
        let oid = info.algorithm.oid;
        if oid == RSA {
            let bits = modulus_bits(&bytes).ok_or(BadCertificate::Key)?;
            return if (2048..=8192).contains(&bits) {
                Ok(Self::Rsa(bytes))
            } else {
                Err(BadCertificate::KeySize(bits))
            };
        }
        let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        match curve {
            Some(curve) if oid == ELLIPTIC && curve == P256 && bytes.len() == 65 => Ok(Self::P256(bytes)),
            Some(curve) if oid == ELLIPTIC && curve == P384 && bytes.len() == 97 => Ok(Self::P384(bytes)),
            _ => Err(BadCertificate::Key),
        }
    }
}

/// The size of the modulus in a DER `RSAPublicKey`.
fn modulus_bits(der: &[u8]) -> Option<usize> {
    use x509_cert::der::asn1::UintRef;
    use x509_cert::der::{Reader, SliceReader};

    let mut reader = SliceReader::new(der).ok()?;
    let modulus = reader
        .sequence(|inner| {
            let modulus = inner.decode::<UintRef<'_>>()?;
            inner.decode::<UintRef<'_>>()?;
            Ok::<_, x509_cert::der::Error>(modulus)
        })
        .ok()?;
    let bytes = modulus.as_bytes();
    Some((bytes.len() * 8).saturating_sub(bytes.first()?.leading_zeros() as usize))
}
