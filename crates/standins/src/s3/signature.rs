//! Signature Version 4 as S3 checks it: over the path encoded once, every `x-amz-` header and the digest of the payload.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::NaiveDateTime;
use ring::hmac;

use super::S3Config;
use super::errors::Refused;
use super::place::unescaped;
use crate::server::form::pairs;
use crate::sign::{percent, sha256_hex};

/// How far the signer's clock may be off, in seconds.
const SKEW_S: i64 = 15 * 60;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Refuses what S3 refuses before it looks at what is asked.
pub(super) fn check(config: &S3Config, now_s: i64, parts: &Parts, body: &[u8]) -> Result<(), Refused> {
    let signed = Signed::read(&parts.headers)?;
    if signed.access_key != config.access_key_id {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        return Err(Refused::new("InvalidAccessKeyId", message).with("AWSAccessKeyId", signed.access_key));
    }
    let date = date(&parts.headers, now_s)?;
    check_scope(config, date, signed.scope)?;
    let headers = parts.headers.keys().map(axum::http::HeaderName::as_str);
    let needed = headers.filter(|name| name.starts_with("x-amz-") || *name == "content-md5").chain(["host"]);
    let left_out: Vec<&str> = needed.filter(|name| !signed.names.contains(name)).collect();
    if !left_out.is_empty() {
        let refused = Refused::new("AccessDenied", "There were headers present in the request which were not signed");
        return Err(refused.with("HeadersNotSigned", left_out.join(", ")));
    }
    let digest = payload(config, &parts.headers, body)?;
    let canonical = canonical(parts, &signed.names, digest)?;
    let text = format!("{ALGORITHM}\n{date}\n{}\n{}", signed.scope, sha256_hex(canonical.as_bytes()));
    if sign(&config.secret_access_key, signed.scope, &text) != signed.signature {
        let message = "The request signature we calculated does not match the signature you provided. Check your key and \
                       signing method.";
        return Err(Refused::new("SignatureDoesNotMatch", message)
            .with("AWSAccessKeyId", signed.access_key)
            .with("StringToSign", text)
            .with("SignatureProvided", signed.signature)
            .with("CanonicalRequest", canonical));
    }
    Ok(())
}

/// The pieces of the `Authorization` header.
struct Signed<'a> {
    access_key: &'a str,
    /// Day, region, service and `aws4_request`.
    scope: &'a str,
    names: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self, Refused> {
        let given = headers.get(AUTHORIZATION).ok_or_else(|| Refused::new("AccessDenied", "Access Denied"))?;
        let given = given.to_str().ok().and_then(|text| text.strip_prefix(ALGORITHM)).ok_or_else(|| {
            let message =
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
            Refused::new("InvalidRequest", message)
        })?;
        let malformed = || Refused::new("AuthorizationHeaderMalformed", "The authorization header is malformed.");
        let pieces: BTreeMap<&str, &str> = given.split(',').filter_map(|piece| piece.trim().split_once('=')).collect();
        let piece = |name: &str| pieces.get(name).copied().ok_or_else(malformed);
        let (access_key, scope) = piece("Credential")?.split_once('/').ok_or_else(malformed)?;
        let names = piece("SignedHeaders")?.split(';').collect();
        Ok(Self { access_key, scope, names, signature: piece("Signature")? })
    }
}

/// The moment of signing, which must be near to now.
fn date(headers: &HeaderMap, now_s: i64) -> Result<&str, Refused> {
    let date = headers.get("x-amz-date").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
        .map_err(|_| Refused::new("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"))?;
    if (at.and_utc().timestamp() - now_s).abs() > SKEW_S {
        let message = "The difference between the request time and the current time is too large.";
        let most = (SKEW_S * 1000).to_string();
        return Err(Refused::new("RequestTimeTooSkewed", message)
            .with("RequestTime", date)
            .with("MaxAllowedSkewMilliseconds", most));
    }
    Ok(date)
}

/// A signature is good for one day, region and service.
fn check_scope(config: &S3Config, date: &str, given: &str) -> Result<(), Refused> {
    let malformed = |what: &str| {
        Refused::new("AuthorizationHeaderMalformed", format!("The authorization header is malformed; {what}"))
    };
    let pieces: Vec<&str> = given.split('/').collect();
    let &[day, region, service, end] = pieces.as_slice() else { return Err(malformed("the Credential is mal-formed")) };
    if region != config.region {
        let expected = &config.region;
        let refused = malformed(&format!("the region '{region}' is wrong; expecting '{expected}'"));
        return Err(refused.with("Region", expected.as_str()));
    }
    if !date.starts_with(day) || day.len() != 8 || service != "s3" || end != "aws4_request" {
        return Err(malformed("the Credential is mal-formed"));
    }
    Ok(())
}

/// The digest that was signed, which must be that of the body.
fn payload<'a>(config: &S3Config, headers: &'a HeaderMap, body: &[u8]) -> Result<&'a str, Refused> {
    let given = headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Refused::new("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    })?;
    let ours = sha256_hex(body);
    match given {
        UNSIGNED if config.unsigned_payload => Ok(given),
        UNSIGNED => Err(Refused::new("AccessDenied", "The policy of this bucket wants payloads to be signed")),
        _ if given.starts_with("STREAMING-") => Err(Refused::not_implemented("x-amz-content-sha256")),
        _ if given == ours => Ok(given),
        _ => {
            let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            Err(Refused::new("XAmzContentSHA256Mismatch", message)
                .with("ClientComputedContentSHA256", given)
                .with("S3ComputedContentSHA256", ours))
        }
    }
}

