//! An organisation that asks everybody for a second factor.

use chrono::Duration;
use serde_json::{Value, json};

use crate::factors::{app, code, signed_in};
use crate::support::{House, Person, Reply};

const RULE: &str = "/v2/security/second-factor";

async fn ask(house: &House, by: &Person, rule: Value) -> Reply {
    house.put(RULE, rule).by(by).send().await
}

async fn status(house: &House, person: &Person) -> (u16, Value) {
    let reply = house.get("/v2/members").by(person).send().await;
    (reply.status.as_u16(), if reply.status.is_success() { Value::Null } else { reply.json()["error"]["code"].clone() })
}

const LATE: (u16, &str) = (403, "second_factor_setup_required");

#[tokio::test]
async fn whoever_asks_has_one_and_everybody_else_has_time() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    ask(&house, &owner, json!({ "required": true })).await.expect_status(409);
    app(&house, &owner).await;
    ask(&house, &owner, json!({ "required": true, "grace_days": 91 })).await.expect_status(422);
    let rule = ask(&house, &owner, json!({ "required": true })).await.expect_status(200).json();
    assert_eq!((&rule["required"], &rule["grace_days"], &rule["sso_too"]), (&json!(true), &json!(7), &json!(false)));

    let has = house.get("/v2/auth/factors").by(&agent).send().await.expect_status(200).json();
    assert!(has["required_by"].is_string(), "{has}");
    let (cookie, _) = house.browser(&agent.email).await;
    let page = house.get("/settings/profile").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("asks everybody for a second factor by"));
    assert_eq!(status(&house, &agent).await.0, 200);

    house.advance(Duration::days(7) - Duration::minutes(10));
    let agent = house.login(&agent.email).await;
    assert_eq!(status(&house, &agent).await.0, 200);
    house.advance(Duration::minutes(11));
    assert_eq!(status(&house, &agent).await, (LATE.0, json!(LATE.1)));
    let (cookie, _) = house.browser(&agent.email).await;
    let led = house.get("/settings/people").header("cookie", &cookie).send().await;
    assert_eq!(led.expect_status(303).location(), "/settings/profile");
    let page = house.get("/settings/profile").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("Set one up here to go on"));

    // The way out of it works without signing in anew.
    let agent = house.login(&agent.email).await;
    app(&house, &agent).await;
    assert_eq!(status(&house, &agent).await.0, 200);
    let refused = house.delete("/v2/auth/totp").by(&agent).send().await.expect_status(409);
    assert!(refused.body.contains("set up another one first"), "{}", refused.body);
}

#[tokio::test]
async fn who_joins_later_has_the_same_time_and_the_rule_ends_at_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, _) = app(&house, &owner).await;
    ask(&house, &owner, json!({ "required": true, "grace_days": 3 })).await.expect_status(200);
    house.advance(Duration::days(5));
    let (cookie, csrf) = signed_in(&house, &owner, &secret).await;
    let body =
        json!({ "email": "late@one.example", "name": "Late", "password": crate::support::PASSWORD, "role": "viewer" });
    let add = house.post("/v2/members", body).header("cookie", &cookie).header("x-csrf-token", &csrf);
    add.send().await.expect_status(201);
    let late = house.login("late@one.example").await;
    assert_eq!(status(&house, &late).await.0, 200);
    house.advance(Duration::days(3));
    let late = house.login("late@one.example").await;
    assert_eq!(status(&house, &late).await, (LATE.0, json!(LATE.1)));
    let off = house.put(RULE, json!({ "required": false })).header("cookie", &cookie).header("x-csrf-token", &csrf);
    let refused = off.send().await.expect_status(403).json();
    assert_eq!(refused["error"]["code"], "step_up_required", "a rule is not lifted by a stolen session");
    let (cookie, csrf) = signed_in(&house, &owner, &secret).await;
    let off = house.put(RULE, json!({ "required": false })).header("cookie", &cookie).header("x-csrf-token", &csrf);
    off.send().await.expect_status(200);
    assert_eq!(status(&house, &late).await.0, 200);
    let log = house.get("/v2/audit-log").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(log.contains("security.second_factor"));
}

#[tokio::test]
async fn single_sign_on_is_exempt_unless_the_organisation_says_otherwise() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    app(&house, &owner).await;
    let agent = house.member(&owner, "agent").await;
    sqlx::query("update sessions set came_by = 'sso' where user_id = (select id from users where email = $1)")
        .bind(&agent.email)
        .execute(&mut house.db.owner().await)
        .await
        .expect("arranged");
    let rule = |sso_too: bool| json!({ "required": true, "grace_days": 0, "sso_too": sso_too });
    ask(&house, &owner, rule(false)).await.expect_status(200);
    assert_eq!(status(&house, &agent).await.0, 200);
    ask(&house, &owner, rule(true)).await.expect_status(200);
    assert_eq!(status(&house, &agent).await, (LATE.0, json!(LATE.1)));
}

#[tokio::test]
async fn the_rule_is_of_one_organisation() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    app(&house, &one).await;
    ask(&house, &one, json!({ "required": true, "grace_days": 0 })).await.expect_status(200);
    assert_eq!(status(&house, &two).await.0, 200);
    let theirs = house.get(RULE).by(&two).send().await.expect_status(200).json();
    assert_eq!(theirs["required"], false);
}

#[tokio::test]
async fn single_sign_on_of_one_organisation_changes_no_factors_of_somebody_in_two() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let new = identity::members::NewMember {
        email: one.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Viewer,
    };
    identity::members::add(&house.kernel, two.org.parse().expect("an id"), new).await.expect("added");
    sqlx::query("update sessions set came_by = 'sso'").execute(&mut house.db.owner().await).await.expect("arranged");
    house.advance(Duration::seconds(1));
    house.post("/v2/auth/totp", json!({})).by(&one).send().await.expect_status(403);
    house.post("/v2/auth/passkeys/options", json!({})).by(&one).send().await.expect_status(403);
}

#[tokio::test]
async fn the_page_sets_the_rule() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let post = |body: &str| {
        let call = house.form("/settings/sign-in/second-factor", &format!("_csrf={csrf}&{body}"));
        call.header("cookie", &cookie).send()
    };
    let refused = post("required=true&grace_days=7").await.expect_status(409);
    assert!(refused.body.contains("Set up a second factor of your own first"));
    let (secret, _) = app(&house, &owner).await;
    assert_eq!(post("required=true&grace_days=14").await.expect_status(303).location(), "/settings/sign-in");
    let page = house.get("/settings/sign-in").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("1 of 1 member has one") && page.contains("value=\"14\" selected"), "{page}");
    house.advance(Duration::minutes(16));
    assert_eq!(post("grace_days=7").await.expect_status(303).location(), "/verify");
    let verify = format!("_csrf={csrf}&next=%2Fsettings%2Fsign-in&code={}", code(&house, &secret, 0));
    let back = house.form("/verify", &verify).header("cookie", &cookie).send().await.expect_status(303);
    assert_eq!(back.location(), "/settings/sign-in");
    post("grace_days=7").await.expect_status(303);
}
