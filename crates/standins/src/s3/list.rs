//! `GET /?list-type=2`: keys in order, a page at a time; the token of the next page is opaque to the asker.

use std::collections::BTreeMap;
use std::ops::Bound;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quick_xml::escape::escape;

use super::S3;
use super::errors::{Refused, xml};
use super::object::Object;
use crate::server::clock::iso;
use crate::server::locked;

const KNOWN: [&str; 5] = ["list-type", "prefix", "continuation-token", "start-after", "max-keys"];

pub(super) fn answer(s3: &S3, query: &BTreeMap<String, String>) -> Result<Response, Refused> {
    if let Some(unknown) = query.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refused::not_implemented(unknown));
    }
    let asked = |name: &str| query.get(name).map(String::as_str);
    if asked("list-type") != Some("2") {
        return Err(Refused::not_implemented("a list of the first version"));
    }
    let most = match asked("max-keys") {
        Some(most) => {
            most.parse::<usize>().map_err(|_| invalid("Provided max-keys not an integer or within integer range"))?
        }
        None => s3.config.page,
    };
    let most = s3.config.page.min(most);
    let after = match asked("continuation-token") {
        Some(token) => opened(token)?,
        None => asked("start-after").unwrap_or_default().to_owned(),
    };
    let prefix = asked("prefix").unwrap_or_default();
    let objects = locked(&s3.objects);
    let mut found = objects
        .range::<str, _>((Bound::Excluded(after.as_str()), Bound::Unbounded))
        .filter(|(key, _)| key.starts_with(prefix))
        .peekable();
    let page: Vec<(&String, &Object)> = found.by_ref().take(most).collect();
    let next = match (found.peek(), page.last()) {
        (Some(_), Some((last, _))) => {
            format!("<NextContinuationToken>{}</NextContinuationToken>", URL_SAFE_NO_PAD.encode(last.as_bytes()))
        }
        _ => String::new(),
    };
    let contents: Vec<String> = page.iter().map(|(key, object)| line(key, object)).collect();
    let (name, prefix, count) = (&s3.config.bucket, escape(prefix), page.len());
    let (truncated, contents) = (!next.is_empty(), contents.concat());
    Ok(xml(
        200,
        &format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{name}</Name>\
             <Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><MaxKeys>{most}</MaxKeys>\
             <IsTruncated>{truncated}</IsTruncated>{contents}{next}</ListBucketResult>"
        ),
    ))
}

fn line(key: &str, object: &Object) -> String {
    let (key, etag, at, size) = (escape(key), escape(object.etag.as_str()), iso(object.at_ms), object.bytes.len());
    format!(
        "<Contents><Key>{key}</Key><LastModified>{at}</LastModified><ETag>{etag}</ETag><Size>{size}</Size>\
         <StorageClass>STANDARD</StorageClass></Contents>"
    )
}

/// The key after which a page begins.
fn opened(token: &str) -> Result<String, Refused> {
    let key = URL_SAFE_NO_PAD.decode(token).ok().and_then(|key| String::from_utf8(key).ok());
    key.ok_or_else(|| invalid("The continuation token provided is incorrect"))
}

fn invalid(message: &str) -> Refused {
    Refused::new("InvalidArgument", message)
}
