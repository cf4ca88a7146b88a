//! The page of privacy requests, and requests about somebody no room knows.

use kernel::ids::ContactId;
use serde_json::json;

use crate::support::House;

#[tokio::test]
async fn the_page_shows_what_its_reader_may_do() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let page = house.get("/settings/privacy").header("cookie", &cookie).send().await.expect_status(200).body;
    for text in ["Erasures", "Exports", "How long things are kept", "Nobody was erased"] {
        assert!(page.contains(text), "{text}");
    }
    for inline in [" style=", "<style", "<script>", " onclick=", "/assets/missing"] {
        assert!(!page.contains(inline), "the page has {inline}");
    }
    let form = format!("conversations_days=365&ai_days=30&receipts_days=7&_csrf={token}");
    let saved = house.form("/settings/privacy/retention", &form).header("cookie", &cookie).send().await;
    assert_eq!(saved.expect_status(303).location(), "/settings/privacy");
    let rules = house.get("/v2/privacy/retention").by(&owner).send().await.expect_status(200).json();
    assert_eq!((&rules["conversations_days"], &rules["receipts_days"]), (&json!(365), &json!(7)));
    let wrong = format!("conversations_days=3&ai_days=30&receipts_days=7&_csrf={token}");
    house.form("/settings/privacy/retention", &wrong).header("cookie", &cookie).send().await.expect_status(422);
    let forged = "conversations_days=365&ai_days=1&receipts_days=1";
    house.form("/settings/privacy/retention", forged).header("cookie", &cookie).send().await.expect_status(403);

    let analyst = house.member(&owner, "analyst").await;
    let (cookie, token) = house.browser(&analyst.email).await;
    let page = house.get("/settings/privacy").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(page.contains("365 days") && !page.contains("Erasures") && !page.contains("Legal holds"));
    let contact = ContactId::new(&house.kernel.clock);
    let form = format!("contact_id={contact}&_csrf={token}");
    house.form("/settings/privacy/erasures", &form).header("cookie", &cookie).send().await.expect_status(403);
    house.form("/settings/privacy/exports", &form).header("cookie", &cookie).send().await.expect_status(404);
    // A session that did not prove itself lately is asked first, before anything is looked up.
    house.advance(chrono::Duration::minutes(16));
    let stale =
        house.form("/settings/privacy/exports", &form).header("cookie", &cookie).send().await.expect_status(303);
    assert!(stale.location().starts_with("/verify"), "{}", stale.location());
    let agent = house.member(&house.login(&owner.email).await, "agent").await;
    let (cookie, _) = house.browser(&agent.email).await;
    house.get("/settings/privacy").header("cookie", &cookie).send().await.expect_status(403);
}

#[tokio::test]
async fn somebody_no_room_knows_is_not_found_and_nothing_is_kept_of_the_asking() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let contact = ContactId::new(&house.kernel.clock);
    let asks = [
        ("/v2/privacy/exports", json!({ "contact_id": contact })),
        ("/v2/privacy/erasures", json!({ "contact_id": contact })),
        ("/v2/privacy/holds", json!({ "contact_id": contact, "reason": "a claim" })),
        (
            "/v2/privacy/consents",
            json!({ "contact_id": contact, "kind": "marketing", "granted": true, "source": "form" }),
        ),
    ];
    for (path, body) in asks {
        house.post(path, body).by(&owner).send().await.expect_status(404);
    }
    for path in ["/v2/privacy/exports", "/v2/privacy/erasures", "/v2/privacy/holds"] {
        let list = house.get(path).by(&owner).send().await.expect_status(200).json();
        assert_eq!(list["data"], json!([]), "{path}");
    }
    house.get(&format!("/privacy/contacts/{contact}")).by(&owner).send().await.expect_status(404);
    house.get(&format!("/v2/privacy/consents?contact_id={contact}")).by(&owner).send().await.expect_status(404);
    house.get("/v2/privacy/consents").by(&owner).send().await.expect_status(422);
    house
        .post("/v2/privacy/exports", json!({ "contact_id": contact, "format": "exe" }))
        .by(&owner)
        .send()
        .await
        .expect_status(422);
    let log = house.get("/v2/audit-log").by(&owner).send().await.expect_status(200).body;
    assert!(!log.contains("erasure.") && !log.contains("export."), "{log}");
}
