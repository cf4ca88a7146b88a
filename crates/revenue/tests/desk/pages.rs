//! Scores, rows, locations, rivals, settings.

use axum::http::Method;
use shell::Role;

use super::support::House;

#[tokio::test]
async fn a_score_page_says_how_it_is_made_and_leads_to_the_rows() {
    let house = House::full().await;
    let overview = house.page("/revenue").await.text;
    assert!(overview.contains("Lead leakage") && overview.contains("Downtown"), "{overview}");
    let leakage = house.page("/revenue/scores/lead_leakage").await.text;
    assert!(leakage.contains("Messages without an answer") && leakage.contains("measured"), "{leakage}");
    assert!(leakage.contains("component=respond"), "each component leads to its rows");
    assert!(leakage.contains("100 × leaked leads / leads") && leakage.contains("Version 1"));
    let rows = house.page("/revenue/scores/lead_leakage/rows?component=respond").await.text;
    assert_eq!(rows.matches("<tr data-row>").count(), 8, "{rows}");
    assert!(!rows.contains("<Ellison>"), "names are shown as text");
    let never = house.page("/revenue/scores/response_velocity/rows?waited=never").await.text;
    assert_eq!(never.matches("<tr data-row>").count(), 8);
    let quick = house.page("/revenue/scores/response_velocity/rows?waited=0-300").await.text;
    assert_eq!(quick.matches("<tr data-row>").count(), 12);
}

#[tokio::test]
async fn rows_are_paged_by_a_cursor_and_the_drawer_tells_a_leads_story() {
    let house = House::full().await;
    let first = house.page("/revenue/scores/response_velocity/rows?limit=15").await.text;
    assert_eq!(first.matches("<tr data-row>").count(), 15);
    let more =
        first.split("class=\"more\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a next page");
    let next = house.page(&format!("{}&limit=15", more.replace("&#38;", "&").replace("&amp;", "&"))).await.text;
    assert_eq!(next.matches("<tr data-row>").count(), 5);
    let lead = first.split("/revenue/leads/").nth(1).and_then(|rest| rest.split('"').next()).expect("a lead");
    let path = format!("/revenue/leads/{lead}");
    let page = house.page(&path).await.text;
    assert!(page.contains("What happened") && page.contains("<html") && !page.contains("data-close-drawer"), "{page}");
    let detail = house.web.submit(&house.token(Role::Viewer), Method::GET, &path, "").await.text;
    assert!(detail.contains("What happened") && detail.contains("Asked") && !detail.contains("<html"), "{detail}");
    let theirs = house.web.org("Theirs").await;
    let other = house.web.browse(&house.web.token(theirs, Role::Owner), &format!("/revenue/leads/{lead}")).await;
    assert_eq!(other.status, 404, "another organisation's lead is not there");
}

