//! The pages of the settings: connecting a provider by hand, domains, the switch.

use axum::http::StatusCode;
use chrono::Duration;

use super::scene::Scene;
use crate::support::{House, Reply};

/// A browser with a session.
struct Browser<'a> {
    house: &'a House,
    cookie: String,
    csrf: String,
}

impl Browser<'_> {
    async fn of<'a>(house: &'a House, email: &str) -> Browser<'a> {
        let (cookie, csrf) = house.browser(email).await;
        Browser { house, cookie, csrf }
    }

    async fn get(&self, path: &str) -> Reply {
        self.house.get(path).header("cookie", &self.cookie).send().await
    }

    async fn post(&self, path: &str, fields: &str) -> Reply {
        let body = format!("_csrf={}&{fields}", self.csrf);
        self.house.form(path, &body).header("cookie", &self.cookie).send().await
    }
}

#[tokio::test]
async fn a_provider_is_connected_by_hand() {
    let scene = Scene::new().await;
    let browser = Browser::of(&scene.house, &scene.owner.email).await;
    let overview = browser.get("/settings/sso").await.expect_status(200).body;
    for part in ["Acme login", "in use", "acme.example", "by the operator", "not tested as it is now"] {
        assert!(overview.contains(part), "{part}: {overview}");
    }
    let made = browser.post("/settings/sso/connections", "kind=oidc&brand=google").await.expect_status(303);
    let path = made.location().to_owned();
    let page = browser.get(&path).await.expect_status(200).body;
    assert!(page.contains(&format!("/auth/oidc/{}/callback", path.rsplit('/').next().unwrap())), "{page}");
    assert!(page.contains("https://accounts.google.com") && page.contains("Workspace domain"), "{page}");
    // In use with a gap: what was typed stays, but for the secret.
    let typed = "name=Google+login&issuer=https://accounts.google.com&client_id=typed-id&secret=typed-secret&enabled=true\
                 &default_role=agent&group=one&role=admin&group=&role=viewer";
    let refused = browser.post(&path, typed).await.expect_status(422).body;
    assert!(
        refused.contains("is required for Google") && refused.contains("typed-id") && !refused.contains("typed-secret")
    );
    assert!(refused.contains("value=\"one\""), "{refused}");
    let saved = browser.post(&path, &format!("{typed}&hosted_domain=acme.example&just_in_time=true")).await;
    assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, path.as_str()));
    let page = browser.get(&path).await.expect_status(200).body;
    assert!(page.contains("kept; leave empty to keep it") && page.contains("value=\"acme.example\""), "{page}");
    browser.post(&format!("{path}/removal"), "").await.expect_status(303);
    browser.get(&path).await.expect_status(404);
}

#[tokio::test]
async fn a_test_is_shown_and_a_link_is_removed() {
    let scene = Scene::new().await;
    scene.signed_in().await;
    let browser = Browser::of(&scene.house, &scene.owner.email).await;
    let path = format!("/settings/sso/{}", scene.id);
    browser.post(&format!("{path}/test"), "").await.expect_status(303);
    let page = browser.get(&path).await.expect_status(200).body;
    for part in ["Signing keys", "the provider accepts the client id", "Nia Newcomer", "account sub-nia"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let user: kernel::ids::UserId =
        sqlx::query_scalar("select user_id from sso_links").fetch_one(&mut scene.house.db.owner().await).await.unwrap();
    browser.post(&format!("{path}/unlink"), &format!("user={user}")).await.expect_status(303);
    browser.post(&format!("{path}/unlink"), &format!("user={user}")).await.expect_status(404);
    assert_eq!(scene.count("select count(*) from sso_links").await, 0);
}

#[tokio::test]
async fn domains_and_the_switch_say_what_is_missing() {
    let house = House::configured(|_| {}).await;
    let owner = house.owner("acme").await;
    let browser = Browser::of(&house, &owner.email).await;
    assert!(browser.get("/settings/sso").await.expect_status(200).body.contains("Connect a provider"));
    browser.post("/settings/sso/domains", "domain=acme.example").await.expect_status(303);
    assert!(browser.get("/settings/sso").await.body.contains("recoup-verification="));
    let wrong = browser.post("/settings/sso/domains", "domain=nonsense").await.expect_status(422);
    assert!(wrong.body.contains("Domain is not an email domain"), "{}", wrong.body);
    let refused = browser.post("/settings/sso/only", "on=true").await.expect_status(409);
    assert!(refused.body.contains("First let a connection in use pass its test"), "{}", refused.body);
    browser.post("/settings/sso/domains/removal", "domain=acme.example").await.expect_status(303);
    assert!(!browser.get("/settings/sso").await.body.contains("recoup-verification="));
}

#[tokio::test]
async fn a_stolen_session_changes_nothing_of_single_sign_on() {
    let scene = Scene::new().await;
    let browser = Browser::of(&scene.house, &scene.owner.email).await;
    scene.house.advance(Duration::minutes(16));
    let path = format!("/settings/sso/{}", scene.id);
    for (path, fields) in [
        ("/settings/sso/connections".to_owned(), "kind=oidc"),
        (path.clone(), "name=x&issuer=&client_id="),
        (format!("{path}/removal"), ""),
        ("/settings/sso/domains".to_owned(), "domain=x.example"),
        ("/settings/sso/domains/verification".to_owned(), "domain=acme.example"),
        ("/settings/sso/domains/removal".to_owned(), "domain=acme.example"),
        ("/settings/sso/only".to_owned(), "on=true"),
    ] {
        let reply = browser.post(&path, fields).await;
        assert!(
            reply.status.is_redirection() && reply.location().starts_with("/verify"),
            "{path}: {} {}",
            reply.status,
            reply.body
        );
    }
    let refused = scene.house.delete(&format!("/v2/sso/connections/{}", scene.id));
    let refused = refused.by(&scene.house.login(&scene.owner.email).await).send().await;
    assert_eq!(refused.status, StatusCode::NO_CONTENT, "a fresh proof may: {}", refused.body);
}

#[tokio::test]
async fn only_who_manages_people_sees_the_pages() {
    let scene = Scene::new().await;
    for role in ["agent", "analyst", "viewer"] {
        let member = scene.house.member(&scene.owner, role).await;
        let browser = Browser::of(&scene.house, &member.email).await;
        browser.get("/settings/sso").await.expect_status(403);
        browser.get(&format!("/settings/sso/{}", scene.id)).await.expect_status(403);
        browser.post("/settings/sso/only", "on=true").await.expect_status(403);
    }
    let other = scene.house.owner("other").await;
    let browser = Browser::of(&scene.house, &other.email).await;
    browser.get(&format!("/settings/sso/{}", scene.id)).await.expect_status(404);
    browser.post(&format!("/settings/sso/{}/removal", scene.id), "").await.expect_status(404);
}
