//! A person's sessions by device: seeing them, ending them, being told of a new one.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Call, House, PASSWORD, Person};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NEWER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

async fn login(house: &House, email: &str, agent: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let call = house.post("/v2/auth/login", body).header("user-agent", agent).at_ip("203.0.113.7");
    call.send().await.expect_status(200).json()["access_token"].as_str().expect("a token").to_owned()
}

async fn list(house: &House, token: &str) -> Vec<Value> {
    let all = house.get("/v2/auth/sessions").bearer(token).send().await.expect_status(200).json();
    all["data"].as_array().expect("a list").clone()
}

async fn status(house: &House, token: &str) -> u16 {
    house.get("/v2/auth/session").bearer(token).send().await.status.as_u16()
}

#[tokio::test]
async fn sessions_are_listed_by_device_and_one_or_all_others_are_ended() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (desk, phone) = (login(&house, &owner.email, FIREFOX).await, login(&house, &owner.email, PHONE).await);
    let seen = list(&house, &phone).await;
    let told: Vec<_> =
        seen.iter().map(|one| (one["device"].as_str().unwrap(), one["current"].as_bool().unwrap())).collect();
    assert_eq!(told, [("Safari on iPhone", true), ("Firefox on Linux", false), ("Unknown program", false)]);
    assert_eq!((seen[0]["ip"].as_str(), seen[0]["kind"].as_str()), (Some("203.0.113.7"), Some("token")));
    let id = seen[1]["id"].as_str().unwrap();
    house.delete(&format!("/v2/auth/sessions/{id}")).bearer(&phone).send().await.expect_status(204);
    house.delete(&format!("/v2/auth/sessions/{id}")).bearer(&phone).send().await.expect_status(404);
    assert_eq!((status(&house, &desk).await, status(&house, &phone).await), (401, 200));
    let (cookie, _) = house.browser(&owner.email).await;
    house.delete("/v2/auth/sessions").bearer(&phone).send().await.expect_status(204);
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(401);
    house.post("/v2/auth/refresh", json!({ "refresh_token": owner.refresh })).send().await.expect_status(401);
    assert_eq!((list(&house, &phone).await.len(), status(&house, &phone).await), (1, 200));
}

#[tokio::test]
async fn nobody_sees_or_ends_the_sessions_of_others_and_a_key_has_none() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let of_owner = list(&house, &owner.access).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list(&house, &agent.access).await.len(), 1);
    let path = format!("/v2/auth/sessions/{of_owner}");
    house.delete(&path).by(&agent).send().await.expect_status(404);
    house.delete("/v2/auth/sessions").by(&agent).send().await.expect_status(204);
    assert_eq!(status(&house, &owner.access).await, 200);
    let key = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = key.expect_status(201).json()["key"].as_str().unwrap().to_owned();
    for (method, path) in [(Method::GET, "/v2/auth/sessions"), (Method::DELETE, "/v2/auth/sessions")] {
        house.call_as(&key, method, path).await.expect_status(409);
    }
}

#[tokio::test]
async fn an_admin_signs_a_member_out_everywhere_but_not_an_owner() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (admin, agent) = (house.member(&owner, "admin").await, house.member(&owner, "agent").await);
    let other = house.other_process().await;
    let path = async |of: &Person| format!("/v2/members/{}/sessions", house.member_id(of).await);
    let (of_agent, of_owner) = (path(&agent).await, path(&owner).await);
    house.delete(&of_owner).by(&admin).send().await.expect_status(403);
    house.delete(&of_agent).by(&admin).send().await.expect_status(204);
    assert_eq!((status(&house, &agent.access).await, status(&house, &owner.access).await), (401, 200));
    house.post("/v2/auth/refresh", json!({ "refresh_token": agent.refresh })).send().await.expect_status(401);
    kernel::testing::until("the other process to know", || async {
        let reply = Call::new(other.clone(), Method::GET, "/v2/auth/session").by(&agent).send().await;
        (reply.status.as_u16() == 401).then_some(())
    })
    .await;
    let log = house.get("/v2/audit-log?action=member.signed_out").by(&owner).send().await.expect_status(200).json();
    assert_eq!(log["data"][0]["action"], "member.signed_out");
}

#[tokio::test]
async fn a_sign_in_from_a_device_not_used_lately_is_told_by_letter() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    house.carry().await;
    assert!(mail.letters().is_empty(), "the first device of all is no news");
    login(&house, &owner.email, PHONE).await;
    house.carry().await;
    let letters = mail.letters_to(&owner.email);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject(), "A new sign-in to Recoup");
    for fact in ["Device: Safari on iPhone", "Address: 203.0.113.7", "Organisation: one", "/settings/profile"] {
        assert!(letters[0].text.contains(fact), "{fact}: {}", letters[0].text);
    }
    login(&house, &owner.email, PHONE).await;
    login(&house, &owner.email, FIREFOX).await;
    login(&house, &owner.email, NEWER).await;
    house.carry().await;
    assert_eq!(mail.letters_to(&owner.email).len(), 2, "Firefox once, whatever its version; the phone not again");
    // What a hostile program calls itself cannot become a header or markup.
    login(&house, &owner.email, "<b>x</b>\tBcc:all@example.com").await;
    house.carry().await;
    let last = mail.letters_to(&owner.email).pop().expect("a letter");
    assert_eq!(last.to, std::slice::from_ref(&owner.email));
    assert!(!last.html.contains("<b>"), "{}", last.html);
}

#[tokio::test]
async fn signing_in_makes_a_cookie_of_its_own_whatever_cookie_was_brought() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let form = format!("email={}&password={}&next=", owner.email, PASSWORD.replace(' ', "+"));
    let planted = "recoup_session=planted-by-somebody";
    let reply = house.form("/sign-in", &form).header("cookie", planted).send().await.expect_status(303);
    let cookie = reply.cookie();
    assert_ne!(cookie, planted);
    house.get("/v2/auth/session").header("cookie", planted).send().await.expect_status(401);
    // Somebody who is signed in gets a new one too, and both name different sessions.
    let token = shell::auth::token_for_session(cookie.split_once('=').expect("name=value").1);
    let again = house.form("/sign-in", &format!("{form}&_csrf={token}")).header("cookie", &cookie).send().await;
    assert_ne!(again.expect_status(303).cookie(), cookie);
}

/// Not a promise kept but a number looked up: what a check of a warm access token costs. `--run-ignored only --no-capture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn what_a_check_of_a_token_costs() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (door, from) = (house.identity.authenticator(), kernel::db::Caller::default());
    let check = async || {
        let known = door.authenticate(shell::Credential::Bearer(&owner.access), &from).await.expect("asked");
        assert!(known.is_some());
    };
    check().await;
    let began = std::time::Instant::now();
    let mut checks = 0;
    while began.elapsed() < std::time::Duration::from_millis(800) {
        check().await;
        checks += 1;
    }
    println!("{:?} a check, {checks} of them", began.elapsed() / checks);
}
