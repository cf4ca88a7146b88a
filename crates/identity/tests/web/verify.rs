//! A fresh proof of who somebody is.

use chrono::{DateTime, Duration, Utc};
use kernel::db::system;
use kernel::ids::SessionId;
use serde_json::json;

use crate::support::{House, PASSWORD, Person};

/// When a person's session was last proved.
async fn proved_at(house: &House, person: &Person) -> Option<DateTime<Utc>> {
    let me = house.get("/v2/auth/session").by(person).send().await.expect_status(200).json();
    let session: SessionId = me["session"].as_str().expect("a session").parse().expect("an id");
    let org = person.org.parse().expect("an id");
    system::session_by_id(&house.kernel.db, org, session).await.expect("a look-up").expect("a session").verified_at
}

async fn verify(house: &House, person: &Person, password: &str) -> u16 {
    house.post("/v2/auth/verify", json!({ "password": password })).by(person).send().await.status.as_u16()
}

#[tokio::test]
async fn signing_in_is_a_proof_and_the_password_gives_a_new_one() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let first = proved_at(&house, &owner).await.expect("signing in proves");
    house.advance(Duration::minutes(10));
    assert_eq!(verify(&house, &owner, "wrong").await, 401);
    assert_eq!(proved_at(&house, &owner).await, Some(first), "a wrong password proves nothing");
    assert_eq!(verify(&house, &owner, PASSWORD).await, 204);
    assert!(proved_at(&house, &owner).await > Some(first + Duration::minutes(10)));
    let log = house.get("/v2/audit-log").by(&owner).send().await.expect_status(200).body;
    assert!(log.contains("session.verified"), "{log}");
}

#[tokio::test]
async fn only_a_person_with_a_session_proves_themselves_and_by_their_own_password() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let body = json!({ "email": "x@one.example", "name": "X", "password": "another passphrase", "role": "admin" });
    house.post("/v2/members", body).by(&owner).send().await.expect_status(201);
    assert_eq!(verify(&house, &owner, "another passphrase").await, 401, "somebody else's password");
    let made = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = made.expect_status(201).json()["key"].as_str().expect("shown once").to_owned();
    let refused = house.post("/v2/auth/verify", json!({ "password": PASSWORD })).bearer(&key).send().await;
    refused.expect_status(409);
    house.post("/v2/auth/verify", json!({ "password": PASSWORD })).send().await.expect_status(401);
    house.post("/v2/auth/verify", json!({})).by(&owner).send().await.expect_status(422);
}

#[tokio::test]
async fn guessing_at_the_proof_closes_the_same_door_as_guessing_at_the_sign_in() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for _ in 0..5 {
        assert_eq!(verify(&house, &owner, "guess").await, 401);
    }
    assert_eq!(verify(&house, &owner, PASSWORD).await, 429);
    house.advance(Duration::seconds(31));
    assert_eq!(verify(&house, &owner, PASSWORD).await, 204);
}

#[tokio::test]
async fn going_to_another_organisation_takes_the_age_of_the_proof_along() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let invite = house.post("/v2/invites", json!({ "email": one.email, "role": "admin" })).by(&two).send().await;
    let link = invite.expect_status(201).json()["link"].as_str().expect("a link").to_owned();
    let token = link.rsplit('/').next().expect("the secret").to_owned();
    let body = json!({ "token": token, "password": PASSWORD });
    house.post("/v2/invites/accept", body).send().await.expect_status(201);
    let (cookie, csrf) = house.browser(&one.email).await;
    house.advance(Duration::minutes(20));
    let here = house.get("/v2/auth/session").header("cookie", &cookie).send().await.json()["org"]["id"].clone();
    let there = if here == one.org.as_str() { &two.org } else { &one.org };
    let moved = house.form(&format!("/organisations/{there}"), &format!("_csrf={csrf}"));
    let cookie = moved.header("cookie", &cookie).send().await.expect_status(303).cookie();
    let row = sqlx::query_scalar::<_, Option<DateTime<Utc>>>(
        "select verified_at from sessions where revoked_at is null and kind = 'browser' order by created_at desc limit 1",
    );
    let proved = row.fetch_one(&mut house.db.owner().await).await.expect("a session").expect("a proof");
    assert!(proved < house.kernel.clock.now() - Duration::minutes(19), "{proved}");
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(200);
}

#[tokio::test]
async fn what_an_identity_provider_said_opens_no_other_organisation() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    sqlx::query("update sessions set came_by = 'sso'").execute(&mut house.db.owner().await).await.expect("arranged");
    house.advance(Duration::seconds(1));
    let moved = house.form(&format!("/organisations/{}", owner.org), &format!("_csrf={csrf}"));
    moved.header("cookie", &cookie).send().await.expect_status(403);
    let verify = house.get("/verify?next=/settings/keys").header("cookie", &cookie).send().await.expect_status(200);
    assert!(verify.body.contains("/sign-in/sso?email=owner%40one.example&amp;next=/settings/keys"), "{}", verify.body);
    let two = house.owner("two").await;
    let invite = house.post("/v2/invites", json!({ "email": owner.email, "role": "admin" })).by(&two).send().await;
    let link = invite.expect_status(201).json()["link"].as_str().expect("a link").to_owned();
    let path = &link[link.find("/invite/").expect("a path")..];
    let joined = house.form(path, &format!("_csrf={csrf}")).header("cookie", &cookie).send().await;
    assert!(joined.expect_status(403).body.contains("speaks for its own organisation alone"));
}

#[tokio::test]
async fn the_page_proves_and_leads_back_inside_only() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let page = house.get("/verify?next=/settings/keys").header("cookie", &cookie).send().await.expect_status(200);
    assert!(page.body.contains("Is it you?") && page.body.contains("value=\"/settings/keys\""));
    let post = |next: &str, password: &str| {
        let password = password.replace(' ', "+");
        house.form("/verify", &format!("_csrf={csrf}&next={next}&password={password}")).header("cookie", &cookie).send()
    };
    let wrong = post("/settings/keys", "wrong").await.expect_status(401);
    assert!(wrong.body.contains("is not right") && wrong.body.contains("value=\"/settings/keys\""));
    assert_eq!(post("/settings/keys", PASSWORD).await.expect_status(303).location(), "/settings/keys");
    assert_eq!(post("//evil.example", PASSWORD).await.expect_status(303).location(), "/");
    assert_eq!(house.get("/verify").send().await.expect_status(303).location(), "/sign-in?next=/verify");
}
