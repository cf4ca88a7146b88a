//! Whole sign-ins with an identity provider that is not ours: `pysaml2`, signing with `xmlsec1`.

use axum::http::StatusCode;
use kernel::http::Method;
use kernel::http::header::HeaderName;
use serde_json::json;

use super::program::Provider;
use super::scene::OURS;
use crate::support::{House, Person, Reply};

struct Stage {
    house: House,
    owner: Person,
    provider: Provider,
    id: String,
}

impl Stage {
    /// The two sides know each other by their metadata alone.
    async fn new() -> Option<Self> {
        // First: what it signs is compared with the house's clock, which stands still from here.
        let provider = Provider::start()?;
        let house = House::configured(|config| config.sso.allow_private = true).await;
        let owner = house.owner("acme").await;
        identity::sso::verify_domain(&house.kernel, owner.org.parse().unwrap(), "acme.example").await.unwrap();
        let draft =
            json!({ "kind": "saml", "name": "Acme", "group_roles": [{ "group": "Sales & Co", "role": "analyst" }] });
        let draft = house.post("/v2/sso/connections", draft).by(&owner).send().await.expect_status(201).json();
        let id = draft["id"].as_str().unwrap().to_owned();
        let stage = Self { house, owner, provider, id };
        let url = format!("{}/metadata", stage.provider.address);
        stage.api("/metadata", json!({ "url": url })).await.expect_status(200);
        let patch = stage.house.patch(&format!("/v2/sso/connections/{}", stage.id), json!({ "enabled": true }));
        patch.by(&stage.owner).send().await.expect_status(200);
        let ours = stage.house.get(&format!("/auth/saml/{}/metadata", stage.id)).send().await.expect_status(200).body;
        let sp = stage.house.kernel.http.tenant(Method::POST, &format!("{}/sp", stage.provider.address), true).unwrap();
        assert!(sp.body("application/xml", ours).send().await.expect("taken").status.is_success());
        Some(stage)
    }

    async fn api(&self, path: &str, body: serde_json::Value) -> Reply {
        let call = self.house.post(&format!("/v2/sso/connections/{}{path}", self.id), body);
        call.by(&self.owner).send().await
    }

    /// From our start through the provider's page to our ACS; gives our cookie and what the ACS answered.
    async fn go(&self, mode: &str) -> (String, Reply) {
        let start = self.house.get(&format!("/auth/saml/{}/start?return_to=/inbox", self.id)).send().await;
        let start = start.expect_status(303);
        let request = self.house.kernel.http.tenant(Method::GET, start.location(), true).expect("an address");
        let page = request.header(HeaderName::from_static("x-mode"), mode).send().await.expect("an answer");
        let text = String::from_utf8(page.body.to_vec()).expect("a page");
        assert_eq!(page.status, StatusCode::OK, "{mode}: {text}");
        assert!(text.contains(&format!("action=\"{OURS}/auth/saml/{}/acs\"", self.id)), "{text}");
        let field = |name: &str| {
            let rest =
                text.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {text}")).1;
            rest.split_once('"').expect("an end").0.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        };
        let body = format!("SAMLResponse={}&RelayState={}", field("SAMLResponse"), field("RelayState"));
        let call = self.house.form(&format!("/auth/saml/{}/acs", self.id), &body);
        (start.cookie(), call.header("sec-fetch-site", "cross-site").send().await)
    }

    async fn enters(&self, mode: &str) {
        let (cookie, acs) = self.go(mode).await;
        let acs = acs.expect_status(303);
        let reply = self.house.get(acs.location()).header("cookie", &cookie).send().await.expect_status(303);
        assert_eq!(reply.location(), "/inbox", "{mode}");
        let me =
            self.house.get("/v2/auth/session").header("cookie", &reply.cookie()).send().await.expect_status(200).json();
        let (email, role, name) = (me["email"].as_str(), me["role"].as_str(), me["name"].as_str());
        assert_eq!((email, role, name), (Some("ada@acme.example"), Some("analyst"), Some("Ada Byron")), "{mode}");
    }
}

#[tokio::test]
async fn pysaml2_signs_somebody_in_by_assertion_by_response_and_by_both() {
    let Some(stage) = Stage::new().await else { return };
    let report = stage.api("/test", json!({})).await.expect_status(200).json();
    // Its sign-in address refuses a call without a request; everything else must fit.
    assert_eq!(report["steps"][0]["ok"], true, "{report}");
    for mode in ["assertion", "response", "both"] {
        stage.enters(mode).await;
    }
    let subject: String = sqlx::query_scalar("select subject from sso_links")
        .fetch_one(&mut stage.house.db.owner().await)
        .await
        .expect("one link");
    assert_eq!(subject, "pairwise-7f3a");
}

#[tokio::test]
async fn pysaml2_with_another_key_with_sha1_encrypted_or_unasked_signs_nobody_in() {
    let Some(stage) = Stage::new().await else { return };
    for (mode, part) in [
        (
            "other-key",
            "none of the 1 pinned certificates has signed this; the message names the certificate with SHA-256",
        ),
        ("sha1", "xmldsig#rsa-sha1 is not accepted"),
        ("encrypted", "turn assertion encryption off"),
        ("unsolicited", "answers another request"),
    ] {
        let (_, reply) = stage.go(mode).await;
        let reply = reply.expect_status(403);
        assert!(reply.body.contains(part), "{mode}: {}", reply.body);
    }
}
