//! Sessions: what ends them, and how soon every process knows.

use axum::http::Method;
use chrono::Duration;
use serde_json::json;

use crate::support::{Call, House};

#[tokio::test]
async fn the_public_keys_verify_our_tokens_and_a_changed_token_is_refused() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let keys = house.get("/.well-known/jwks.json").send().await.expect_status(200).json();
    assert_eq!((keys["keys"][0]["kty"].as_str(), keys["keys"][0]["crv"].as_str()), (Some("OKP"), Some("Ed25519")));
    let parts: Vec<&str> = owner.access.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9";
    let flipped = if parts[2].starts_with('A') { "B" } else { "A" };
    let wrong = [
        format!("{}.{}.{flipped}{}", parts[0], parts[1], &parts[2][1..]),
        format!("{}.{}.{}", parts[0], &parts[1][..parts[1].len() - 2], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        "..".to_owned(),
        "é".to_owned(),
    ];
    for token in wrong {
        if token.is_ascii() {
            house.get("/v2/auth/session").bearer(&token).send().await.expect_status(401);
        }
    }
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(200);
    house.get("/v2/auth/session").send().await.expect_status(401);
}

#[tokio::test]
async fn a_second_process_shares_the_signing_key_and_learns_of_an_end_within_a_second() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let other = house.other_process().await;
    let ask = || Call::new(other.clone(), Method::GET, "/v2/auth/session").by(&owner).send();
    ask().await.expect_status(200);
    house.delete("/v2/auth/session").by(&owner).send().await.expect_status(204);
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(401);
    let begun = std::time::Instant::now();
    kernel::testing::until("the other process to know", || async {
        (ask().await.status.as_u16() == 401).then_some(())
    })
    .await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_browser_session_lasts_with_use_and_ends_without() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, _) = house.browser(&owner.email).await;
    let ask = || house.get("/v2/auth/session").header("cookie", &cookie).send();
    for _ in 0..4 {
        house.advance(Duration::days(6));
        ask().await.expect_status(200);
    }
    house.advance(Duration::days(7));
    ask().await.expect_status(401);
}

#[tokio::test]
async fn a_browser_session_ends_after_a_month_however_much_it_is_used() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, _) = house.browser(&owner.email).await;
    let ask = || house.get("/v2/auth/session").header("cookie", &cookie).send();
    for _ in 0..5 {
        house.advance(Duration::days(5));
        ask().await.expect_status(200);
    }
    house.advance(Duration::days(5));
    ask().await.expect_status(401);
}

#[tokio::test]
async fn a_month_later_another_key_signs_and_the_old_one_still_verifies() {
    let house = House::new().await;
    house.owner("one").await;
    house.advance(Duration::days(30) - Duration::minutes(5));
    let late = house.login("owner@one.example").await;
    house.advance(Duration::minutes(6));
    let early = house.login("owner@one.example").await;
    assert_ne!(late.access.split('.').next(), early.access.split('.').next(), "another kid");
    house.get("/v2/auth/session").by(&late).send().await.expect_status(200);
    house.get("/v2/auth/session").by(&early).send().await.expect_status(200);
    let keys = house.get("/.well-known/jwks.json").send().await.expect_status(200).json();
    assert_eq!(keys["keys"].as_array().expect("a list").len(), 2);
}

#[tokio::test]
async fn signing_keys_rest_sealed_and_survive_a_restart_but_not_another_master_key() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("select sealed from signing_keys").fetch_one(&mut house.db.owner().await).await.unwrap();
    // PKCS #8 begins with a sequence of this version; sealed it does not.
    assert!(!sealed.windows(4).any(|four| four == [0x02, 0x01, 0x01, 0x30]), "not in the clear");
    let other = house
        .db
        .kernel_with(house.kernel.clock.clone(), |config| {
            config.vault.master_key = kernel::config::Secret::new("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        })
        .await;
    identity::Identity::open(&other).await.expect("another key signs");
    house.get("/v2/auth/session").by(&owner).send().await.expect_status(200);
}

#[tokio::test]
async fn a_browser_needs_the_token_of_its_pages_for_changes_and_a_program_does_not() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let body = json!({ "email": "sam@example.com", "role": "agent" });
    let ask = || house.post("/v2/invites", body.clone()).header("cookie", &cookie);
    ask().send().await.expect_status(403);
    ask().header("x-csrf-token", "nonsense").send().await.expect_status(403);
    ask().header("x-csrf-token", &token).header("sec-fetch-site", "cross-site").send().await.expect_status(403);
    ask().header("x-csrf-token", &token).send().await.expect_status(201);
    house.post("/v2/invites", body).by(&owner).send().await.expect_status(201);
    // Signing somebody in from another site (to have them work in the attacker's account) is refused too.
    let form = house.form("/sign-in", "email=a%40example.com&password=x");
    form.header("origin", "https://evil.example").header("host", "recoup.example").send().await.expect_status(403);
}
