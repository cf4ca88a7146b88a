//! The way there and back when all is well.

use chrono::Duration;
use serde_json::json;

use super::scene::{Back, OURS, Scene, person};

#[tokio::test]
async fn somebody_signs_in_and_lands_where_they_wanted() {
    let scene = Scene::new().await;
    let (cookie, url) = scene.start("?return_to=/inbox/conv_1%3Ftag%3DHOT&login_hint=nia@acme.example").await;
    assert!(
        cookie.starts_with("recoup_sso=")
            && url.starts_with(&format!("{}/authorize?tenant=one&", scene.provider.base_url()))
    );
    for part in ["code_challenge_method=S256", "scope=openid+email+profile", "login_hint=nia%40acme.example", "nonce="]
    {
        assert!(url.contains(part), "{part}: {url}");
    }
    assert!(url.contains(&format!("redirect_uri={}", OURS.replace(':', "%3A").replace('/', "%2F"))));
    let back = scene.go("?return_to=/inbox/conv_1%3Ftag%3DHOT").await;
    // Providers add parameters of their own.
    let back = Back { path: format!("{}&session_state=x&scope=openid", back.path), ..back };
    let reply = scene.back(&back).await.expect_status(303);
    assert_eq!(reply.location(), "/inbox/conv_1?tag=HOT");
    let session = scene.session(&reply.cookie()).await;
    assert_eq!((session["email"].as_str(), session["role"].as_str()), (Some("nia@acme.example"), Some("viewer")));
    assert_eq!(session["name"], "Nia Newcomer");
    let by: Option<uuid::Uuid> = sqlx::query_scalar("select sso_connection from sessions where kind = 'browser'")
        .fetch_one(&mut scene.house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(by.map(kernel::ids::SsoId::from_uuid).map(|id| id.to_string()), Some(scene.id.clone()));
    // The sign-in page needs nothing of a person who is in; a sensitive setting takes the provider's word for fresh.
    scene.house.get("/v2/members").header("cookie", &reply.cookie()).send().await.expect_status(200);
}

#[tokio::test]
async fn both_published_keys_and_both_ways_of_the_secret_work() {
    let scene = Scene::new().await;
    scene.signed_in().await;
    scene.provider.other_key();
    scene.signed_in().await;
    let settings = json!({ "client_id": scene.provider.config.client_id, "token_auth": "client_secret_post" });
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, json!({ "settings": settings })).by(&scene.owner).send().await.expect_status(200);
    scene.signed_in().await;
    let sent = scene.provider.requests().into_iter().rfind(|request| request.path == "/token").unwrap();
    assert!(
        sent.body.contains("client_secret=s3cr3t") && !sent.headers.iter().any(|(name, _)| name == "authorization")
    );
    assert_eq!(scene.count("select count(*) from sso_links").await, 1);
}

#[tokio::test]
async fn keys_that_rotate_are_asked_for_once_more_and_not_again_and_again() {
    let scene = Scene::new().await;
    scene.signed_in().await;
    scene.provider.rotate();
    scene.signed_in().await;
    assert_eq!(scene.provider.keys_asked(), 2);
    scene.signed_in().await;
    assert_eq!(scene.provider.keys_asked(), 2);
    scene.provider.rotate();
    for _ in 0..3 {
        let back = scene.go("").await;
        let reply = scene.back(&back).await.expect_status(403);
        assert!(reply.body.contains("a key that the provider does not publish"), "{}", reply.body);
    }
    assert_eq!(scene.provider.keys_asked(), 2, "asked again at most once a minute");
    scene.house.advance(Duration::seconds(61));
    scene.provider.advance(Duration::seconds(61));
    scene.signed_in().await;
    assert_eq!(scene.provider.keys_asked(), 3);
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_of_userinfo() {
    let scene = Scene::new().await;
    scene.provider.person(json!({ "sub": "sub-nia" }));
    scene.refused("did not send an email address").await;
    scene.provider.userinfo(json!({ "email": "nia@acme.example", "groups": ["admins"] }));
    let session = scene.session(&scene.signed_in().await).await;
    assert_eq!((session["email"].as_str(), session["role"].as_str()), (Some("nia@acme.example"), Some("viewer")));
    let groups = json!([{ "group": "admins", "role": "admin" }]);
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, json!({ "group_roles": groups })).by(&scene.owner).send().await.expect_status(200);
    let session = scene.session(&scene.signed_in().await).await;
    assert_eq!(session["role"], "admin");
}

