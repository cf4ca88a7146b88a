//! Public keys as authenticators give them (`COSE_Key`, RFC 9052 and 9053) and signatures by them.
//!
//! Rule: the algorithm is the key's own, bound to its type and curve; nothing that comes with a signature chooses it.

use cbor4ii::core::Value;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};

use super::{Wrong, cbor};

/// The algorithms we register keys of, the one we like best first: ECDSA on P-256, EdDSA on Ed25519, RSA PKCS #1 v1.5.
pub(crate) const ALGORITHMS: [i32; 3] = [-7, -8, -257];

/// Bytes of an RSA modulus: 2048 to 8192 bits, as `ring` checks too.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A public key that signs for a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl Key {
    /// Reads a `COSE_Key`.
    pub(crate) fn read(value: &Value) -> Result<Self, Wrong> {
        match (number(value, 1)?, number(value, 3)?) {
            (2, -7) if number(value, -1)? == 1 => {
                let (x, y) = (bytes(value, -2)?, bytes(value, -3)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(Wrong::Key);
                }
                Ok(Self::P256([&[4], x, y].concat()))
            }
            (1, -8) if number(value, -1)? == 6 => {
                let x = bytes(value, -2)?;
                if x.len() == 32 { Ok(Self::Ed25519(x.to_owned())) } else { Err(Wrong::Key) }
            }
            (3, -257) => {
                let (modulus, exponent) = (bytes(value, -1)?.to_owned(), bytes(value, -2)?.to_owned());
                let fits = RSA_BYTES.contains(&modulus.len()) && (1..=8).contains(&exponent.len());
                if fits { Ok(Self::Rsa { modulus, exponent }) } else { Err(Wrong::Key) }
            }
            _ => Err(Wrong::Algorithm),
        }
    }

    /// Its algorithm, in COSE's numbers.
    pub(crate) const fn algorithm(&self) -> i32 {
        match self {
            Self::P256(_) => -7,
            Self::Ed25519(_) => -8,
            Self::Rsa { .. } => -257,
        }
    }

    /// Whether a signature over a message is by this key.
    pub(crate) fn verify(&self, message: &[u8], signed: &[u8]) -> Result<(), Wrong> {
        let verified = match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point).verify(message, signed)
            }
            Self::Ed25519(point) => UnparsedPublicKey::new(&signature::ED25519, point).verify(message, signed),
            Self::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signed,
            ),
        };
        verified.map_err(|_| Wrong::Signature)
    }
}

/// The entry under a label; a label that stands twice is no key.
fn entry(value: &Value, label: i128) -> Result<&Value, Wrong> {
    cbor::entry(value, &Value::Integer(label)).map_err(|_| Wrong::Key)
}

fn number(value: &Value, label: i128) -> Result<i64, Wrong> {
    cbor::number(entry(value, label)?).map_err(|_| Wrong::Key)
}

fn bytes(value: &Value, label: i128) -> Result<&[u8], Wrong> {
    cbor::bytes(entry(value, label)?).map_err(|_| Wrong::Key)
}
