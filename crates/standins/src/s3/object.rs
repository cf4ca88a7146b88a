//! One object: put it, read it or a part of it, on conditions.

use std::ops::Range;

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::errors::Refused;
use super::{S3, sums};
use crate::server::locked;

/// The longest key, in bytes.
const LONGEST_KEY: usize = 1024;

/// What is under a key.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    pub(super) etag: String,
    pub(super) at_ms: i64,
    media_type: String,
}

impl Object {
    pub(super) fn new(bytes: Bytes, media_type: &str, at_ms: i64) -> Self {
        let etag = format!("\"{}\"", hex::encode(sums::md5(&bytes)));
        Self { bytes, etag, at_ms, media_type: media_type.to_owned() }
    }
}

/// `PUT /{key}`.
pub(super) fn put(s3: &S3, key: String, headers: &HeaderMap, body: &Bytes) -> Result<Response, Refused> {
    if key.len() > LONGEST_KEY {
        return Err(Refused::new("KeyTooLongError", "Your key is too long"));
    }
    let elsewhere = ["x-amz-copy-source", "x-amz-tagging", "x-amz-server-side-encryption"];
    if let Some(name) = elsewhere.into_iter().find(|name| headers.contains_key(*name)) {
        return Err(Refused::not_implemented(name));
    }
    let media_type = header(headers, "content-type").unwrap_or("binary/octet-stream");
    let object = Object::new(body.clone(), media_type, s3.shared.clock.now_ms());
    let mut objects = locked(&s3.objects);
    let there = objects.get(&key);
    match (header(headers, "if-none-match"), there) {
        (Some("*"), Some(_)) => return Err(failed("If-None-Match")),
        (Some("*"), None) | (None, _) => {}
        (Some(_), _) => return Err(Refused::not_implemented("If-None-Match")),
    }
    match (header(headers, "if-match"), there) {
        (Some(wanted), Some(there)) if wanted != there.etag => return Err(failed("If-Match")),
        (Some(_), None) => return Err(absent(&key)),
        _ => {}
    }
    let etag = object.etag.clone();
    objects.insert(key, object);
    Ok((StatusCode::OK, [(ETAG, etag)]).into_response())
}

/// `GET` or `HEAD /{key}`.
pub(super) fn get(s3: &S3, key: &str, headers: &HeaderMap, with_body: bool) -> Result<Response, Refused> {
    let object = locked(&s3.objects).get(key).cloned().ok_or_else(|| absent(key))?;
    if header(headers, "if-match").is_some_and(|wanted| wanted != object.etag) {
        return Err(failed("If-Match"));
    }
    if header(headers, "if-none-match").is_some_and(|known| known == object.etag || known == "*") {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, object.etag)]).into_response());
    }
    let length = object.bytes.len();
    let part = header(headers, "range").and_then(|range| wanted(range, length));
    let part = part.transpose()?;
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let of = part.as_ref().map(|part| format!("bytes {}-{}/{length}", part.start, part.end - 1));
    let bytes = object.bytes.slice(part.unwrap_or(0..length));
    let changed = chrono::DateTime::from_timestamp_millis(object.at_ms).unwrap_or_default();
    let mut response = Response::builder()
        .status(status)
        .header(ETAG, object.etag)
        .header(CONTENT_TYPE, object.media_type)
        .header(ACCEPT_RANGES, "bytes")
        .header(LAST_MODIFIED, changed.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        // Said by itself, so that a body that breaks off is noticed.
        .header(CONTENT_LENGTH, bytes.len());
    if let Some(of) = of {
        response = response.header(CONTENT_RANGE, of);
    }
    let body = if with_body { Body::from(bytes) } else { Body::empty() };
    response.body(body).map_err(|error| Refused::new("InternalError", error.to_string()))
}

/// The part that `bytes=…` asks for; none for what is no range, which is answered in whole.
fn wanted(range: &str, length: usize) -> Option<Result<Range<usize>, Refused>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first, last) {
        ("", last) => (length.saturating_sub(last.parse().ok()?), length),
        (first, "") => (first.parse().ok()?, length),
        (first, last) => {
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            (first, (first <= last).then(|| length.min(last.saturating_add(1)))?)
        }
    };
    if start >= end {
        return Some(Err(Refused::new("InvalidRange", "The requested range is not satisfiable")));
    }
    Some(Ok(start..end))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn absent(key: &str) -> Refused {
    Refused::new("NoSuchKey", "The specified key does not exist.").with("Key", key)
}

fn failed(condition: &str) -> Refused {
    let message = "At least one of the pre-conditions you specified did not hold";
    Refused::new("PreconditionFailed", message).with("Condition", condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        let part = |range: &str| wanted(range, 10).map(|part| part.map_err(|refused| refused.code().to_owned()));
        for (range, part_of_ten) in [
            ("bytes=0-9", 0..10),
            ("bytes=3-5", 3..6),
            ("bytes=3-", 3..10),
            ("bytes=-4", 6..10),
            ("bytes=-40", 0..10),
            ("bytes=8-400", 8..10),
        ] {
            assert_eq!(part(range), Some(Ok(part_of_ten)), "{range}");
        }
        for range in ["bytes=10-", "bytes=12-20", "bytes=-0"] {
            assert_eq!(part(range), Some(Err("InvalidRange".into())), "{range}");
        }
        for range in ["lines=1-2", "bytes=a-b", "bytes=1", "bytes=5-3", "bytes=-"] {
            assert_eq!(part(range), None, "{range}");
        }
    }
}
