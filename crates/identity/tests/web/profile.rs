//! A person's own page: name, password, devices.

use serde_json::json;

use crate::support::{House, PASSWORD};

const NEW: &str = "seven blue umbrellas";

#[tokio::test]
async fn every_member_has_the_page_and_changes_their_name_with_and_without_script() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let viewer = house.member(&owner, "viewer").await;
    let (cookie, token) = house.browser(&viewer.email).await;
    let get = || house.get("/settings/profile").header("cookie", &cookie).send();
    let page = get().await.expect_status(200).body;
    for part in [
        "value=\"The viewer\"",
        "Current password",
        "Where you are signed in",
        "this one",
        "href=\"/settings/profile\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let post = |body: String| house.form("/settings/profile/name", &body).header("cookie", &cookie);
    post("name=Sam".into()).send().await.expect_status(403);
    let plain = post(format!("name=Sam+Okafor&_csrf={token}")).send().await.expect_status(303);
    assert_eq!(plain.location(), "/settings/profile");
    assert!(get().await.body.contains("value=\"Sam Okafor\""));
    let wrong = post("name=+".into()).header("x-csrf-token", &token).header("hx-request", "true").send().await;
    let wrong = wrong.expect_status(200).body;
    assert!(wrong.contains("is required") && !wrong.contains("<html"), "{wrong}");
    let whole = post(format!("name=&_csrf={token}")).send().await.expect_status(200).body;
    assert!(whole.contains("is required") && whole.contains("Where you are signed in"), "the page without script");
    let named = house.get("/v2/members").by(&owner).send().await.expect_status(200).body;
    assert!(named.contains("Sam Okafor"));
    house.patch("/v2/auth/profile", json!({ "name": "Sam O." })).by(&viewer).send().await.expect_status(204);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let other = house.login(&owner.email).await;
    let post = |current: &str, new: &str| {
        let body = format!("current={}&password={}", current.replace(' ', "+"), new.replace(' ', "+"));
        let call = house.form("/settings/profile/password", &body).header("cookie", &cookie);
        call.header("x-csrf-token", &token).header("hx-request", "true").send()
    };
    let wrong = post("not my password", NEW).await.expect_status(200).body;
    assert!(wrong.contains("is not right"), "{wrong}");
    let weak = post(PASSWORD, "owner@one.example").await.expect_status(200).body;
    assert!(weak.contains("guessed too easily"), "{weak}");
    house.get("/v2/auth/session").by(&other).send().await.expect_status(200);
    let done = post(PASSWORD, NEW).await.expect_status(200);
    assert!(done.headers["hx-trigger"].to_str().unwrap().contains("other sessions are over"));
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(200);
    house.get("/v2/auth/session").by(&other).send().await.expect_status(401);
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(401);
    house.post("/v2/auth/login", json!({ "email": owner.email, "password": PASSWORD })).send().await.expect_status(401);
    house.post("/v2/auth/login", json!({ "email": owner.email, "password": NEW })).send().await.expect_status(200);
    house.carry().await;
    assert!(mail.letters_to(&owner.email).iter().any(|letter| letter.subject().contains("password was changed")));
}

#[tokio::test]
async fn a_stolen_session_cannot_guess_the_password_here() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let guess = |current: &str| {
        house.put("/v2/auth/password", json!({ "current": current, "password": NEW })).by(&owner).send()
    };
    for _ in 0..5 {
        let refused = guess("a wrong password").await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], "current");
    }
    assert!(guess(PASSWORD).await.expect_status(429).headers.contains_key("retry-after"));
    let key = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = key.expect_status(201).json()["key"].as_str().unwrap().to_owned();
    let body = json!({ "current": PASSWORD, "password": NEW });
    house.put("/v2/auth/password", body).bearer(&key).send().await.expect_status(409);
}

#[tokio::test]
async fn sessions_are_ended_from_the_page_and_members_from_the_peoples_page() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let post = |path: String| {
        let call = house.form(&path, "").header("cookie", &cookie).header("x-csrf-token", &token);
        call.header("hx-request", "true").send()
    };
    let own = house.get("/v2/auth/sessions").header("cookie", &cookie).send().await.expect_status(200).json();
    let other = own["data"].as_array().unwrap().iter().find(|one| one["current"] == false).expect("the program");
    let card = post(format!("/settings/profile/sessions/{}/end", other["id"].as_str().unwrap())).await;
    assert!(!card.expect_status(200).body.contains("End all others"), "none is left");
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(401);
    house.login(&owner.email).await;
    let card = post("/settings/profile/sessions/end".into()).await.expect_status(200).body;
    assert!(card.contains("this one") && !card.contains("End all others"), "{card}");
    let member = house.get("/v2/auth/session").by(&agent).send().await.expect_status(200).json();
    let path = format!("/settings/people/{}/sessions/end", member["member"].as_str().unwrap());
    post(path).await.expect_status(200);
    house.get("/v2/auth/session").by(&agent).send().await.expect_status(401);
}

#[tokio::test]
async fn members_choose_their_letters_and_only_those_they_may_have() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let now =
        async |by| house.get("/v2/auth/letters").by(by).send().await.expect_status(200).json()["needs_human"].clone();
    assert_eq!((now(&owner).await, now(&agent).await), (json!("all"), json!("mine")));
    let put = |by, word: &str| house.put("/v2/auth/letters", json!({ "needs_human": word })).by(by).send();
    put(&agent, "all").await.expect_status(422);
    put(&agent, "some").await.expect_status(422);
    put(&agent, "none").await.expect_status(204);
    assert_eq!(now(&agent).await, json!("none"));
    let (cookie, token) = house.browser(&agent.email).await;
    let page = house.get("/settings/profile").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("sends no mail yet") && !page.contains("assigned to me or to nobody"), "{page}");
    let post = house.form("/settings/profile/letters", "needs_human=mine").header("cookie", &cookie);
    let card = post.header("x-csrf-token", &token).header("hx-request", "true").send().await.expect_status(200).body;
    assert!(card.contains("value=\"mine\" selected"), "{card}");
    assert_eq!(now(&agent).await, json!("mine"));
}
