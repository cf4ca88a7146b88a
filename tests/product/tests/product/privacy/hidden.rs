//! Hidden at once everywhere, and back as it was.

use kernel::testing::until;
use product_tests::{Product, account};
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::house::{NAME, arrange, digest, found, operator, tick, zuzana};

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_contact_is_nowhere_to_be_seen_and_comes_back_as_it_was() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4730).await;
    let nora = product.neighbour().await;
    let before = digest(&product).await;
    let seen = [
        format!("/v2/contacts/{}", zuzana.contact),
        format!("/v2/contacts/{}/suggestions", zuzana.contact),
        format!("/v2/conversations/{}", zuzana.conversation),
        format!("/v2/conversations/{}/messages", zuzana.conversation),
        format!("/v2/conversations/{}/notes", zuzana.conversation),
        format!("/v2/leads/{}", zuzana.lead),
        format!("/v2/leads/{}/timeline", zuzana.lead),
        format!("/v2/leads/{}/activities", zuzana.lead),
        format!("/v2/privacy/consents?contact_id={}", zuzana.contact),
    ];
    let lists = [
        "/v2/conversations",
        "/v2/conversations?q=harpsichord",
        "/v2/conversations?q=Zuzana%20Quellenreuther",
        "/v2/leads",
    ];
    for path in &seen {
        assert_eq!(product.call("GET", path, Value::Null).await.0, 200, "{path}");
    }
    for path in lists {
        let (_, list) = product.call("GET", path, Value::Null).await;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{path}: {list}");
    }

    let (status, erasure) = product.call("POST", "/v2/privacy/erasures", json!({ "contact_id": zuzana.contact })).await;
    assert_eq!((status, &erasure["state"]), (202, &json!("hidden")), "{erasure}");
    let shown = erasure.to_string();
    assert!(!shown.contains(NAME) && !shown.contains(&zuzana.phone), "{shown}");
    for path in &seen {
        assert_eq!(product.call("GET", path, Value::Null).await.0, 404, "{path}");
    }
    for path in lists {
        let (_, list) = product.call("GET", path, Value::Null).await;
        assert_eq!(list["data"], json!([]), "{path}");
    }
    let writes = [
        (format!("/v2/conversations/{}/messages", zuzana.conversation), json!({ "text": "Hello" })),
        (format!("/v2/conversations/{}/notes", zuzana.conversation), json!({ "body": "Hello" })),
        ("/v2/privacy/exports".to_owned(), json!({ "contact_id": zuzana.contact })),
        ("/v2/privacy/erasures".to_owned(), json!({ "contact_id": zuzana.contact })),
    ];
    for (path, body) in writes {
        assert_eq!(product.call("POST", &path, body).await.0, 404, "{path}");
    }
    // To another organisation there is no such contact and no such request.
    let theirs = format!("/v2/privacy/erasures/{}", erasure["id"].as_str().expect("an id"));
    assert_eq!(nora.call("GET", &theirs, Value::Null).await.0, 404);
    assert_eq!(nora.call("DELETE", &theirs, Value::Null).await.0, 404);
    assert_eq!(nora.call("GET", &format!("{theirs}/certificate"), Value::Null).await.0, 404);
    let hold = json!({ "contact_id": zuzana.contact, "reason": "none of theirs" });
    assert_eq!(nora.call("POST", "/v2/privacy/holds", hold).await.0, 404);
    let (_, none) = nora.call("GET", "/v2/privacy/erasures", Value::Null).await;
    assert_eq!(none["data"], json!([]));
    let (_, centre) = product.call("GET", "/v2/command-centre", Value::Null).await;
    assert!(!centre.to_string().contains(NAME), "{centre}");
    assert!(!found(&product, &zuzana.probes()).await.is_empty(), "hidden is not gone: the operator still finds it");
    // What the clock does meanwhile changes nothing.
    let rooms = operator(&product).await;
    tick(&rooms).await;

    let path = format!("/v2/privacy/erasures/{}", erasure["id"].as_str().expect("an id"));
    let (status, back) = product.call("DELETE", &path, Value::Null).await;
    assert_eq!((status, &back["state"]), (200, &json!("cancelled")), "{back}");
    product.settled().await;
    let after = digest(&product).await;
    for (table, rows) in &before {
        assert_eq!(after.get(table), Some(rows), "{table} is as it was");
    }
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(product.call("DELETE", &path, Value::Null).await.0, 404, "once");
    tick(&rooms).await;
    assert_eq!(product.call("GET", &seen[0], Value::Null).await.0, 200);
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_while_hidden_is_somebody_new_and_the_due_erasure_leaves_them() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4740).await;
    let (status, erasure) = product.call("POST", "/v2/privacy/erasures", json!({ "contact_id": zuzana.contact })).await;
    assert_eq!(status, 202, "{erasure}");
    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &zuzana.phone, "It is me again")
        .named("Zuzana Anew");
    product.world.customer_writes(&writing).expect("a known account");
    let anew = until("a new conversation", || async {
        let (_, list) = product.call("GET", "/v2/conversations", Value::Null).await;
        list["data"].as_array()?.first().cloned()
    })
    .await;
    assert_ne!(anew["contact_id"], json!(zuzana.contact));
    product.settled().await;
    arrange(&product, "update privacy_erasures set due_at = now() - interval '1 minute'").await;
    let rooms = operator(&product).await;
    tick(&rooms).await;
    let id = erasure["id"].as_str().expect("an id");
    let (_, shown) = product.call("GET", &format!("/v2/privacy/erasures/{id}"), Value::Null).await;
    assert_eq!(shown["state"], "erased", "{shown}");
    let (_, kept) = product
        .call("GET", &format!("/v2/conversations/{}/messages", anew["id"].as_str().expect("an id")), Value::Null)
        .await;
    assert!(kept.to_string().contains("It is me again"), "{kept}");
    product.settled().await;
    product.end().await;
}
