//! Requests that another site started, poisoned hosts, odd cookies and smuggled requests.

use axum::body::Body;
use axum::http::{Request, header};
use product_tests::Product;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{House, PUBLIC_URL, Who, request};
use crate::map::{Route, routes};

/// Unsafe routes that other sites may post to, by the nature of what they do.
const FROM_ELSEWHERE: &[(&str, &str)] = &[
    ("POST /auth/saml/{connection}/acs", "identity providers, through the browser; signed"),
    ("POST /webhooks/{channel}", "platforms; signed"),
    ("POST /webhooks/hubspot", "platforms; signed"),
    (
        "POST /webhooks/intake/{token}",
        "programs of the organisation; an unguessable address, signed where it is set up",
    ),
    ("POST /webhooks/sources/google_business", "Google's Pub/Sub; signed"),
    ("POST /webhooks/sources/{kind}/{token}", "sources; signed"),
    ("POST /webhooks/sources/callrail/{token}/{event}", "sources; signed"),
];

fn cookie(who: &Who) -> &str {
    match who {
        Who::Cookie(token) => token,
        _ => panic!("a browser"),
    }
}

fn browser(route: &Route, session: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(route.method)
        .uri(route.with_nothing())
        .header(header::COOKIE, format!("__Host-recoup_session={session}"))
        .header(header::HOST, "recoup.test")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_for_a_browser_without_the_token_of_its_session() {
    let house = House::new().await;
    let who = house.cookie(&house.email).await;
    let other = house.cookie(&house.email).await;
    let listed = |route: &Route| FROM_ELSEWHERE.iter().any(|(name, _)| *name == route.name());
    let all: Vec<Route> = routes(&house).await.into_iter().filter(|route| route.changes() && !listed(route)).collect();
    assert!(all.len() > 60, "{} unsafe routes", all.len());
    let before = house.rows(house.org).await;
    let foreign = shell::auth::token_for_session(cookie(&other));
    let kinds =
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=XX", "text/plain", "application/json", ""];
    for route in &all {
        for kind in kinds {
            let mut request = browser(route, cookie(&who));
            if !kind.is_empty() {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let status = house.send(request.body(Body::from("a=b")).expect("valid")).await.status().as_u16();
            assert_eq!(status, 403, "{} without a token as {kind:?}", route.name());
        }
        let request = browser(route, cookie(&who)).header("x-csrf-token", &foreign);
        let status = house.send(request.body(Body::empty()).expect("valid")).await.status().as_u16();
        assert_eq!(status, 403, "{} with the token of another session", route.name());
        let form = format!("_csrf={foreign}");
        let request = browser(route, cookie(&who)).header(header::CONTENT_TYPE, kinds[0]);
        let status = house.send(request.body(Body::from(form)).expect("valid")).await.status().as_u16();
        assert_eq!(status, 403, "{} with the token of another session in the form", route.name());
    }
    assert_eq!(house.rows(house.org).await, before, "nothing was changed");
    assert_eq!(house.ask(&who, "GET", "/v2/auth/session", ("", Vec::new())).await.status, 200, "still signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_when_another_site_asks_signed_in_or_not() {
    let house = House::new().await;
    let who = house.cookie(&house.email).await;
    let listed = |route: &Route| FROM_ELSEWHERE.iter().any(|(name, _)| *name == route.name());
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://recoup.test.evil.example"),
        ("origin", "https://recoup.test@evil.example"),
    ];
    for route in routes(&house).await.iter().filter(|route| route.changes() && !listed(route)) {
        for (name, value) in foreign {
            let token = shell::auth::token_for_session(cookie(&who));
            let signed_in = browser(route, cookie(&who)).header("x-csrf-token", token).header(name, value);
            let nobody = Request::builder().method(route.method).uri(route.with_nothing());
            let nobody = nobody.header(header::HOST, "recoup.test").header(name, value);
            for request in [signed_in, nobody] {
                let status = house.send(request.body(Body::empty()).expect("valid")).await.status().as_u16();
                assert_eq!(status, 403, "{} with {name}: {value}", route.name());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_and_no_link_believes_the_host_of_a_request() {
    let house = House::new().await;
    let owner = house.cookie(&house.email).await;
    let poison = |request: &mut Request<Body>| {
        for name in ["host", "x-forwarded-host", "x-host", "x-original-host", "x-forwarded-server"] {
            request.headers_mut().insert(name, "evil.example".parse().expect("a value"));
        }
        request.headers_mut().insert("forwarded", "host=evil.example;proto=http".parse().expect("a value"));
        request.headers_mut().insert("x-forwarded-proto", "http".parse().expect("a value"));
        request.headers_mut().insert("x-original-url", "/evil.example".parse().expect("a value"));
    };
    let plain = routes(&house).await.into_iter().filter(|route| !route.changes() && !route.path.contains("live"));
    for route in plain.filter(|route| !route.path.contains("events")) {
        for who in [&owner, &Who::Nobody] {
            let mut request = request(who, "GET", &route.with_nothing(), ("", Vec::new()));
            request.headers_mut().remove("hx-request");
            poison(&mut request);
            let (seen, text) = house.text(request).await;
            assert!(!text.contains("evil.example"), "{} shows the host", route.name());
            for value in seen.headers.values() {
                assert!(!value.to_str().unwrap_or_default().contains("evil.example"), "{}: {value:?}", route.name());
            }
        }
    }
    // The links that leave by mail or by hand are made of the configured address.
    let owner = house.token(&house.email).await;
    let invite = json!({ "email": "sam@example.com", "role": "agent" });
    let table = json!({ "csv": "email\nines@example.com" });
    for (path, body, pointer) in [("/v2/invites", invite, "/link"), ("/v2/members/import", table, "/links/0/link")] {
        let mut request = request(&owner, "POST", path, ("application/json", body.to_string().into_bytes()));
        poison(&mut request);
        let (_, text) = house.text(request).await;
        let made: Value = serde_json::from_str(&text).expect("JSON");
        let link = made.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}: {text}"));
        assert!(link.starts_with(&format!("{PUBLIC_URL}/invite/")), "{link}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_cookies_and_headers_are_refused_and_break_nothing() {
    let house = House::new().await;
    let who = house.cookie(&house.email).await;
    let good = cookie(&who).to_owned();
    let name = "__Host-recoup_session";
    let status = async |cookies: &[String], more: &[(&str, &str)]| {
        let mut request = Request::get("/v2/auth/session");
        for cookie in cookies {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        house.send(request.body(Body::empty()).expect("valid")).await.status().as_u16()
    };
    assert_eq!(status(&[format!("{name}={good}")], &[]).await, 200);
    // The first one counts, in one header or in two: whoever could plant another behind it changes nothing.
    assert_eq!(status(&[format!("{name}={good}; {name}=other")], &[]).await, 200);
    assert_eq!(status(&[format!("{name}=other; {name}={good}")], &[]).await, 401);
    assert_eq!(status(&[format!("{name}={good}"), format!("{name}=other")], &[]).await, 200);
    for odd in [
        format!("{name}="),
        format!("{name}=\"{good}\""),
        format!("{name}={good}x"),
        format!("{name}={}", &good[1..]),
        format!("{name}={}", "a".repeat(100_000)),
        format!("{name}={good}%00"),
        format!("{name} = {good} {good}"),
        format!("recoup_session={good}"),
        format!("__host-recoup_session={good}"),
        "=".into(),
        ";;;".into(),
        "\u{e9}=1".chars().filter(char::is_ascii).collect(),
    ] {
        assert_eq!(status(std::slice::from_ref(&odd), &[]).await, 401, "{odd:.60}");
    }
    // A header that says who counts before the cookie, also when it is wrong: nobody is two people.
    for wrong in ["Bearer x", "Bearer", "Basic ZGFuYTpwYXNz", "bearer  ", "Bearer a b c"] {
        assert_eq!(status(&[format!("{name}={good}")], &[("authorization", wrong)]).await, 401, "{wrong}");
    }
    assert_eq!(status(&[format!("{name}={good}")], &[("x-api-key", "rk_nonsense")]).await, 401);
}

/// Sends bytes to the running product and gives what came back until it closes or is silent.
async fn raw(product: &Product, bytes: &[u8]) -> String {
    let address = product.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    stream.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    let read = async {
        let mut chunk = [0; 4096];
        while let Ok(count) = stream.read(&mut chunk).await {
            if count == 0 {
                break;
            }
            answer.extend_from_slice(&chunk[..count]);
        }
    };
    drop(tokio::time::timeout(std::time::Duration::from_millis(700), read).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_hides_in_a_first() {
    let product = Product::start().await;
    let hidden = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    // How long the body is, said in two ways that disagree: whoever stands before us may believe the other one.
    for (name, head, body) in [
        (
            "both lengths",
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked", 5 + hidden.len()),
            format!("0\r\n\r\n{hidden}"),
        ),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {}", hidden.len()), hidden.to_owned()),
        ("an odd coding", "Transfer-Encoding: xchunked\r\nContent-Length: 0".to_owned(), hidden.to_owned()),
        ("a signed length", format!("Content-Length: +{}", hidden.len()), hidden.to_owned()),
        ("a folded header", "Content-Length: 0\r\nX: y\r\n Content-Length: 9".to_owned(), hidden.to_owned()),
    ] {
        let request = format!(
            "POST /v2/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n\r\n{body}"
        );
        let answer = raw(&product, request.as_bytes()).await;
        let answers = answer.matches("HTTP/1.1 ").count();
        let refused = answer.starts_with("HTTP/1.1 400");
        assert!(answers <= 1 && (refused || !answer.contains("HTTP/1.1 200")), "{name}: {answer}");
    }
    let long =
        format!("GET /v2/auth/session HTTP/1.1\r\nHost: x\r\nCookie: recoup_session={}\r\n\r\n", "a".repeat(1 << 20));
    let answer = raw(&product, long.as_bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"),
        "{answer:.200}"
    );
    assert_eq!(product.call("GET", "/v2/auth/session", Value::Null).await.0, 200, "and the next one is served");
    product.end().await;
}
