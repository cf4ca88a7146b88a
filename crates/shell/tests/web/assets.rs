//! The files of the browser: named by content, compressed, cached for good.

use axum::body::Body;
use axum::http::Request;
use shell::asset;

use super::sample::web;

#[tokio::test]
async fn a_file_is_cached_for_good_and_sent_once() {
    let (web, _) = web().await;
    let ask = |path: &str, name: &'static str, value: &str| {
        Request::get(path).header(name, value).body(Body::empty()).expect("valid")
    };
    let css = asset("app.css");
    let br = web.send(ask(css, "accept-encoding", "gzip, deflate, br")).await;
    assert_eq!((br.status, br.header("content-encoding")), (200, "br"));
    assert_eq!(br.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(br.header("content-type"), "text/css; charset=utf-8");
    let gzip = web.send(ask(css, "accept-encoding", "gzip, br;q=0")).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_ne!(gzip.header("etag"), br.header("etag"), "one tag for each encoding");
    let plain = web.get("", css).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.text.contains("color-scheme"));
    let again = web.send(ask(css, "if-none-match", plain.header("etag"))).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let font = web.send(ask(asset("inter.woff2"), "accept-encoding", "br")).await;
    assert_eq!((font.status, font.header("content-encoding")), (200, ""), "a font is compressed already");
}

#[tokio::test]
async fn another_name_is_not_found_and_is_not_cached() {
    let (web, _) = web().await;
    for path in ["/assets/app.css", "/assets/app.0000000000000000.css", "/assets/..%2fapp.css", "/assets/missing"] {
        let answer = web.get("", path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, "private, no-store"), "{path}");
    }
}
