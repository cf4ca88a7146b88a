//! From an email to the provider of its organisation.

use serde_json::json;

use super::scene::Scene;

#[tokio::test]
async fn an_email_leads_to_its_organisations_provider_whoever_has_it() {
    let scene = Scene::new().await;
    assert!(scene.house.get("/sign-in").send().await.body.contains("href=\"/sign-in/sso\""));
    scene.house.get("/sign-in/sso?next=/inbox").send().await.expect_status(200);
    let asked =
        async |email: &str| scene.house.form("/sign-in/sso", &format!("email={email}&next=/inbox")).send().await;
    let known = asked("owner@acme.example").await.expect_status(200);
    let unknown = asked("nobody@acme.example").await.expect_status(200);
    let way = known.headers["refresh"].to_str().unwrap().to_owned();
    assert!(way.starts_with(&format!("0; url=/auth/oidc/{}/start?return_to=/inbox&login_hint=", scene.id)), "{way}");
    assert_eq!(known.body.replace("owner", "nobody").len(), unknown.body.len(), "the same page for both");
    assert!(known.body.contains("On to Acme login"));
    // The address works as it stands.
    let path = way.strip_prefix("0; url=").unwrap();
    let reply = scene.house.get(path).send().await.expect_status(303);
    assert!(reply.location().contains("login_hint=owner%40acme.example"));
}

#[tokio::test]
async fn without_a_provider_the_page_says_so_and_nothing_of_accounts() {
    let scene = Scene::new().await;
    let other = scene.house.owner("other").await;
    let asked = async |email: &str| scene.house.form("/sign-in/sso", &format!("email={email}&next=")).send().await;
    let known = asked(&other.email).await.expect_status(404);
    let unknown = asked("nobody@other.example").await.expect_status(404);
    assert!(known.body.contains("No single sign-on is set up for other.example"));
    assert_eq!(known.body.replace("owner", "nobody").len(), unknown.body.len(), "the same page for both");
    asked("nonsense").await.expect_status(422);
    // A claim that is not verified, and a connection that is off, lead nowhere.
    scene
        .house
        .post("/v2/sso/domains", json!({ "domain": "other.example" }))
        .by(&scene.owner)
        .send()
        .await
        .expect_status(201);
    asked(&other.email).await.expect_status(404);
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, json!({ "enabled": false })).by(&scene.owner).send().await.expect_status(200);
    asked("nia@acme.example").await.expect_status(404);
}

#[tokio::test]
async fn several_providers_of_a_domain_are_a_choice_and_the_way_on_stays_inside() {
    let scene = Scene::new().await;
    scene.connect(json!({ "name": "Second login" })).await;
    let page =
        scene.house.form("/sign-in/sso", "email=nia@acme.example&next=//evil.example").send().await.expect_status(200);
    assert!(!page.headers.contains_key("refresh"));
    assert!(page.body.contains("Acme login · acme") && page.body.contains("Second login · acme"), "{}", page.body);
    assert!(page.body.contains("return_to=/&") && !page.body.contains("evil"), "{}", page.body);
}

#[tokio::test]
async fn a_domain_is_claimed_verified_by_its_record_and_given_up() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    // A name server that answers every question with the record that is put there.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let record = std::sync::Arc::new(std::sync::Mutex::new(String::from("v=spf1 -all")));
    let served = record.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let length = stream.read_u16().await.unwrap();
            let mut answer = vec![0; usize::from(length)];
            stream.read_exact(&mut answer).await.unwrap();
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
            let text = served.lock().unwrap().clone();
            answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.len() as u8 + 1, text.len() as u8]);
            answer.extend(text.as_bytes());
            stream.write_u16(answer.len() as u16).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    });
    let house = crate::support::House::configured(|config| config.sso.nameserver = Some(address)).await;
    let owner = house.owner("acme").await;
    let post = async |domain: &str| house.post("/v2/sso/domains", json!({ "domain": domain })).by(&owner).send().await;
    for bad in ["", "localhost", "a b.example", "a/b.example", "x@y@z.example", "https://a.example"] {
        post(bad).await.expect_status(422);
    }
    let claimed = post("@Acme.Example.").await.expect_status(201).json();
    assert_eq!((claimed["domain"].as_str(), claimed["verified_at"].is_null()), (Some("acme.example"), true));
    let refused = post("acme.example").await.expect_status(422).json();
    assert!(
        refused["error"]["message"].as_str().unwrap().contains("has 1 TXT records, and ours is not among them"),
        "{refused}"
    );
    *record.lock().unwrap() = "recoup-verification=of-somebody-else".into();
    let refused = post("acme.example").await.expect_status(422).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("another value"), "{refused}");
    *record.lock().unwrap() = claimed["record"].as_str().unwrap().to_owned();
    // The same record proves nothing for another organisation.
    let other = house.owner("other").await;
    let theirs = house.post("/v2/sso/domains", json!({ "domain": "acme.example" }));
    theirs.by(&other).send().await.expect_status(201);
    house.post("/v2/sso/domains", json!({ "domain": "acme.example" })).by(&other).send().await.expect_status(422);
    assert_eq!(post("acme.example").await.expect_status(200).json()["verified_by"], "dns");
    house.delete("/v2/sso/domains?domain=acme.example").by(&owner).send().await.expect_status(204);
    house.delete("/v2/sso/domains?domain=acme.example").by(&owner).send().await.expect_status(404);
    let list = house.get("/v2/sso/domains").by(&owner).send().await.expect_status(200).json();
    assert_eq!(list["data"], json!([]));
}
