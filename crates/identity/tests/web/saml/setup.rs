//! Setting a SAML connection up: what is kept, what is refused, and a test that says what is wrong.

use serde_json::{Value, json};

use super::idp::{IDP, Signer, certificate, fixture};
use super::scene::{OURS, Scene};
use crate::support::House;

fn document(names: &[&str]) -> String {
    let key = |name: &&str| {
        let pem = fixture(&format!("test-only-{name}.cert.pem"));
        let base64: Vec<&str> = pem.lines().filter(|line| !line.starts_with("--")).collect();
        format!(
            "<KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>",
            base64.concat()
        )
    };
    let keys: Vec<String> = names.iter().map(key).collect();
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{IDP}\">\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{}\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/sso\"/>\
         </IDPSSODescriptor></EntityDescriptor>",
        keys.concat()
    )
}

async fn import(scene: &Scene, body: Value, status: u16) -> Value {
    let call = scene.house.post(&format!("/v2/sso/connections/{}/metadata", scene.id), body);
    call.by(&scene.owner).send().await.expect_status(status).json()
}

#[tokio::test]
async fn a_draft_tells_our_addresses_and_metadata_completes_it() {
    let mut scene = Scene::new().await;
    let body = json!({ "kind": "saml", "name": "Draft" });
    let draft = scene.house.post("/v2/sso/connections", body).by(&scene.owner).send().await.expect_status(201).json();
    scene.id = draft["id"].as_str().expect("an id").to_owned();
    let entity_id = format!("{OURS}/auth/saml/{}/metadata", scene.id);
    assert_eq!(draft["saml"]["entity_id"], json!(entity_id));
    assert_eq!(draft["saml"]["acs_url"], json!(format!("{OURS}/auth/saml/{}/acs", scene.id)));
    let ours = scene.house.get(entity_id.strip_prefix(OURS).expect("ours")).send().await.expect_status(200);
    assert_eq!(ours.headers["content-type"], "application/samlmetadata+xml");
    assert!(ours.body.contains(&format!("entityID=\"{entity_id}\"")) && ours.body.contains("HTTP-POST"));
    let read = import(&scene, json!({ "xml": document(&["idp", "p256"]) }), 200).await;
    assert_eq!((&read["issuer"], &read["settings"]["sso_url"]), (&json!(IDP), &json!("https://idp.example/sso")));
    let prints: Vec<String> = ["idp", "p256"].iter().map(|name| certificate(name).fingerprint()).collect();
    let shown = |read: &Value| -> Vec<String> {
        let all = read["saml"]["certificates"].as_array().expect("certificates").iter();
        all.map(|one| one["fingerprint"].as_str().expect("a print").to_owned()).collect()
    };
    assert_eq!(shown(&read), prints);
    // New metadata of the same provider adds; that of another one replaces.
    let read = import(&scene, json!({ "xml": document(&["p256", "p384"]) }), 200).await;
    assert_eq!(shown(&read).len(), 3);
    let other = document(&["other"]).replace(IDP, "https://new.example/entity");
    let read = import(&scene, json!({ "xml": other }), 200).await;
    assert_eq!(shown(&read), [certificate("other").fingerprint()]);
    assert_eq!(read["enabled"], false);
    let log = scene.log().await;
    assert!(log.contains("sso.connection_changed"), "{log}");
}

#[tokio::test]
async fn metadata_that_does_not_read_changes_nothing() {
    let scene = Scene::new().await;
    let good = document(&["idp"]);
    for (body, field, part) in [
        (json!({}), "url", "paste the document"),
        (json!({ "xml": good, "url": "https://idp.example/metadata" }), "url", "not both"),
        (json!({ "xml": "<html/>" }), "xml", "not SAML metadata"),
        (json!({ "xml": format!("<!DOCTYPE x [<!ENTITY y \"z\">]>{good}") }), "xml", "document type"),
        (json!({ "xml": document(&["rsa1024"]) }), "xml", "1024 bits"),
        (json!({ "xml": document(&[]) }), "xml", "no signing certificate"),
        (
            json!({ "xml": good.replace("https://idp.example/sso", "javascript:alert(1)") }),
            "xml",
            "SingleSignOnService",
        ),
        (json!({ "url": "http://nobody.invalid/metadata" }), "url", "DNS"),
    ] {
        let refused = import(&scene, body, 422).await;
        let detail = &refused["error"]["details"][0];
        assert_eq!(detail["field"], field, "{refused}");
        assert!(detail["reason"].as_str().expect("a reason").contains(part), "{part}: {refused}");
    }
    let kept = scene.house.get(&format!("/v2/sso/connections/{}", scene.id)).by(&scene.owner).send().await.json();
    assert_eq!(kept["settings"]["sso_url"], "http://127.0.0.1:9/sso?tenant=1");
}

