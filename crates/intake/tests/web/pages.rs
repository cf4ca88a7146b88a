//! The pages, as a browser gets them.

use axum::http::Method;
use serde_json::json;
use shell::Role;

use super::support::House;

#[tokio::test]
async fn everything_that_can_be_connected_has_a_form() {
    let house = House::new().await;
    let home = house.web.browse(&house.admin, "/ingestion").await;
    assert_eq!(home.status, 200, "{}", home.text);
    assert!(home.text.contains("Nothing is connected yet") && home.text.contains("enctype=\"multipart/form-data\""));
    let kinds = [
        "stripe",
        "shopify",
        "square",
        "mindbody",
        "hubspot",
        "salesforce",
        "callrail",
        "ctm",
        "google_business",
        "google_analytics",
        "google_ads",
        "google_calendar",
        "microsoft_calendar",
        "meta_ads",
        "webhook",
        "rest",
        "sftp",
        "drop",
    ];
    for kind in kinds {
        assert!(home.text.contains(&format!("/ingestion/connect/{kind}")), "{kind}");
        let form = house.web.browse(&house.admin, &format!("/ingestion/connect/{kind}")).await;
        assert_eq!(form.status, 200, "{kind}: {}", form.text);
    }
    assert_eq!(house.web.browse(&house.admin, "/ingestion/connect/fax").await.status, 404);
    let viewer = house.web.token(house.org, Role::Viewer);
    assert_eq!(house.web.browse(&viewer, "/ingestion").await.status, 403);
}

#[tokio::test]
async fn a_webhook_is_made_on_a_page_and_its_address_is_shown_once() {
    let house = House::new().await;
    let made = house
        .web
        .submit(&house.admin, Method::POST, "/ingestion/connect/webhook", "name=Till&json=%7B%7D&secret=")
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("/webhooks/intake/"), "{}", made.text);
    let wrong = house.web.submit(&house.admin, Method::POST, "/ingestion/connect/webhook", "json=%7B").await;
    assert_eq!((wrong.status, wrong.text.contains("is not JSON")), (422, true), "{}", wrong.text);
    let home = house.web.browse(&house.admin, "/ingestion").await;
    assert!(home.text.contains("Till") && !home.text.contains("/webhooks/intake/"));
}

#[tokio::test]
async fn a_table_is_mapped_on_a_page_with_its_first_rows_as_they_become_signals() {
    let house = House::new().await;
    let table = "No,When,What,Sum\n1,03/04/2026,Sale,5.00\n2,04/04/2026,Gift,6.00\n";
    let preview = house.upload(table.as_bytes(), &[]).await.json();
    let page = format!("/ingestion/files/{}", preview["id"].as_str().expect("an id"));
    let shown = house.web.browse(&house.admin, &page).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        shown.text.contains("Before it can be read") && shown.text.contains("What the words mean"),
        "{}",
        shown.text
    );
    let form = "external_id=c%3ANo&at=c%3AWhen&kind=c%3AWhat&value=c%3ASum&word%3ASale=payment&word%3AGift=&date_order=dmy&currency_code=eur&time_zone=UTC";
    let tried = house.web.submit(&house.admin, Method::POST, &format!("{page}/try"), form).await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    assert!(tried.text.contains("EUR 5.00") && tried.text.contains("3 Apr 2026"), "{}", tried.text);
    assert!(tried.text.contains("kept aside"), "{}", tried.text);
    assert!(!tried.text.contains("id=\"words\""), "the same words are asked about: {}", tried.text);
    // Another column is that of kinds now: its words are asked about, and mean what they seem to until somebody says otherwise.
    let by_hand =
        "external_id=c%3ANo&at=c%3AWhen&kind=c%3AWhat&value=c%3ASum&date_order=dmy&currency_code=eur&time_zone=UTC";
    let other = house.web.submit(&house.admin, Method::POST, &format!("{page}/try"), by_hand).await;
    assert!(other.text.contains("EUR 5.00") && other.text.contains("name=\"word:Gift\""), "{}", other.text);
    let open =
        house.web.submit(&house.admin, Method::POST, &page, "external_id=c%3ANo&at=c%3AWhen&kind=v%3Apayment").await;
    assert_eq!((open.status, open.text.contains("Which order do the dates have")), (422, true), "{}", open.text);
    let begun = house.web.submit(&house.admin, Method::POST, &page, form).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let run = begun.header("location").to_owned();
    house.drain().await;
    let run = house.web.browse(&house.admin, &run).await;
    assert!(run.text.contains("Kept aside") && run.text.contains("Gift is not a kind of signal"), "{}", run.text);
    assert_eq!(house.count("select count(*) from signals where kind = 'payment' and minor = 500").await, 1);
}

#[tokio::test]
async fn connections_and_runs_are_acted_on_from_their_pages_and_audited() {
    let house = House::new().await;
    let made = house.connect(&json!({"kind": "webhook"})).await;
    let page = format!("/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.web.browse(&house.admin, &page).await.status, 200);
    for (act, status) in [("pause", 303), ("go", 303), ("nonsense", 422), ("remove", 303)] {
        let done = house.web.submit(&house.admin, Method::POST, &format!("{page}/do"), &format!("act={act}")).await;
        assert_eq!(done.status, status, "{act}: {}", done.text);
    }
    assert_eq!(house.web.browse(&house.admin, &page).await.status, 404);
    assert_eq!(house.count("select count(*) from audit_log where action like 'ingestion.%'").await, 4);
}
