//! A forgotten password: nobody learns who has an account, a link works once, and nobody else can bend it.

use chrono::Duration;
use serde_json::{Value, json};
use standins::Handle;
use standins::mail::Mail;

use crate::support::{House, PUBLIC, Reply};

const NEW: &str = "seven blue umbrellas";

async fn ask(house: &House, email: &str) -> Reply {
    house.post("/v2/auth/password-reset", json!({ "email": email })).send().await
}

async fn jobs(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from jobs").fetch_one(&mut house.db.owner().await).await.expect("a count")
}

/// Asks for a link, waits for its letter and returns the link's path.
async fn link(house: &House, mail: &Handle<Mail>, email: &str) -> String {
    ask(house, email).await.expect_status(202);
    let before = mail.letters_to(email).len();
    kernel::testing::until("the letter to wait", || async { (jobs(house).await > 0).then_some(()) }).await;
    house.carry().await;
    let letters = mail.letters_to(email);
    assert_eq!(letters.len(), before + 1);
    let links = letters[before].links();
    links[0].strip_prefix(PUBLIC).expect("the configured address").to_owned()
}

fn form(password: &str) -> String {
    format!("password={}", password.replace(' ', "+"))
}

#[tokio::test]
async fn a_link_changes_the_password_once_and_ends_every_session_everywhere() {
    let (house, mail) = House::with_mail().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let new = identity::members::NewMember {
        email: one.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Agent,
    };
    identity::members::add(&house.kernel, two.org.parse().unwrap(), new).await.unwrap();
    let (cookie, _) = house.browser(&one.email).await;
    let there = json!({ "email": one.email, "password": crate::support::PASSWORD, "organisation": two.org });
    let there = house.post("/v2/auth/login", there).send().await.expect_status(200).json();
    house.carry().await;
    let path = link(&house, &mail, &one.email).await;
    let page = house.get(&path).send().await.expect_status(200).body;
    assert!(page.contains(&one.email) && page.contains("Choose a new password"), "{page}");
    let weak = house.form(&path, &form("password1")).send().await.expect_status(422).body;
    assert!(weak.contains("leaked"), "{weak}");
    let done = house.form(&path, &form(NEW)).send().await.expect_status(303);
    assert_eq!(done.location(), "/sign-in?left=reset");
    for credential in [one.access.as_str(), there["access_token"].as_str().expect("a token")] {
        house.get("/v2/auth/session").bearer(credential).send().await.expect_status(401);
    }
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(401);
    house.post("/v2/auth/refresh", json!({ "refresh_token": one.refresh })).send().await.expect_status(401);
    house.get(&path).send().await.expect_status(404);
    house.form(&path, &form("another long sentence")).send().await.expect_status(404);
    let old = json!({ "email": one.email, "password": crate::support::PASSWORD });
    house.post("/v2/auth/login", old).send().await.expect_status(401);
    let login = json!({ "email": one.email, "password": NEW, "organisation": one.org });
    let back = house.post("/v2/auth/login", login).send().await.expect_status(200).json();
    house.carry().await;
    let last = mail.letters_to(&one.email);
    assert!(last.iter().any(|letter| letter.subject() == "Your Recoup password was changed"));
    let token = back["access_token"].as_str().expect("a token");
    // Every organisation of the person knows that it was done; the one used last, that it was asked for.
    let actions = async |token: &str| {
        let log = house.get("/v2/audit-log?action=password").bearer(token).send().await.expect_status(200).json();
        let rows = log["data"].as_array().expect("rows").clone();
        rows.iter().filter_map(|row| row["action"].as_str().map(ToOwned::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(actions(token).await, ["password.reset"]);
    assert_eq!(actions(&two.access).await, ["password.reset", "password.reset_asked"]);
}

#[tokio::test]
async fn known_and_unknown_emails_read_and_cost_the_same() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let mut seen = Vec::new();
    for email in ["nobody@example.com", "not an email", owner.email.as_str()] {
        let before = house.identity.hasher().work();
        let api = ask(&house, email).await.expect_status(202);
        let page = house.form("/reset", &format!("email={}", email.replace(' ', "+"))).send().await.expect_status(200);
        let body = page.body.split("<main").nth(1).expect("a main part").to_owned();
        seen.push((api.body, body, house.identity.hasher().work() - before));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
    assert!(seen[0].1.contains("If there is an account with this email"));
    // The known email was asked for last: when its two letters wait, what the others caused would be there too.
    kernel::testing::until("two letters to wait", || async { (jobs(&house).await == 2).then_some(()) }).await;
    house.carry().await;
    assert_eq!((mail.letters().len(), mail.letters_to(&owner.email).len()), (2, 2));
}

#[tokio::test]
async fn a_link_leads_to_the_configured_address_whatever_the_request_says() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let poisoned = house
        .post("/v2/auth/password-reset", json!({ "email": owner.email }))
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=http")
        .header("x-forwarded-proto", "http");
    poisoned.send().await.expect_status(202);
    kernel::testing::until("the letter to wait", || async { (jobs(&house).await > 0).then_some(()) }).await;
    house.carry().await;
    let letter = mail.letters_to(&owner.email).pop().expect("a letter");
    assert!(!letter.raw.contains("evil.example"), "{}", letter.raw);
    assert!(letter.links().iter().all(|link| link.starts_with(PUBLIC)), "{:?}", letter.links());
}

#[tokio::test]
async fn a_link_ends_after_an_hour_and_when_the_password_changes_otherwise() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let path = link(&house, &mail, &owner.email).await;
    house.advance(Duration::minutes(59));
    house.get(&path).send().await.expect_status(200);
    house.advance(Duration::minutes(1));
    house.get(&path).send().await.expect_status(404);
    house.form(&path, &form(NEW)).send().await.expect_status(404);
    let owner = house.login(&owner.email).await;
    house.carry().await;
    let path = link(&house, &mail, &owner.email).await;
    let body = json!({ "current": crate::support::PASSWORD, "password": "eight green umbrellas" });
    house.put("/v2/auth/password", body).by(&owner).send().await.expect_status(204);
    house.form(&path, &form(NEW)).send().await.expect_status(404);
    house.get("/reset/nonsense").send().await.expect_status(404);
}

#[tokio::test]
async fn the_newest_use_ends_the_other_links_and_of_two_at_once_one_wins() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let (first, second) = (link(&house, &mail, &owner.email).await, link(&house, &mail, &owner.email).await);
    assert_ne!(first, second);
    let uses = ["nine red umbrellas", "ten grey umbrellas"].map(|new| house.form(&second, &form(new)).send());
    let statuses: Vec<u16> =
        futures_util::future::join_all(uses).await.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 1, "{statuses:?}");
    house.form(&first, &form(NEW)).send().await.expect_status(404);
}

