//! The bucket, asked with requests that are signed by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use standins::s3::{S3, S3Config};
use standins::server::Standin;
use standins::sign::sha256_hex;
use standins::{Fault, Handle, Rule};

use crate::http;

async fn bucket(change: impl FnOnce(&mut S3Config)) -> Handle<S3> {
    let mut config = S3Config { bucket: "pictures".into(), ..S3Config::default() };
    change(&mut config);
    S3::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port")
}

/// What came back.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answer {
    fn code(&self) -> &str {
        self.between("<Code>", "</Code>").unwrap_or_default()
    }

    fn between(&self, open: &str, close: &str) -> Option<&str> {
        Some(self.text.split_once(open)?.1.split_once(close)?.0)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A request before it is signed. Paths and queries are written as they are signed: encoded, and in order.
struct Draft<'a> {
    s3: &'a Handle<S3>,
    line: String,
    secret: String,
    key: String,
    region: String,
    at_s: i64,
    headers: BTreeMap<String, String>,
    unsigned: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

impl<'a> Draft<'a> {
    fn new(s3: &'a Handle<S3>, line: &str) -> Self {
        Self {
            s3,
            line: line.to_owned(),
            secret: s3.config.secret_access_key.clone(),
            key: s3.config.access_key_id.clone(),
            region: s3.config.region.clone(),
            at_s: s3.shared().clock.now_s(),
            headers: BTreeMap::new(),
            unsigned: Vec::new(),
            body: Vec::new(),
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With the sum that a removal needs.
    fn summed(self) -> Self {
        let sum = STANDARD.encode(digest::digest(&digest::SHA256, &self.body));
        self.header("x-amz-checksum-sha256", &sum)
    }

    async fn send(mut self) -> Answer {
        let (method, target) = self.line.split_once(' ').expect("a method and a target");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let at = chrono::DateTime::from_timestamp(self.at_s, 0).expect("a moment");
        let date = at.format("%Y%m%dT%H%M%SZ").to_string();
        let digest = sha256_hex(&self.body);
        let host = self.s3.base_url().trim_start_matches("http://").to_owned();
        self.headers.entry("host".into()).or_insert(host);
        self.headers.entry("x-amz-date".into()).or_insert(date.clone());
        let digest = self.headers.entry("x-amz-content-sha256".into()).or_insert(digest).clone();
        let names: Vec<&str> = self.headers.keys().map(String::as_str).collect();
        let names = names.join(";");
        let lines: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{method}\n{path}\n{query}\n{}\n{names}\n{digest}", lines.concat());
        let scope = format!("{}/{}/s3/aws4_request", &date[..8], self.region);
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for step in scope.split('/').chain([text.as_str()]) {
            key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec();
        }
        let (credential, signature) = (format!("{}/{scope}", self.key), hex::encode(key));
        let signed = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        let method: reqwest::Method = method.parse().expect("a method");
        let mut request = http().request(method, format!("{}{target}", self.s3.base_url()));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in self.unsigned {
            request = request.header(name, value);
        }
        let response = request.header("authorization", signed).body(self.body).send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("text") }
    }
}

#[tokio::test]
async fn an_object_is_kept_read_in_part_and_removed() {
    let s3 = bucket(|_| {}).await;
    let object = "/pictures/org/caf%C3%A9%20%26%20co.txt";
    let ask = |method: &str| Draft::new(&s3, &format!("{method} {object}"));
    let absent = ask("GET").send().await;
    assert_eq!((absent.status, absent.code()), (404, "NoSuchKey"));
    let put = ask("PUT").header("content-type", "text/plain").body("abc").send().await;
    // RFC 1321 gives the MD5 of "abc".
    let etag = "\"900150983cd24fb0d6963f7d28e17f72\"";
    assert_eq!((put.status, put.header("etag")), (200, etag));
    assert_eq!(s3.keys(), ["org/café & co.txt"]);
    let read = ask("GET").send().await;
    assert_eq!((read.status, read.text.as_str(), read.header("content-type")), (200, "abc", "text/plain"));
    assert!(read.header("last-modified").ends_with(" GMT"));
    let head = ask("HEAD").send().await;
    assert_eq!((head.status, head.header("content-length"), head.text.as_str()), (200, "3", ""));
    let part = ask("GET").header("range", "bytes=1-").send().await;
    assert_eq!((part.status, part.text.as_str(), part.header("content-range")), (206, "bc", "bytes 1-2/3"));
    assert_eq!(ask("GET").header("range", "bytes=3-").send().await.code(), "InvalidRange");
    assert_eq!(ask("GET").header("if-none-match", etag).send().await.status, 304);
    assert_eq!(ask("PUT").header("if-none-match", "*").body("new").send().await.code(), "PreconditionFailed");
    assert_eq!(ask("PUT").header("if-match", "\"other\"").body("new").send().await.code(), "PreconditionFailed");
    assert_eq!(ask("PUT").header("if-match", etag).body("").send().await.status, 200);
    assert_eq!(ask("GET").send().await.text, "");
    assert_eq!((ask("DELETE").send().await.status, ask("DELETE").send().await.status), (204, 204));
    assert!(s3.keys().is_empty());
}

#[tokio::test]
async fn who_asks_wrongly_is_refused_as_s3_refuses() {
    let s3 = bucket(|_| {}).await;
    let ask = || Draft::new(&s3, "PUT /pictures/a").body("abc");
    let now_s = s3.shared().clock.now_s();
    let empty = sha256_hex(b"");
    for (draft, status, code) in [
        (Draft { secret: "another".into(), ..ask() }, 403, "SignatureDoesNotMatch"),
        (Draft { key: "AKIDOTHER".into(), ..ask() }, 403, "InvalidAccessKeyId"),
        (Draft { region: "us-east-1".into(), ..ask() }, 400, "AuthorizationHeaderMalformed"),
        (Draft { at_s: now_s - 16 * 60, ..ask() }, 403, "RequestTimeTooSkewed"),
        (Draft { at_s: now_s + 16 * 60, ..ask() }, 403, "RequestTimeTooSkewed"),
        (Draft { line: "PUT /elsewhere/a".into(), ..ask() }, 404, "NoSuchBucket"),
        (Draft { unsigned: vec![("x-amz-acl", "public-read")], ..ask() }, 403, "AccessDenied"),
        (ask().header("x-amz-content-sha256", &empty), 400, "XAmzContentSHA256Mismatch"),
        (ask().header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), 403, "AccessDenied"),
        (ask().header("content-md5", "kAFQmDzST7DWlj99KOF/cw=="), 400, "BadDigest"),
        (ask().header("x-amz-copy-source", "/pictures/b"), 501, "NotImplemented"),
        (Draft { line: "PUT /pictures/a?tagging=".into(), ..ask() }, 501, "NotImplemented"),
        (Draft { line: format!("PUT /pictures/{}", "a".repeat(1025)), ..ask() }, 400, "KeyTooLongError"),
    ] {
        let answer = draft.send().await;
        assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
    }
    assert!(s3.keys().is_empty(), "nothing of it was done");
    let nobody = http().get(format!("{}/pictures/a", s3.base_url())).send().await.unwrap();
    assert_eq!(nobody.status(), 403);
    let trusting = bucket(|config| config.unsigned_payload = true).await;
    let unsigned = Draft::new(&trusting, "PUT /pictures/a").header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(unsigned.body("abc").send().await.status, 200);
}

#[tokio::test]
async fn a_list_comes_by_the_page() {
    let s3 = bucket(|config| config.page = 2).await;
    for key in ["a/1", "b/1", "b/2", "b/3 & more", "b/4", "b/5", "c/1"] {
        s3.keep(key, key.to_owned());
    }
    let (mut token, mut pages) = (String::new(), Vec::new());
    loop {
        let more = if token.is_empty() { String::new() } else { format!("continuation-token={token}&") };
        let page = Draft::new(&s3, &format!("GET /pictures?{more}list-type=2&prefix=b%2F")).send().await;
        let keys: Vec<String> =
            page.text.split("<Key>").skip(1).map(|rest| rest.split_once("</Key>").unwrap().0.to_owned()).collect();
        pages.push(keys);
        match page.between("<NextContinuationToken>", "</NextContinuationToken>") {
            Some(next) => token = next.to_owned(),
            None => break,
        }
        assert_eq!(page.between("<IsTruncated>", "</IsTruncated>"), Some("true"));
    }
    assert_eq!(pages, [vec!["b/1", "b/2"], vec!["b/3 &amp; more", "b/4"], vec!["b/5"]]);
    let fewer = Draft::new(&s3, "GET /pictures?list-type=2&max-keys=1&start-after=b%2F5").send().await;
    assert_eq!(
        (fewer.between("<Key>", "</Key>"), fewer.between("<KeyCount>", "</KeyCount>")),
        (Some("c/1"), Some("1"))
    );
    let astray = Draft::new(&s3, "GET /pictures?continuation-token=%2A&list-type=2").send().await;
    assert_eq!(astray.code(), "InvalidArgument");
    assert_eq!(Draft::new(&s3, "GET /pictures").send().await.code(), "NotImplemented", "the first version");
}

#[tokio::test]
async fn many_go_at_once_and_each_has_its_outcome() {
    let s3 = bucket(|_| {}).await;
    for key in ["a", "b & c", "stuck"] {
        s3.keep(key, "x");
    }
    let keys = ["a", "b &amp; c", "stuck", "never there"];
    let objects: Vec<String> = keys.iter().map(|key| format!("<Object><Key>{key}</Key></Object>")).collect();
    let body = format!("<Delete>{}</Delete>", objects.concat());
    let ask = || Draft::new(&s3, "POST /pictures?delete=").body(body.clone());
    let bare = ask().send().await;
    assert_eq!((bare.status, bare.code()), (400, "InvalidRequest"), "without a sum");
    assert_eq!(ask().header("content-md5", "kAFQmDzST7DWlj99KOF/cg==").send().await.code(), "BadDigest");
    assert_eq!(ask().body("<Delete/>").summed().send().await.code(), "MalformedXML");
    s3.fail(Rule::next("POST *", 1, Fault::Quirk { name: "busy_inside".into() }));
    let busy = ask().summed().send().await;
    assert_eq!((busy.status, busy.code(), s3.keys().len()), (200, "SlowDown", 3));
    s3.fail(Rule::next("POST *", 1, Fault::Quirk { name: "keep:stuck".into() }));
    let some = ask().summed().send().await;
    assert_eq!((some.status, some.code()), (200, "AccessDenied"));
    assert_eq!(some.text.matches("<Deleted>").count(), 3, "what was never there counts as removed");
    assert_eq!(s3.keys(), ["stuck"]);
}

#[tokio::test]
async fn the_bucket_may_be_in_the_hosts_name() {
    let s3 = bucket(|_| {}).await;
    let host = format!("pictures.{}", s3.config.host);
    assert_eq!(Draft::new(&s3, "PUT /org/a").header("host", &host).body("abc").send().await.status, 200);
    assert_eq!(s3.bytes("org/a").as_deref(), Some(&b"abc"[..]));
    let other = format!("others.{}", s3.config.host);
    assert_eq!(Draft::new(&s3, "GET /org/a").header("host", &other).send().await.code(), "NoSuchBucket");
}

#[tokio::test]
async fn errors_that_are_asked_for_have_the_status_of_their_code() {
    let s3 = bucket(|_| {}).await;
    s3.keep("a", "abc");
    for (name, status) in [("SlowDown", 503), ("InternalError", 500), ("SignatureDoesNotMatch", 403)] {
        s3.fail(Rule::next("GET *", 1, Fault::Error { name: name.into(), retry_after: None }));
        let answer = Draft::new(&s3, "GET /pictures/a").send().await;
        assert_eq!((answer.status, answer.code()), (status, name));
    }
    s3.fail(Rule::next("GET *", 1, Fault::Status { status: 503, retry_after: None }));
    let answer = Draft::new(&s3, "GET /pictures/a").send().await;
    assert_eq!((answer.status, answer.code()), (503, "SlowDown"));
    assert_eq!(Draft::new(&s3, "GET /pictures/a").send().await.text, "abc");
}
