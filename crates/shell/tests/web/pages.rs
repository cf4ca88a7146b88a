//! The page frame: what is in it, for whom, and how forms answer.

use axum::http::Method;
use serde_json::Value;
use shell::auth::token_for_session;
use shell::{Role, Settings};

use super::sample::{web, web_with};

#[tokio::test]
async fn a_page_has_the_rail_of_its_reader_and_the_token_of_their_session() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let (owner, viewer) = (web.token(org, Role::Owner), web.token(org, Role::Viewer));
    let page = web.browse(&owner, "/things").await;
    assert_eq!(page.status, 200);
    assert!(page.text.starts_with("<!doctype html>"), "{}", &page.text[..80]);
    assert!(page.text.contains("href=\"/things\" aria-current=\"page\""));
    assert!(page.text.contains("href=\"/billing\""));
    assert!(page.text.contains(&token_for_session(&owner)));
    assert!(page.text.contains("tag-HOT"), "the room's own block is there");
    for never in [" style=", " onclick=", "<style", "javascript:", "/assets/missing"] {
        assert!(!page.text.contains(never), "{never}");
    }
    assert!(!web.browse(&viewer, "/things").await.text.contains("href=\"/billing\""));
}

#[tokio::test]
async fn a_form_answers_with_its_fragment_and_a_toast_with_undo() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Agent);
    let answer = web.submit(&token, Method::POST, "/things", "name=Zahnreinigung+%C3%BC").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "<li>made</li>"));
    let events: Value = serde_json::from_str(answer.header("hx-trigger")).expect("JSON");
    assert_eq!(events["toast"]["text"], "Made “Zahnreinigung ü”");
    assert_eq!(events["toast"]["undo"]["href"], "/things/1");
    let refused = web.submit(&token, Method::POST, "/things", "name=").await;
    assert_eq!((refused.status, refused.header("hx-reswap")), (422, "none"));
    assert_eq!(web.submit(&token, Method::POST, "/things", "name=n&nmae=x").await.status, 422);
}

#[tokio::test]
async fn the_styleguide_is_served_only_when_asked_for() {
    let (web, _) = web().await;
    assert_eq!(web.get("", "/styleguide").await.status, 404);
    let (web, _) = web_with(Settings { styleguide: true, ..Settings::default() }).await;
    let page = web.get("", "/styleguide?theme=dark").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("data-theme=\"dark\""));
}
