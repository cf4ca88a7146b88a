//! Signatures of compact JWS (RFC 7515) with the provider's published keys (RFC 7517), by `ring` alone.
//!
//! The token names an algorithm and a key; both only choose among what we allow and what the provider published. `none`, every
//! HMAC and keys that the token brings along (`jwk`, `jku`, `x5c`, `x5u`) are nothing here: there is no code that reads them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, signature};
use serde::Deserialize;

use super::Untrusted;

/// The longest token that is looked at.
const LONGEST: usize = 64 * 1024;

/// The algorithms we trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alg {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Alg {
    pub(super) const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a name, if we trust it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }

    /// The hash of `at_hash` (OpenID Connect Core 3.1.3.6); Ed25519 is made with SHA-512.
    pub(super) fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::EdDsa => &digest::SHA512,
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
        }
    }
}

/// A public key of the provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// Whether this key makes signatures of the algorithm.
    fn fits(&self, alg: Alg) -> bool {
        let curve = self.crv.as_deref();
        let kind = match alg {
            Alg::Rs256 | Alg::Ps256 => self.kty == "RSA" && self.n.is_some() && self.e.is_some(),
            Alg::Es256 => self.kty == "EC" && curve == Some("P-256"),
            Alg::EdDsa => self.kty == "OKP" && curve == Some("Ed25519"),
        };
        kind && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|own| own == alg.name())
    }

    /// Whether any algorithm of ours can use it.
    pub(super) fn is_usable(&self) -> bool {
        Alg::ALL.into_iter().any(|alg| self.fits(alg))
    }

    fn verify(&self, alg: Alg, message: &[u8], signature: &[u8]) -> Option<()> {
        let part = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?.trim_end_matches('=')).ok();
        match alg {
            Alg::Rs256 | Alg::Ps256 => {
                let kind = match alg {
                    Alg::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                    _ => &signature::RSA_PSS_2048_8192_SHA256,
                };
                // Some providers pad the numbers with zero bytes, which ring refuses.
                let number =
                    |text| part(text).map(|bytes| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>());
                let key = signature::RsaPublicKeyComponents { n: number(&self.n)?, e: number(&self.e)? };
                key.verify(kind, message, signature).ok()
            }
            Alg::Es256 => {
                let (x, y) = (part(&self.x)?, part(&self.y)?);
                let point = [&[4], &*x, &*y].concat();
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .ok()
            }
            Alg::EdDsa => {
                signature::UnparsedPublicKey::new(&signature::ED25519, part(&self.x)?).verify(message, signature).ok()
            }
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// A token whose parts read; nothing in it is proved.
#[derive(Debug)]
pub(super) struct Jws<'a> {
    pub(super) alg: Alg,
    kid: Option<String>,
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a signature could not be checked, or is not right.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// No published key is the one the token names: it may be newer than what we hold.
    UnknownKey,
    /// The signature is not the key's.
    Wrong,
}

impl<'a> Jws<'a> {
    /// Takes a compact token apart.
    pub(super) fn read(token: &'a str) -> Result<Self, Untrusted> {
        let malformed = || Untrusted("it is not a signed token");
        if token.len() > LONGEST {
            return Err(Untrusted("its token is too long"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) =
            message.split_once('.').filter(|(_, rest)| !rest.contains('.')).ok_or_else(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        let alg = Alg::named(&header.alg).ok_or(Untrusted("it is signed with an algorithm that is not allowed"))?;
        if header.crit.is_some() {
            return Err(Untrusted("its token demands an extension that is not known"));
        }
        Ok(Self { alg, kid: header.kid, message, payload: decode(payload)?, signature: decode(signature)? })
    }

    /// The payload, once the signature is proved to be of the published key the token names.
    pub(super) fn proved(&self, keys: &[Jwk]) -> Result<&[u8], Unsigned> {
        let mut fitting = keys.iter().filter(|key| key.fits(self.alg));
        let key = match &self.kid {
            Some(_) => fitting.find(|key| key.kid == self.kid),
            // Without a name there must be no choice.
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        let key = key.ok_or(Unsigned::UnknownKey)?;
        key.verify(self.alg, self.message.as_bytes(), &self.signature).ok_or(Unsigned::Wrong)?;
        Ok(&self.payload)
    }
}

#[cfg(test)]
mod tests;
