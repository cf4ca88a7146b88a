//! A whole sign-in with a provider that is not ours: npm's `oidc-provider`, through its own pages.

use std::collections::BTreeMap;

use kernel::Clock;
use kernel::http::{Http, HttpConfig, Method, Response};
use serde_json::json;

use super::node::Provider;
use crate::support::House;

/// A browser without script: cookies by name, redirects followed within the provider, forms filled in.
struct Browser {
    http: Http,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn send(&mut self, method: Method, url: &str, form: Option<&[(&str, &str)]>) -> Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.tenant(method, url, true).expect("an address");
        request = request.header(kernel::http::header::COOKIE, cookies.join("; "));
        if let Some(form) = form {
            request = request.form(form);
        }
        let answer = request.send().await.expect("an answer");
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("name=value");
            // Taken away by an empty value.
            self.cookies.remove(name);
            if !value.is_empty() {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows redirects until a page, or until it leaves the provider: then that address.
    async fn follow(&mut self, mut answer: Response) -> Result<String, String> {
        while let Some(to) = answer.header("location").map(str::to_owned) {
            let to = if to.starts_with('/') { format!("{}{to}", self.issuer) } else { to };
            if !to.starts_with(&self.issuer) {
                return Ok(to);
            }
            answer = self.send(Method::GET, &to, None).await;
        }
        Err(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Logs in and consents on the provider's pages; gives the address it sends us back to.
    async fn approve(&mut self, url: &str, login: &str) -> String {
        let first = self.send(Method::GET, url, None).await;
        let mut page = self.follow(first).await.expect_err("the provider asks who it is");
        for _ in 0..3 {
            let action = between(&page, "action=\"", "\"");
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"");
            let fields = [("prompt", prompt.as_str()), ("login", login), ("password", "anything")];
            let fields = if prompt == "login" { &fields[..] } else { &fields[..1] };
            let answer = self.send(Method::POST, &action, Some(fields)).await;
            match self.follow(answer).await {
                Ok(back) => return back,
                Err(next) => page = next,
            }
        }
        panic!("the provider goes on asking: {page}");
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before}: {text}")).1;
    rest.split_once(after).expect("an end").0.to_owned()
}

/// Signs in once with tokens of an algorithm; gives what the last page was.
async fn sign_in(alg: &str, login: &str) -> Option<(House, crate::support::Reply)> {
    let house = House::configured(|config| config.sso.allow_private = true).await;
    let owner = house.owner("acme").await;
    identity::sso::verify_domain(&house.kernel, owner.org.parse().unwrap(), "acme.example").await.unwrap();
    let draft =
        json!({ "kind": "oidc", "name": "Acme", "group_roles": [{ "group": "recoup-admins", "role": "admin" }] });
    let draft = house.post("/v2/sso/connections", draft).by(&owner).send().await.expect_status(201).json();
    let id = draft["id"].as_str().unwrap().to_owned();
    let provider = Provider::start(draft["redirect_url"].as_str().unwrap(), alg)?;
    let complete = json!({ "enabled": true, "issuer": provider.issuer, "settings": { "client_id": "recoup" },
        "secret": "a secret of this test alone, with: odd/characters" });
    let path = format!("/v2/sso/connections/{id}");
    house.patch(&path, complete).by(&owner).send().await.expect_status(200);
    let report = house.post(&format!("{path}/test"), json!({})).by(&owner).send().await.expect_status(200).json();
    assert_eq!(report["ok"], true, "{report}");
    let start = house.get(&format!("/auth/oidc/{id}/start?return_to=/inbox")).send().await.expect_status(303);
    let http = Http::new(HttpConfig::default(), Clock::system()).unwrap();
    let mut browser = Browser { http, issuer: provider.issuer.clone(), cookies: BTreeMap::new() };
    let back = browser.approve(start.location(), login).await;
    let path = back.strip_prefix(super::scene::OURS).expect("to us");
    let reply = house.get(path).header("cookie", &start.cookie()).send().await;
    Some((house, reply))
}

async fn signs_in(alg: &str) {
    let Some((house, reply)) = sign_in(alg, "nia").await else { return };
    let reply = reply.expect_status(303);
    assert_eq!(reply.location(), "/inbox");
    let me = house.get("/v2/auth/session").header("cookie", &reply.cookie()).send().await.expect_status(200).json();
    assert_eq!((me["email"].as_str(), me["role"].as_str()), (Some("nia@acme.example"), Some("admin")), "{alg}");
}

#[tokio::test]
async fn a_real_provider_signs_somebody_in_with_rs256() {
    signs_in("RS256").await;
}

#[tokio::test]
async fn a_real_provider_signs_somebody_in_with_ps256() {
    signs_in("PS256").await;
}

#[tokio::test]
async fn a_real_provider_signs_somebody_in_with_es256() {
    signs_in("ES256").await;
}

#[tokio::test]
async fn a_real_provider_signs_somebody_in_with_eddsa() {
    signs_in("EdDSA").await;
}

#[tokio::test]
async fn a_real_provider_vouches_for_nobody_of_another_domain() {
    let Some((_, reply)) = sign_in("RS256", "eve").await else { return };
    assert!(reply.expect_status(403).body.contains("is not verified by this organisation"));
}
