//! Setting connections up: what is refused, what is kept secret, and a test that says what is wrong.

use serde_json::{Value, json};
use standins::{Fault, Rule};

use super::scene::Scene;
use crate::support::House;

async fn tested(scene: &Scene) -> (bool, Vec<(String, bool, String)>) {
    let call = scene.house.post(&format!("/v2/sso/connections/{}/test", scene.id), json!({}));
    let report = call.by(&scene.owner).send().await.expect_status(200).json();
    let text = |step: &Value, name: &str| step[name].as_str().expect("text").to_owned();
    let steps = report["steps"].as_array().expect("steps").iter();
    let steps = steps.map(|step| (text(step, "name"), step["ok"] == true, text(step, "text"))).collect();
    (report["ok"] == true, steps)
}

/// The step at which a test stops, and what it says.
async fn stops(scene: &Scene, name: &str, part: &str) {
    let (ok, steps) = tested(scene).await;
    let (last, good, text) = steps.last().expect("a step");
    assert!(!ok && !good && last == name && text.contains(part), "{steps:?}");
}

async fn change(scene: &Scene, body: Value) {
    let call = scene.house.patch(&format!("/v2/sso/connections/{}", scene.id), body);
    call.by(&scene.owner).send().await.expect_status(200);
}

#[tokio::test]
async fn a_test_says_exactly_what_is_wrong() {
    let scene = Scene::new().await;
    let (ok, steps) = tested(&scene).await;
    let names: Vec<&str> = steps.iter().map(|(name, ..)| name.as_str()).collect();
    assert!(ok, "{steps:?}");
    assert_eq!(
        names,
        ["Issuer address", "Discovery document", "Issuer and endpoints", "Signing keys", "Client", "Email domains"]
    );
    let truth =
        json!({ "issuer": scene.provider.base_url(), "jwks_uri": format!("{}/jwks", scene.provider.base_url()) });
    for (lie, step, part) in [
        (json!({ "issuer": "https://honest.example" }), "Issuer and endpoints", "letter by letter"),
        (json!({ "token_endpoint": null }), "Issuer and endpoints", "no token_endpoint"),
        (json!({ "jwks_uri": "ftp://keys.example" }), "Issuer and endpoints", "only http and https"),
        (json!({ "id_token_signing_alg_values_supported": ["HS256", "none"] }), "Issuer and endpoints", "HS256, none"),
        (json!({ "response_types_supported": ["id_token"] }), "Issuer and endpoints", "code flow"),
        (json!({ "jwks_uri": format!("{}/nothing", scene.provider.base_url()) }), "Signing keys", "status 404"),
    ] {
        scene.provider.discovery(lie.clone());
        stops(&scene, step, part).await;
        scene.provider.discovery(truth.clone());
        let repaired = json!({
            "token_endpoint": format!("{}/token", scene.provider.base_url()),
            "id_token_signing_alg_values_supported": ["ES256", "EdDSA"], "response_types_supported": ["code"],
        });
        scene.provider.discovery(repaired);
    }
    change(&scene, json!({ "secret": "not the secret" })).await;
    stops(&scene, "Client", "invalid_client — The client secret supplied is invalid").await;
    for (fault, part) in [
        (Fault::Status { status: 404, retry_after: None }, "status 404; is the issuer complete?"),
        (Fault::Status { status: 302, retry_after: None }, "a redirect, which is not followed"),
        (Fault::CutBody { after: 5 }, "no connection"),
    ] {
        scene.provider.fail(Rule::always("GET /.well-known/openid-configuration", fault));
        stops(&scene, "Discovery document", part).await;
        scene.provider.heal();
    }
}

#[tokio::test]
async fn a_test_tells_dns_tls_and_silence_apart() {
    let scene = Scene::new().await;
    let plain = scene.provider.base_url().replace("http://", "https://");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (issuer, part) in [
        (plain, "(TLS)".to_owned()),
        (format!("http://{closed}"), "no connection".to_owned()),
        // A label that is too long has no address, and nobody outside is asked for it.
        (format!("http://{}.example", "x".repeat(64)), "(DNS)".to_owned()),
    ] {
        change(&scene, json!({ "issuer": issuer, "secret": "again" })).await;
        stops(&scene, "Discovery document", &part).await;
    }
}