/// The request in the one writing that both sides sign.
fn canonical(parts: &Parts, names: &[&str], digest: &str) -> Result<String, Refused> {
    let path = unescaped(parts.uri.path())?;
    let path: Vec<String> = path.split('/').map(percent).collect();
    let query = pairs(parts.uri.query().unwrap_or_default());
    let query: BTreeMap<String, String> = query.iter().map(|(name, value)| (percent(name), percent(value))).collect();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines: Vec<String> = names.iter().map(|name| format!("{name}:{}\n", value(&parts.headers, name))).collect();
    let (method, path, query) = (&parts.method, path.join("/"), query.join("&"));
    Ok(format!("{method}\n{path}\n{query}\n{}\n{}\n{digest}", lines.concat(), names.join(";")))
}

/// A header as it is signed: its words one space apart, and what is given more than once joined by commas.
fn value(headers: &HeaderMap, name: &str) -> String {
    let given = headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    given.collect::<Vec<_>>().join(",")
}

fn sign(secret: &str, scope: &str, text: &str) -> String {
    let mac =
        |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec();
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, step| mac(&key, step));
    hex::encode(mac(&key, text))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const WELCOME: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    /// 2013-05-24T00:00:00Z, when the documents' examples were signed.
    const THEN_S: i64 = 1_369_353_600;

    /// The bucket and the key of the examples in "Authenticating Requests: Using the Authorization Header".
    fn documented() -> S3Config {
        S3Config {
            region: "us-east-1".into(),
            bucket: "examplebucket".into(),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            host: "s3.amazonaws.com".into(),
            ..S3Config::default()
        }
    }

    fn request(line: &str, digest: &str, more: &[(&str, &str)], names: &str, signature: &str) -> Parts {
        let (method, uri) = line.split_once(' ').unwrap();
        let scope = "20130524/us-east-1/s3/aws4_request";
        let credential = format!("AKIAIOSFODNN7EXAMPLE/{scope}");
        let signed = format!("{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={signature}");
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("x-amz-date", "20130524T000000Z")
            .header("x-amz-content-sha256", digest)
            .header("authorization", signed);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn get(line: &str, signature: &str) -> Parts {
        request(line, EMPTY, &[], "host;x-amz-content-sha256;x-amz-date", signature)
    }

    fn said(parts: &Parts, now_s: i64, body: &[u8]) -> String {
        check(&documented(), now_s, parts, body).map_err(|refused| refused.code().to_owned()).err().unwrap_or_default()
    }

    #[test]
    fn the_documents_examples_pass() {
        let range = request(
            "GET /test.txt",
            EMPTY,
            &[("range", "bytes=0-9")],
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        );
        assert_eq!(said(&range, THEN_S, b""), "");
        let put = request(
            "PUT /test$file.text",
            WELCOME,
            &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        );
        assert_eq!(said(&put, THEN_S, b"Welcome to Amazon S3."), "");
        assert_eq!(said(&put, THEN_S, b"Welcome to Amazon S4."), "XAmzContentSHA256Mismatch");
        let lifecycle = get("GET /?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        assert_eq!(said(&lifecycle, THEN_S, b""), "");
        let list = get("GET /?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
        assert_eq!(said(&list, THEN_S, b""), "");
    }

    #[test]
    fn anything_else_than_what_was_signed_is_refused() {
        let signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        for line in [
            "GET /?max-keys=3&prefix=J",
            "GET /?max-keys=2",
            "HEAD /?max-keys=2&prefix=J",
            "GET /a?max-keys=2&prefix=J",
        ] {
            assert_eq!(said(&get(line, signature), THEN_S, b""), "SignatureDoesNotMatch", "{line}");
        }
        let whole = || get("GET /?prefix=J&max-keys=2", signature);
        assert_eq!(said(&whole(), THEN_S, b""), "", "the order of a query does not count");
        assert_eq!(said(&whole(), THEN_S + 15 * 60, b""), "");
        assert_eq!(said(&whole(), THEN_S + 15 * 60 + 1, b""), "RequestTimeTooSkewed");
        assert_eq!(said(&whole(), THEN_S - 15 * 60 - 1, b""), "RequestTimeTooSkewed");
        assert_eq!(said(&whole(), THEN_S, b"more"), "XAmzContentSHA256Mismatch");
        let mut extra = whole();
        extra.headers.insert("x-amz-acl", "public-read".parse().unwrap());
        assert_eq!(said(&extra, THEN_S, b""), "AccessDenied", "a header that was slipped in");
        let mut nobody = whole();
        nobody.headers.remove("authorization");
        assert_eq!(said(&nobody, THEN_S, b""), "AccessDenied");
    }

    #[test]
    fn a_scope_of_elsewhere_is_refused() {
        let scoped = |scope: &str| {
            check_scope(&documented(), "20130524T000000Z", scope).map_err(|refused| refused.code().to_owned())
        };
        assert_eq!(scoped("20130524/us-east-1/s3/aws4_request"), Ok(()));
        for scope in [
            "20130524/eu-west-1/s3/aws4_request",
            "20130523/us-east-1/s3/aws4_request",
            "/us-east-1/s3/aws4_request",
            "20130524/us-east-1/kms/aws4_request",
            "20130524/us-east-1/s3",
        ] {
            assert_eq!(scoped(scope), Err("AuthorizationHeaderMalformed".into()), "{scope}");
        }
    }
}
