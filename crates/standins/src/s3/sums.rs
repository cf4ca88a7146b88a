//! Sums that a sender gives with a body, compared with the body that arrived.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use ring::digest;

use super::errors::Refused;

const SHA256: &str = "x-amz-checksum-sha256";

/// Refuses a body that is not the one its sums were made of.
pub(super) fn check(headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
    if let Some(given) = given(headers, "content-md5") {
        let sum = STANDARD.decode(given).ok().filter(|sum| sum.len() == 16);
        let sum = sum.ok_or_else(|| Refused::new("InvalidDigest", "The Content-MD5 you specified was invalid."))?;
        if sum != md5(body) {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(Refused::new("BadDigest", message));
        }
    }
    if let Some(given) = given(headers, SHA256) {
        let sum = STANDARD.decode(given).ok().filter(|sum| sum.len() == 32);
        let message = format!("Value for {SHA256} header is invalid.");
        let sum = sum.ok_or_else(|| Refused::new("InvalidRequest", message))?;
        if sum != sha256(body) {
            return Err(Refused::new("BadDigest", "The SHA256 you specified did not match the calculated checksum."));
        }
    }
    let other = headers.keys().find(|name| name.as_str().starts_with("x-amz-checksum-") && *name != SHA256);
    other.map_or(Ok(()), |name| Err(Refused::not_implemented(name.as_str())))
}

/// Whether a body came with any sum.
pub(super) fn is_given(headers: &HeaderMap) -> bool {
    given(headers, "content-md5").or(given(headers, SHA256)).is_some()
}

/// MD5, of which S3 makes its entity tags.
pub(super) fn md5(bytes: &[u8]) -> Vec<u8> {
    Md5::digest(bytes).to_vec()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

fn given<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &'static str, value: &str, body: &[u8]) -> String {
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        check(&headers, body).map_err(|refused| refused.code().to_owned()).err().unwrap_or_default()
    }

    #[test]
    fn sums_that_fit_pass_and_others_do_not() {
        // RFC 1321 gives the MD5 of "abc", FIPS 180-2 its SHA-256.
        assert_eq!(said("content-md5", "kAFQmDzST7DWlj99KOF/cg==", b"abc"), "");
        assert_eq!(said("content-md5", "kAFQmDzST7DWlj99KOF/cg==", b"abd"), "BadDigest");
        assert_eq!(said("content-md5", "kAFQ", b"abc"), "InvalidDigest");
        assert_eq!(said(SHA256, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", b"abc"), "");
        assert_eq!(said(SHA256, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", b""), "BadDigest");
        assert_eq!(said(SHA256, "?", b"abc"), "InvalidRequest");
        assert_eq!(said("x-amz-checksum-crc32", "NSRBwg==", b"abc"), "NotImplemented");
        assert_eq!(said("content-type", "text/plain", b"abc"), "");
    }
}