#[tokio::test]
async fn what_an_organisation_enters_reaches_no_private_network() {
    let house = House::configured(|_| {}).await;
    let owner = house.owner("acme").await;
    for issuer in [
        "http://id.example",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://10.0.0.1",
        "https://2130706433/",
        "https://me:pw@id.example",
        "file:///etc/passwd",
        "nonsense",
        "https://id.example/?x=1",
        "https://id.example/.well-known/openid-configuration",
    ] {
        let body = json!({ "kind": "oidc", "name": "Evil", "issuer": issuer, "settings": { "client_id": "x" } });
        let refused = house.post("/v2/sso/connections", body).by(&owner).send().await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], "issuer", "{issuer}: {refused}");
    }
    // A name that leads inside is found out when it is resolved: by the test, and by the sign-in.
    let body = json!({ "kind": "oidc", "name": "Rebound", "issuer": "https://localhost", "enabled": true,
        "settings": { "client_id": "x" }, "secret": "s" });
    let made = house.post("/v2/sso/connections", body).by(&owner).send().await.expect_status(201).json();
    let id = made["id"].as_str().unwrap();
    let report = house.post(&format!("/v2/sso/connections/{id}/test"), json!({})).by(&owner).send().await.json();
    let last = report["steps"].as_array().unwrap().last().unwrap().clone();
    assert!(last["ok"] == false && last["text"].as_str().unwrap().contains("not on the public internet"), "{report}");
    let page = house.get(&format!("/auth/oidc/{id}/start")).send().await.expect_status(503);
    assert!(page.body.contains("not on the public internet"), "{}", page.body);
}

#[tokio::test]
async fn a_secret_is_sealed_not_shown_and_not_sent_to_another_issuer() {
    let scene = Scene::new().await;
    let path = format!("/v2/sso/connections/{}", scene.id);
    let shown = scene.house.get(&path).by(&scene.owner).send().await.expect_status(200);
    assert!(!shown.body.contains("s3cr3t") && shown.json()["has_secret"] == true);
    let found = "select count(*) from sso_connections c where position('s3cr3t' in c::text) > 0 \
                 or position(encode('s3cr3t'::bytea, 'hex') in c::text) > 0";
    assert_eq!(scene.count(found).await, 0);
    let log = scene.house.get("/v2/audit-log").by(&scene.owner).send().await.expect_status(200).body;
    assert!(log.contains("sso.connection_created") && !log.contains("s3cr3t"));
    scene.signed_in().await;
    let elsewhere = json!({ "issuer": "http://127.0.0.1:9" });
    let refused = scene.house.patch(&path, elsewhere).by(&scene.owner).send().await.expect_status(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "secret");
    let elsewhere = json!({ "issuer": "http://127.0.0.1:9", "secret": "another" });
    scene.house.patch(&path, elsewhere).by(&scene.owner).send().await.expect_status(200);
    assert_eq!(scene.count("select count(*) from sso_links").await, 0, "another issuer has other accounts");
}

#[tokio::test]
async fn owners_by_mapping_gaps_in_use_and_unknown_kinds_are_refused() {
    let scene = Scene::new().await;
    for (body, field) in [
        (json!({ "group_roles": [{ "group": "g", "role": "owner" }] }), "group_roles"),
        (json!({ "group_roles": [{ "group": " ", "role": "agent" }] }), "group_roles"),
        (json!({ "default_role": "owner" }), "default_role"),
        (json!({ "name": "" }), "name"),
        (json!({ "issuer": "" }), "issuer"),
        (json!({ "settings": {} }), "client_id"),
        (json!({ "settings": { "client_id": "c", "brand": "google" } }), "hosted_domain"),
        (json!({ "settings": { "client_id": "c", "scopes": ["two words"] } }), "scopes"),
        (json!({ "settings": { "client_id": 5 } }), "settings"),
    ] {
        let call = scene.house.patch(&format!("/v2/sso/connections/{}", scene.id), body.clone());
        let refused = call.by(&scene.owner).send().await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], field, "{body}: {refused}");
    }
    // A draft may have gaps: its address has to be registered at the provider first.
    let body = json!({ "kind": "oidc", "name": "Draft" });
    let draft = scene.house.post("/v2/sso/connections", body).by(&scene.owner).send().await.expect_status(201).json();
    assert_eq!((draft["enabled"].clone(), draft["default_role"].clone()), (json!(false), json!("viewer")));
    assert!(
        draft["redirect_url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/auth/oidc/{}/callback", draft["id"].as_str().unwrap()))
    );
}

#[tokio::test]
async fn removing_a_connection_ends_its_sessions() {
    let scene = Scene::new().await;
    let cookie = scene.signed_in().await;
    scene.session(&cookie).await;
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.delete(&path).by(&scene.owner).send().await.expect_status(204);
    scene.house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(401);
    scene.house.get(&path).by(&scene.owner).send().await.expect_status(404);
    let log = scene.house.get("/v2/audit-log?action=sso").by(&scene.owner).send().await.expect_status(200).body;
    assert!(log.contains("sso.connection_removed"), "{log}");
}