#[tokio::test]
async fn groups_that_do_not_fit_into_the_token_are_not_taken_for_none() {
    let scene = Scene::new().await;
    let groups = json!([{ "group": "admins", "role": "admin" }]);
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, json!({ "group_roles": groups })).by(&scene.owner).send().await.expect_status(200);
    let mut claims = person("sub-nia");
    claims["_claim_names"] = json!({ "groups": "src1" });
    scene.provider.person(claims);
    scene.refused("more groups than your provider tells").await;
}

#[tokio::test]
async fn a_person_whose_address_changes_at_the_provider_stays_who_they_are() {
    let scene = Scene::new().await;
    let first = scene.session(&scene.signed_in().await).await;
    let mut renamed = person("sub-nia");
    renamed["email"] = json!("nia.married@acme.example");
    scene.provider.person(renamed);
    let second = scene.session(&scene.signed_in().await).await;
    assert_eq!(first["user"], second["user"]);
    // Another account under the old address is not her.
    scene.provider.person(person("sub-other"));
    let back = scene.go("").await;
    let reply = scene.back(&back).await.expect_status(403);
    assert!(reply.body.contains("Another account of your provider is linked"), "{}", reply.body);
}

#[tokio::test]
async fn single_sign_on_only_refuses_passwords_with_a_hint() {
    let scene = Scene::new().await;
    let agent = scene.house.member(&scene.owner, "agent").await;
    let on = || scene.house.patch("/v2/sso/policy", json!({ "sso_only": true })).by(&scene.owner).send();
    let refused = on().await.expect_status(409).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("pass its test"), "{refused}");
    let test = scene.house.post(&format!("/v2/sso/connections/{}/test", scene.id), json!({}));
    assert_eq!(test.by(&scene.owner).send().await.expect_status(200).json()["ok"], true);
    assert_eq!(on().await.expect_status(200).json()["sso_only"], true);
    scene.house.get("/v2/members").by(&agent).send().await.expect_status(401);
    let body = json!({ "email": agent.email, "password": crate::support::PASSWORD });
    let refused = scene.house.post("/v2/auth/login", body.clone()).send().await.expect_status(403).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("single sign-on"), "{refused}");
    let form = format!("email={}&password={}&next=", agent.email, crate::support::PASSWORD.replace(' ', "+"));
    let page = scene.house.form("/sign-in", &form).send().await.expect_status(403);
    assert!(page.body.contains("single sign-on"), "{}", page.body);
    // A wrong password learns nothing of it.
    let wrong = json!({ "email": agent.email, "password": "not the password" });
    scene.house.post("/v2/auth/login", wrong).send().await.expect_status(401);
    // Owners have a way back in, and keys go on.
    scene.house.login(&scene.owner.email).await;
    assert_eq!(scene.count("select count(*) from audit_log where action = 'sso.bypassed'").await, 1);
    // The last connection stays while it is the only way in.
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.delete(&path).by(&scene.owner).send().await.expect_status(409);
    scene.house.patch(&path, json!({ "enabled": false })).by(&scene.owner).send().await.expect_status(409);
    scene.house.patch("/v2/sso/policy", json!({ "sso_only": false })).by(&scene.owner).send().await.expect_status(200);
    scene.house.post("/v2/auth/login", body).send().await.expect_status(200);
}