#[tokio::test]
async fn too_little_data_teaches_and_wrong_addresses_are_refused() {
    let house = House::empty().await;
    for score in ["revenue_recovery", "lead_leakage", "revenue_at_risk", "response_velocity", "competitive_visibility"]
    {
        let page = house.page(&format!("/revenue/scores/{score}")).await.text;
        assert!(page.contains("Insufficient data"), "{score}");
    }
    assert!(house.page("/revenue/locations").await.text.contains("No locations yet"));
    assert!(house.page("/revenue/competitors").await.text.contains("No reviews yet"));
    let viewer = house.token(Role::Viewer);
    for (path, status) in [
        ("/revenue/scores/happiness", 404),
        ("/revenue/scores/lead_leakage?location=x", 422),
        ("/revenue/scores/lead_leakage?location=loc_01h455vb4pex5vsknk084sn02q", 404),
        ("/revenue/scores/lead_leakage/rows?stage=x", 422),
        ("/revenue/scores/lead_leakage/rows?cursor=x", 422),
        ("/revenue/leads/00000000-0000-0000-0000-000000000001", 404),
        ("/settings/scores", 403),
    ] {
        assert_eq!(house.web.browse(&viewer, path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_location_is_changed_by_whoever_may_and_that_is_audited() {
    let house = House::full().await;
    let id = house.location().await;
    let path = format!("/revenue/locations/{id}");
    let form = "name=Mitte&time_zone=Europe%2FBerlin&monthly_capacity=40";
    let refused = house.web.submit(&house.token(Role::Viewer), Method::POST, &path, form).await;
    assert_eq!(refused.status, 403);
    let admin = house.token(Role::Admin);
    let done = house.web.submit(&admin, Method::POST, &path, form).await;
    assert_eq!(done.status, 303, "{}", done.text);
    let page = house.web.browse(&admin, "/revenue/locations").await.text;
    assert!(page.contains("Mitte") && page.contains("Europe/Berlin") && page.contains("value=\"40\""), "{page}");
    assert_eq!(house.audited("location.changed").await, 1);
    let wrong = house.web.submit(&admin, Method::POST, &path, "name=Mitte&time_zone=Nowhere").await;
    assert_eq!(wrong.status, 422);
    let made = house.web.submit(&admin, Method::POST, "/revenue/locations/new", "name=Harbour").await;
    assert_eq!(made.status, 303, "{}", made.text);
    assert!(house.page("/revenue/locations").await.text.contains("Harbour"));
}

#[tokio::test]
async fn what_somebody_measured_of_rivals_is_kept_and_makes_the_score() {
    let house = House::full().await;
    let admin = house.token(Role::Admin);
    let form = "factor=links&location=&own=30&rivals=60%2C+50%2C+40";
    let kept = house.web.submit(&admin, Method::POST, "/revenue/competitors", form).await;
    assert_eq!(kept.status, 303, "{}", kept.text);
    house.settle().await;
    let page = house.page("/revenue/competitors").await.text;
    assert!(page.contains("Rival 3"), "{page}");
    let score = house.page("/revenue/scores/competitive_visibility").await.text;
    assert!(score.contains("class=\"score-value\">60"), "30 of a median of 50: {score}");
    let wrong = house.web.submit(&admin, Method::POST, "/revenue/competitors", "factor=links&own=-1").await;
    assert_eq!(wrong.status, 422);
    let gone = house.web.submit(&admin, Method::POST, "/revenue/competitors", "factor=links&own=").await;
    assert_eq!(gone.status, 303);
    assert!(!house.page("/revenue/competitors").await.text.contains("Rival 3"));
    assert_eq!((house.audited("visibility.changed").await, house.audited("visibility.forgotten").await), (1, 1));
}

#[tokio::test]
async fn settings_are_kept_where_they_differ_and_wrong_ones_are_refused() {
    let house = House::full().await;
    let admin = house.token(Role::Admin);
    let page = house.web.browse(&admin, "/settings/scores").await.text;
    assert!(page.contains("placeholder=\"24\"") && page.contains("24 when empty"), "{page}");
    let saved =
        house.web.submit(&admin, Method::POST, "/settings/scores", "answer_hours=12&industry=Dental&size=small").await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = house.web.browse(&admin, "/settings/scores").await.text;
    assert!(page.contains("name=\"answer_hours\" value=\"12\"") && page.contains("value=\"dental\""), "{page}");
    assert!(page.contains("name=\"quote_days\" value=\"\""), "what is as it was stays empty");
    assert_eq!(house.audited("settings.changed").await, 1);
    let wrong = house.web.submit(&admin, Method::POST, "/settings/scores", "answer_hours=0").await;
    assert_eq!(wrong.status, 422);
    let id = house.location().await;
    let path = format!("/settings/scores?location={id}");
    let saved = house.web.submit(&admin, Method::POST, &path, "quote_days=9").await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = house.web.browse(&admin, &path).await.text;
    assert!(page.contains("name=\"quote_days\" value=\"9\"") && page.contains("12 when empty"), "{page}");
    assert!(!page.contains("name=\"currency\""), "the currency is the organisation's");
}
