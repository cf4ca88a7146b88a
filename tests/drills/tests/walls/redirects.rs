//! No answer leads out of Recoup: every route, with every parameter that says where to go on.

use axum::body::Body;
use axum::http::{Request, header};

use crate::house::{House, PASSWORD, PUBLIC_URL, Who, request};
use crate::map::routes;

/// What programs call the parameter, ours among them.
const PARAMETERS: [&str; 14] = [
    "next",
    "return_to",
    "returnTo",
    "return",
    "redirect",
    "redirect_uri",
    "redirect_url",
    "url",
    "continue",
    "back",
    "RelayState",
    "target",
    "goto",
    "state",
];

const EVIL: [&str; 14] = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "https://recoup.test@evil.example",
    "https://recoup.test.evil.example",
    "javascript:alert(1)//evil.example",
    "/sign-in/../..//evil.example",
    "/%2F%2Fevil.example",
    "/\r\nlocation: https://evil.example",
];

/// Whether a browser that is sent there leaves Recoup.
fn leads_out(location: &str) -> bool {
    let base = reqwest::Url::parse(PUBLIC_URL).expect("a URL");
    base.join(location).map_or(true, |target| target.origin() != base.origin())
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}

#[test]
fn the_test_knows_what_leads_out() {
    for out in ["//evil.example", "/\\evil.example", "https://evil.example/x", "javascript:alert(1)"] {
        assert!(leads_out(out), "{out}");
    }
    for inside in ["/", "/inbox?next=//evil.example", "/%2F%2Fevil.example", "https://recoup.test/x"] {
        assert!(!leads_out(inside), "{inside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_leads_out() {
    let house = House::new().await;
    let owner = house.cookie(&house.email).await;
    let plain = routes(&house).await.into_iter().filter(|route| !route.changes() && !route.path.contains("live"));
    let (mut tried, mut redirected) = (0, 0);
    for route in plain.filter(|route| !route.path.contains("events")) {
        for evil in EVIL {
            let query: Vec<String> = PARAMETERS.iter().map(|name| format!("{name}={}", encoded(evil))).collect();
            // All at once, and each alone for those that refuse what they do not know.
            for query in std::iter::once(query.join("&")).chain(query) {
                for who in [&owner, &Who::Nobody] {
                    let path = format!("{}?{query}", route.with_nothing());
                    let mut request = request(who, "GET", &path, ("", Vec::new()));
                    request.headers_mut().remove("hx-request");
                    let seen = house.send(request).await;
                    tried += 1;
                    for name in ["location", "refresh", "hx-redirect", "hx-location"] {
                        let Some(value) = seen.headers().get(name) else { continue };
                        let value = value.to_str().expect("text");
                        redirected += 1;
                        assert!(!leads_out(value), "{path} leads to {value}");
                    }
                }
            }
        }
    }
    assert!(tried > 10_000 && redirected > 1_000, "{tried} tried, {redirected} redirected");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_nowhere_else() {
    let house = House::new().await;
    for evil in EVIL {
        let form =
            format!("email={}&password={}&next={}", encoded(&house.email), PASSWORD.replace(' ', "+"), encoded(evil));
        let request = Request::post("/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let seen = house.send(request.body(Body::from(form)).expect("valid")).await;
        assert_eq!(seen.status().as_u16(), 303, "{evil}");
        let location = seen.headers()[header::LOCATION].to_str().expect("text");
        assert!(!leads_out(location), "{evil:?} leads to {location}");
        assert!(
            !location.contains("evil.example") || evil.starts_with("/%") || evil.contains(".."),
            "{evil:?}: {location}"
        );
    }
}