#[tokio::test]
async fn metadata_addresses_reach_no_private_network() {
    let house = House::configured(|_| {}).await;
    let owner = house.owner("acme").await;
    let body = json!({ "kind": "saml", "name": "Evil" });
    let draft = house.post("/v2/sso/connections", body).by(&owner).send().await.expect_status(201).json();
    let path = format!("/v2/sso/connections/{}", draft["id"].as_str().expect("an id"));
    for url in [
        "http://idp.example/metadata",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://2130706433/",
        "https://localhost/",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let call = house.post(&format!("{path}/metadata"), json!({ "url": url })).by(&owner);
        let refused = call.send().await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], "url", "{url}: {refused}");
        let settings = json!({ "settings": { "sso_url": url } });
        if url != "https://localhost/" {
            let refused = house.patch(&path, settings).by(&owner).send().await.expect_status(422).json();
            assert_eq!(refused["error"]["details"][0]["field"], "sso_url", "{url}: {refused}");
        }
    }
}

#[tokio::test]
async fn what_is_incomplete_or_wrong_is_not_put_to_use() {
    let scene = Scene::new().await;
    let pem = fixture("test-only-idp.cert.pem");
    let settings =
        |url: &str, certificates: Value| json!({ "settings": { "sso_url": url, "certificates": certificates } });
    for (body, field) in [
        (settings("", json!([pem])), "sso_url"),
        (settings("https://idp.example", json!([])), "certificates"),
        (settings("https://idp.example", json!([fixture("test-only-rsa1024.cert.pem")])), "certificates"),
        (settings("https://idp.example", json!([fixture("test-only-idp.key.pem")])), "certificates"),
        (settings("ftp://idp.example", json!([pem])), "sso_url"),
        (json!({ "issuer": " " }), "issuer"),
        (json!({ "settings": { "client_id": "x" } }), "settings"),
        (json!({ "secret": "x" }), "secret"),
        (json!({ "group_roles": [{ "group": "g", "role": "owner" }] }), "group_roles"),
    ] {
        let call = scene.house.patch(&format!("/v2/sso/connections/{}", scene.id), body.clone());
        let refused = call.by(&scene.owner).send().await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], field, "{body}: {refused}");
    }
}

#[tokio::test]
async fn a_test_says_what_is_wrong() {
    let scene = Scene::new().await;
    let test = async || {
        let call = scene.house.post(&format!("/v2/sso/connections/{}/test", scene.id), json!({}));
        let report = call.by(&scene.owner).send().await.expect_status(200).json();
        let last = report["steps"].as_array().expect("steps").last().expect("a step").clone();
        (report["ok"] == true, last["name"].as_str().expect("a name").to_owned(), last["text"].to_string())
    };
    // Nobody listens on port 9.
    let (ok, name, text) = test().await;
    assert!(!ok && name == "Sign-in address" && text.contains("no connection"), "{name} {text}");
    scene.change(json!({ "enabled": false, "settings": { "sso_url": "http://127.0.0.1:9/" } })).await;
    let (ok, name, text) = test().await;
    assert!(!ok && name == "Certificates" && text.contains("none is pinned"), "{name} {text}");
    scene.house.advance(chrono::Duration::days(3_700));
    let pem = fixture("test-only-idp.cert.pem");
    let owner = scene.house.login(&scene.owner.email).await;
    let settings = json!({ "settings": { "sso_url": "http://127.0.0.1:9/", "certificates": [pem] } });
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, settings).by(&owner).send().await.expect_status(200);
    let report = scene.house.post(&format!("{path}/test"), json!({})).by(&owner).send().await.expect_status(200).json();
    assert!(
        report["steps"][0]["text"].as_str().expect("text").contains("the last one ended on 2036-11-24"),
        "{report}"
    );
}

#[tokio::test]
async fn a_test_tells_what_the_last_sign_in_met() {
    let scene = Scene::new().await;
    let step = async || {
        let call = scene.house.post(&format!("/v2/sso/connections/{}/test", scene.id), json!({}));
        let report = call.by(&scene.owner).send().await.expect_status(200).json();
        report["steps"][1].clone()
    };
    assert_eq!(step().await["name"], "Sign-in address", "nobody tried yet");
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("other"));
    scene.posted(&message, &began.relay_state).await.expect_status(403);
    let refused = step().await;
    assert_eq!((&refused["name"], &refused["ok"]), (&json!("Last sign-in"), &json!(false)), "{refused}");
    assert!(refused["text"].as_str().expect("text").contains("none of the 1 pinned certificates"), "{refused}");
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_two").sign_assertion(&Signer::rsa("idp"));
    let ticket = scene.accepted(&message, &began).await;
    scene.finish(&ticket, &began.cookie).await.expect_status(303);
    let good = step().await;
    assert_eq!((&good["name"], &good["ok"]), (&json!("Last sign-in"), &json!(true)), "{good}");
    // What was refused before a change says nothing of what is saved now.
    scene.change(json!({ "name": "Changed" })).await;
    assert_eq!(step().await["name"], "Sign-in address");
}
