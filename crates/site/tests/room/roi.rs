//! The calculator: its page with and without figures in the address, and what published forms get.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::support::{World, visitor};

const API: &str = "/v2/calculator/roi";

#[tokio::test]
async fn the_page_is_the_same_for_everybody_until_somebody_puts_figures_in() {
    let world = World::new().await;
    let plain = world.get("/roi").await;
    assert_eq!(plain.status, 200, "{}", plain.text);
    assert!(plain.text.contains("Harvard Business Review") && plain.text.contains("$7,943"), "{}", plain.text);
    assert!(!plain.text.contains(" style=") && plain.header("set-cookie").is_empty());
    let again = world.get_with("/roi", &[("if-none-match", plain.header("etag"))]).await;
    assert_eq!(again.status, 304);
    // What a campaign adds to the address is no figure.
    assert_eq!(world.get("/roi?utm_source=letter").await.header("etag"), plain.header("etag"));

    let own = world.get("/roi?inquiriesMonth=400&hoursSavedMonth=0&utm_source=letter").await;
    assert_eq!((own.status, own.header("cache-control")), (200, "private, no-store"));
    assert!(own.text.contains("value=\"400\"") && own.text.contains("content=\"noindex\""), "{}", own.text);
    // 400 × 23 % × 25 % × 25 % × $300 × 50 %
    assert!(own.text.contains("$863"), "{}", own.text);
}

#[tokio::test]
async fn a_slip_keeps_what_was_typed_and_says_what_is_wrong() {
    let world = World::new().await;
    let wrong = world.get("/roi?value=%3Cscript%3Ealert(1)%3C%2Fscript%3E&margin=60&rampMonths=99").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("a number from 0 to 10,000,000") && wrong.text.contains("a whole number from 0 to 12"));
    assert!(!wrong.text.contains("<script>alert") && wrong.text.contains("alert(1)"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"60\"") && wrong.text.contains("value=\"99\""));
}

#[tokio::test]
async fn hours_of_routine_are_counted_and_the_forecast_counts_with_them() {
    let world = World::new().await;
    let page = world.get("/roi?employees=6&answering=5&value=400").await;
    assert_eq!((page.status, page.header("cache-control")), (200, "private, no-store"), "{}", page.text);
    assert!(page.text.contains("65 of 130 hours a month could be saved: 50 %"), "{}", page.text);
    // The figures that were there before go along, and 65 hours × $35 × 60 % are in the forecast.
    assert!(page.text.contains("type=\"hidden\" name=\"value\" value=\"400\"") && page.text.contains("$1,365"));
    assert!(page.text.contains("Counted from the hours") && page.text.contains("content=\"noindex\""));
    // A figure of one's own is worth more than one that was counted.
    let own = world.get("/roi?employees=6&answering=5&hoursSavedMonth=10").await;
    assert!(own.text.contains("65 of 130") && own.text.contains("$210") && !own.text.contains("Counted from"));

    let wrong = world.get("/roi?employees=6&answering=200&booking=%3Cb%3E").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("a number of hours from 0 to 168") && wrong.text.contains("value=\"200\""));
    assert!(!wrong.text.contains("<b>\"") && !wrong.text.contains("could be saved: "));
}

#[tokio::test]
async fn a_published_form_gets_savings_with_what_they_rest_on() {
    let world = World::new().await;
    let body =
        json!({ "employees": 6, "processes": ["Answering inquiries"], "timeSpent": { "Answering inquiries": 5 } });
    let answer = world.post_json(API, &body).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{}", answer.text);
    let said = answer.json();
    // 65 of 130 hours a month, at 35 an hour and 60 % put to use.
    assert_eq!((&said["potentialSavings"], &said["efficiency"]), (&json!(16_380.0), &json!(50.0)));
    assert_eq!((&said["currency"], &said["implementationCost"]), (&json!("USD"), &json!(1_400.0)));
    assert!(said["low"]["netYear"].as_f64() <= said["base"]["netYear"].as_f64());

    let asked = visitor(Method::OPTIONS, API).header("origin", "https://elsewhere.example");
    let may = world.send(asked.body(Body::empty()).expect("a request")).await;
    assert_eq!((may.status, may.header("access-control-allow-headers")), (204, "content-type, idempotency-key"));
    assert!(may.header("access-control-allow-credentials").is_empty());
}

#[tokio::test]
async fn what_a_form_should_not_send_is_refused_field_by_field() {
    let world = World::new().await;
    for (body, field) in [
        (json!({ "employees": 6, "processes": [], "timeSpent": {}, "is_admin": true }), "is_admin"),
        (json!({ "employees": "many", "processes": [], "timeSpent": {} }), "employees"),
        (json!({ "employees": 0, "processes": [], "timeSpent": {} }), "employees"),
        (json!({ "employees": 1, "processes": ["a"], "timeSpent": { "a": 1e300 } }), "timeSpent.0"),
        (json!({ "processes": [], "timeSpent": {} }), "employees"),
    ] {
        let answer = world.post_json(API, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        assert!(answer.text.contains(&format!("\"{field}\"")), "{body}: {}", answer.text);
    }
    let broken =
        visitor(Method::POST, API).header("content-type", "application/json").body(Body::from("{\"employees\":"));
    assert_eq!(world.send(broken.expect("a request")).await.status, 400);
}

#[tokio::test]
async fn a_site_without_a_calculator_has_neither() {
    let world = World::new().await;
    world.owner("update sites set flags = '{\"calculator\": false}'").await;
    assert_eq!(world.get("/roi").await.status, 404);
    let body = json!({ "employees": 1, "processes": [], "timeSpent": {} });
    assert_eq!(world.post_json(API, &body).await.status, 404);
}
