//! Exported: complete, for one person, for a day.

use kernel::testing::until;
use product_tests::{PASSWORD, Product};
use serde_json::{Value, json};

use super::house::{NAME, NOTE, WORDS, arrange, operator, tick, zuzana};

async fn ready(product: &Product, id: &str) -> Value {
    until("the file", || async {
        let (_, export) = product.call("GET", &format!("/v2/privacy/exports/{id}"), Value::Null).await;
        (export["state"] != "waiting").then_some(export)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_everything_and_its_link_is_for_one_person_and_a_day() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4750).await;
    let ask = json!({ "contact_id": zuzana.contact, "format": "json" });
    let (status, asked) = product.call("POST", "/v2/privacy/exports", ask.clone()).await;
    assert_eq!((status, &asked["state"], &asked["link"]), (202, &json!("waiting"), &Value::Null), "{asked}");
    let id = asked["id"].as_str().expect("an id").to_owned();
    let export = ready(&product, &id).await;
    let link = export["link"].as_str().expect("a link").to_owned();
    let (status, file) = product.call("GET", &link, Value::Null).await;
    assert_eq!(status, 200, "{file}");
    assert_eq!(file["profile"][0]["name"], NAME);
    assert_eq!(file["identities"][0]["id_at_the_platform"], json!(zuzana.phone));
    assert!(file["messages"].to_string().contains(WORDS));
    assert!(file["notes"].to_string().contains(NOTE));
    assert_eq!(file["activities"][0]["title"], "Called");
    assert_eq!(file["leads"][0]["channel"], "whatsapp");
    assert_eq!(file["consents"][0]["kind"], "marketing");
    assert!(file["decisions"][0]["inputs"].to_string().contains(WORDS), "{}", file["decisions"]);
    assert_eq!(file["conversations"].as_array().map(Vec::len), Some(1));
    assert!(file["facts"].as_array().is_some_and(|facts| facts.len() > 3));

    // Nobody else: another member with the permission sees that there is one, and no link; the link does not work for them.
    let member = json!({ "email": "ana@example.com", "name": "Ana", "password": PASSWORD, "role": "analyst" });
    assert_eq!(product.call("POST", "/v2/members", member).await.0, 201);
    let ana = product.signed_in("ana@example.com").await;
    let (status, seen) = ana.call("GET", &format!("/v2/privacy/exports/{id}"), Value::Null).await;
    assert_eq!((status, &seen["link"]), (200, &Value::Null), "{seen}");
    assert_eq!(ana.call("GET", &link, Value::Null).await.0, 404);
    assert_eq!(ana.call("POST", "/v2/privacy/erasures", json!({ "contact_id": zuzana.contact })).await.0, 403);
    assert_eq!(product.call("GET", &format!("/v2/privacy/exports/{id}/file?token=00"), Value::Null).await.0, 404);
    assert_eq!(product.call("GET", &format!("/v2/privacy/exports/{id}/file"), Value::Null).await.0, 404);

    let nora = product.neighbour().await;
    assert_eq!(nora.call("GET", &link, Value::Null).await.0, 404);
    assert_eq!(nora.call("GET", &format!("/v2/privacy/exports/{id}"), Value::Null).await.0, 404);
    assert_eq!(nora.call("POST", "/v2/privacy/exports", json!({ "contact_id": zuzana.contact })).await.0, 404);

    let (_, log) = product.call("GET", "/v2/audit-log?action=export", Value::Null).await;
    let actions: Vec<&str> =
        log["data"].as_array().into_iter().flatten().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(actions, ["export.downloaded", "export.requested"], "{log}");
    assert!(!log.to_string().contains(NAME), "{log}");

    arrange(&product, "update privacy_exports set link_until = now() - interval '1 second'").await;
    assert_eq!(product.call("GET", &link, Value::Null).await.0, 404, "a day is over");
    let rooms = operator(&product).await;
    tick(&rooms).await;
    let (_, ended) = product.call("GET", &format!("/v2/privacy/exports/{id}"), Value::Null).await;
    assert_eq!((&ended["state"], &ended["link"]), (&json!("expired"), &Value::Null), "{ended}");

    // A file that was made is destroyed when its contact is hidden.
    let (_, asked) = product.call("POST", "/v2/privacy/exports", ask).await;
    let again = ready(&product, asked["id"].as_str().expect("an id")).await;
    let link = again["link"].as_str().expect("a link").to_owned();
    assert_eq!(product.call("POST", "/v2/privacy/erasures", json!({ "contact_id": zuzana.contact })).await.0, 202);
    assert_eq!(product.call("GET", &link, Value::Null).await.0, 404);
    product.settled().await;
    product.end().await;
}