#[tokio::test]
async fn a_mailbox_is_not_flooded() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    for _ in 0..3 {
        link(&house, &mail, &owner.email).await;
    }
    for _ in 0..4 {
        ask(&house, &owner.email).await.expect_status(202);
    }
    // Another's link comes after those that are refused.
    let other = house.owner("two").await;
    link(&house, &mail, &other.email).await;
    assert_eq!(mail.letters_to(&owner.email).len(), 3);
    house.advance(Duration::minutes(61));
    link(&house, &mail, &owner.email).await;
}

#[tokio::test]
async fn where_no_mail_is_sent_it_says_so_and_shows_no_link() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let refused = ask(&house, &owner.email).await.expect_status(503);
    assert!(refused.body.contains("sends no mail"), "{}", refused.body);
    let page = house.get("/reset").send().await.expect_status(200).body;
    assert!(page.contains("sends no mail") && !page.contains("<form"), "{page}");
    let links: i64 = sqlx::query_scalar("select count(*) from password_resets")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn the_secret_of_a_link_rests_hashed_and_the_api_uses_it_too() {
    let (house, mail) = House::with_mail().await;
    let owner = house.owner("one").await;
    let path = link(&house, &mail, &owner.email).await;
    let token = path.strip_prefix("/reset/").expect("a path");
    let kept: Vec<u8> = sqlx::query_scalar("select token_hash from password_resets")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert!(kept.len() == 32 && !token.as_bytes().windows(4).any(|part| kept.starts_with(part)));
    let address = format!("/v2/auth/password-reset/{token}");
    let weak = house.post(&address, json!({ "password": "owner@one.example" })).send().await.expect_status(422).json();
    assert_eq!(weak["error"]["details"][0]["field"], Value::from("password"));
    house.post(&address, json!({ "password": NEW })).send().await.expect_status(204);
    house.post(&address, json!({ "password": NEW })).send().await.expect_status(404);
}
