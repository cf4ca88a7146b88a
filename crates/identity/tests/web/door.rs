//! Signing in with a password: nobody learns which emails exist, and guessing gets slow.

use chrono::Duration;
use serde_json::json;

use crate::support::{House, PASSWORD, Reply};

async fn login(house: &House, email: &str, password: &str) -> Reply {
    house.post("/v2/auth/login", json!({ "email": email, "password": password })).send().await
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_read_and_cost_the_same() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut seen = Vec::new();
    for email in [owner.email.as_str(), "nobody@example.com", "not an email"] {
        let before = house.identity.hasher().work();
        let reply = login(&house, email, "wrong password").await.expect_status(401);
        let error = reply.json()["error"].clone();
        seen.push((house.identity.hasher().work() - before, error["code"].clone(), error["message"].clone()));
    }
    assert_eq!(seen[0].0, 1, "one Argon2id");
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[tokio::test]
async fn the_door_closes_after_five_refusals_whoever_knocks_and_opens_again() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for email in [owner.email.as_str(), "nobody@example.com"] {
        for _ in 0..5 {
            login(&house, email, "wrong password").await.expect_status(401);
        }
        let before = house.identity.hasher().work();
        let closed = login(&house, email, PASSWORD).await.expect_status(429);
        assert_eq!(closed.headers["retry-after"], "30");
        assert_eq!(house.identity.hasher().work(), before, "a closed door costs no hash, known or not");
    }
    house.advance(Duration::seconds(31));
    login(&house, &owner.email, "wrong again").await.expect_status(401);
    assert_eq!(login(&house, &owner.email, PASSWORD).await.expect_status(429).headers["retry-after"], "60");
    house.advance(Duration::seconds(61));
    login(&house, &owner.email, PASSWORD).await.expect_status(200);
    login(&house, &owner.email, "wrong").await.expect_status(401);
    login(&house, &owner.email, PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn many_right_passwords_at_once_all_pass() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let calls = (0..12).map(|_| login(&house, &owner.email, PASSWORD));
    assert!(futures_util::future::join_all(calls).await.iter().all(|reply| reply.status.as_u16() == 200));
}

#[tokio::test]
async fn guesses_at_once_do_not_slip_through_before_the_door_closes() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let wrong = (0..16).map(|n| login(&house, &owner.email, if n == 15 { PASSWORD } else { "a wrong password" }));
    let statuses: Vec<u16> =
        futures_util::future::join_all(wrong).await.iter().map(|reply| reply.status.as_u16()).collect();
    // The right one came last in line: fifteen refusals closed the door before its turn ended.
    assert_eq!(statuses[15], 429, "{statuses:?}");
}

#[tokio::test]
async fn a_refused_sign_in_is_in_the_audit_log_of_the_person_only() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    login(&house, &one.email, "wrong password").await.expect_status(401);
    let entry = kernel::testing::until("the row", || async {
        let log = house.get("/v2/audit-log?action=sign_in.refused").by(&one).send().await.expect_status(200).json();
        log["data"].get(0).cloned()
    })
    .await;
    assert_eq!((entry["subject"].as_str(), entry["actor"].as_str()), (Some(one.user.as_str()), Some("system")));
    let log = house.get("/v2/audit-log?action=sign_in.refused").by(&two).send().await.expect_status(200).json();
    assert_eq!(log["data"], json!([]));
}

#[tokio::test]
async fn one_address_has_a_limit_of_its_own() {
    let house = House::new().await;
    let mut refused = 0;
    for n in 0..70 {
        let body = json!({ "email": format!("{n}@example.com"), "password": "" });
        // Emails differ, so no door closes: only the address is over its limit. The body is refused before any hash.
        let reply = house.post("/v2/auth/login", json!({ "wrong": body })).at_ip("203.0.113.9").send().await;
        refused += u16::from(reply.status.as_u16() == 429);
    }
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn a_person_of_two_organisations_chooses_and_comes_back_to_the_last() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let new = identity::members::NewMember {
        email: one.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Agent,
    };
    identity::members::add(&house.kernel, two.org.parse().unwrap(), new).await.unwrap();
    house.advance(Duration::seconds(1));
    assert_eq!(house.login(&one.email).await.org, one.org);
    let body = json!({ "email": one.email, "password": PASSWORD, "organisation": two.org });
    house.advance(Duration::seconds(1));
    house.post("/v2/auth/login", body).send().await.expect_status(200);
    assert_eq!(house.login(&one.email).await.org, two.org, "the one used last");
    let body = json!({ "email": two.email, "password": PASSWORD, "organisation": one.org });
    house.post("/v2/auth/login", body).send().await.expect_status(404);
}

#[tokio::test]
async fn everything_that_lets_somebody_in_counts_by_address() {
    let house = House::new().await;
    let app = shell::App::new(house.kernel.clone(), house.identity.authenticator(), shell::Settings::default());
    let described = serde_json::to_value(shell::describe(&app, vec![house.identity.room(&app)])).expect("JSON");
    let open = |operation: &serde_json::Value| {
        operation["security"].as_array().is_some_and(|ways| ways.iter().any(|way| *way == json!({})))
    };
    let paths = described["paths"].as_object().expect("paths");
    let doors: Vec<&String> =
        paths.iter().filter(|(_, methods)| open(&methods["post"])).map(|(path, _)| path).collect();
    assert!(doors.len() >= 10, "{doors:?}");
    // An API that anybody may call is a door; so is every page where a secret is typed, brought or stands in the path.
    let pages = [
        "/sign-in",
        "/sign-in/sso",
        "/sign-in/passkey",
        "/sign-in/second-factor",
        "/sign-in/second-factor/options",
        "/register",
        "/reset",
        "/reset/guess",
        "/invite/guess",
        "/restore/guess",
        "/verify",
        "/settings/profile/password",
        "/auth/saml/sso_01h455vb4pex5vsknk084sn02q/acs",
    ];
    let posted = doors.into_iter().map(String::as_str).chain(pages);
    for path in posted {
        let reply = house.post(&path.replace("{token}", "guess"), json!({})).at_ip("203.0.113.9").send().await;
        let limit = reply.headers.get("ratelimit-limit").and_then(|value| value.to_str().ok());
        assert_eq!(limit, Some("60"), "POST {path}: {}", reply.status);
    }
    let brought = ["start", "callback"].map(|end| format!("/auth/oidc/sso_01h455vb4pex5vsknk084sn02q/{end}"));
    let read = ["/reset/guess", "/invite/guess", "/restore/guess"].map(str::to_owned).into_iter().chain(brought);
    for path in read {
        let reply = house.get(&path).at_ip("203.0.113.9").send().await;
        assert!(reply.headers.contains_key("ratelimit-limit"), "GET {path}: {}", reply.status);
    }
}
