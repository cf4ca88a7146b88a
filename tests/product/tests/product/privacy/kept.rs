//! Kept as long as the rules say, and no longer; held while a hold lasts; consent that is heard.

use kernel::testing::until;
use product_tests::{Product, account};
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::house::{arrange, everything, operator, tick, zuzana};

async fn rows(product: &Product, table: &str) -> usize {
    everything(product, product.org).await.iter().filter(|(name, _)| name == table).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_stops_erasure_and_retention_and_then_the_rules_apply() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4760).await;
    let rooms = operator(&product).await;
    let (_, rules) = product.call("GET", "/v2/privacy/retention", Value::Null).await;
    assert_eq!(
        rules,
        json!({ "conversations_days": 730, "ai_days": 90, "receipts_days": 30, "audit_years": 7, "dead_letters_days": 7 })
    );
    let wrong = json!({ "conversations_days": 1, "ai_days": 0, "receipts_days": 4000 });
    let (status, answer) = product.call("PUT", "/v2/privacy/retention", wrong).await;
    assert_eq!((status, answer["error"]["details"].as_array().map(Vec::len)), (422, Some(3)), "{answer}");

    let hold = json!({ "contact_id": zuzana.contact, "reason": "a claim" });
    let (status, held) = product.call("POST", "/v2/privacy/holds", hold.clone()).await;
    assert_eq!(status, 201, "{held}");
    assert_eq!(product.call("POST", "/v2/privacy/holds", hold.clone()).await.0, 409);
    let erase = json!({ "contact_id": zuzana.contact });
    assert_eq!(product.call("POST", "/v2/privacy/erasures", erase.clone()).await.0, 409);
    // Three years pass.
    arrange(&product, "update conversations set last_message_at = now() - interval '3 years'").await;
    arrange(
        &product,
        "update ai_decisions set id = recoup_uuid_floor(now() - interval '3 years' + random() * interval '1 day')",
    )
    .await;
    arrange(
        &product,
        "update receipts set id = recoup_uuid_floor(now() - interval '3 years' + random() * interval '1 day')",
    )
    .await;
    let (decisions, receipts) = (rows(&product, "ai_decisions").await, rows(&product, "receipts").await);
    assert!(decisions > 0 && receipts > 0);
    tick(&rooms).await;
    assert_eq!(rows(&product, "ai_decisions").await, decisions, "held");
    assert_eq!(rows(&product, "receipts").await, receipts, "held");
    assert_eq!(rows(&product, "conversations").await, 1, "held");

    let id = held["id"].as_str().expect("an id");
    assert_eq!(product.call("DELETE", &format!("/v2/privacy/holds/{id}"), Value::Null).await.0, 204);
    assert_eq!(product.call("DELETE", &format!("/v2/privacy/holds/{id}"), Value::Null).await.0, 404);
    tick(&rooms).await;
    for table in ["conversations", "messages", "notes", "ai_decisions", "receipts"] {
        assert_eq!(rows(&product, table).await, 0, "{table}");
    }
    assert_eq!(product.call("GET", &format!("/v2/contacts/{}", zuzana.contact), Value::Null).await.0, 200);

    // A hold placed on a hidden contact stops what is due.
    assert_eq!(product.call("POST", "/v2/privacy/erasures", erase).await.0, 202);
    let (status, held) = product.call("POST", "/v2/privacy/holds", hold).await;
    assert_eq!(status, 201, "{held}");
    arrange(&product, "update privacy_erasures set due_at = now() - interval '1 minute'").await;
    tick(&rooms).await;
    let (_, list) = product.call("GET", "/v2/privacy/erasures", Value::Null).await;
    assert_eq!((&list["data"][0]["state"], &list["data"][0]["held"]), (&json!("hidden"), &json!(true)), "{list}");
    let id = held["id"].as_str().expect("an id");
    assert_eq!(product.call("DELETE", &format!("/v2/privacy/holds/{id}"), Value::Null).await.0, 204);
    tick(&rooms).await;
    let (_, list) = product.call("GET", "/v2/privacy/erasures", Value::Null).await;
    assert_eq!(list["data"][0]["state"], "erased", "{list}");
    assert_eq!(rows(&product, "contacts").await, 0);
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_word_is_a_record_and_a_withdrawn_consent_stops_what_we_send() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4770).await;
    let path = format!("/v2/privacy/consents?contact_id={}", zuzana.contact);
    let withdraw = json!({ "contact_id": zuzana.contact, "kind": "messages", "channel": "whatsapp", "granted": false, "source": "phone call" });
    assert_eq!(product.call("POST", "/v2/privacy/consents", withdraw).await.0, 201);
    until("the conversation to know", || async {
        let told = everything(&product, product.org).await;
        told.iter().any(|(table, row)| table == "followers" && row.contains("inbox.consents")).then_some(())
    })
    .await;
    let conversation = format!("/v2/conversations/{}/messages", zuzana.conversation);
    let refused = until("a refusal", || async {
        let (status, answer) = product.call("POST", &conversation, json!({ "text": "An offer" })).await;
        (status != 201).then_some(answer)
    })
    .await;
    assert!(refused.to_string().contains("opt"), "{refused}");
    let grant = json!({ "contact_id": zuzana.contact, "kind": "messages", "granted": true, "source": "form", "text_version": "2026-01" });
    assert_eq!(product.call("POST", "/v2/privacy/consents", grant).await.0, 201);
    let wrong = json!({ "contact_id": zuzana.contact, "kind": "messages", "channel": "pigeon", "granted": true, "source": "opt_out_word" });
    let (status, answer) = product.call("POST", "/v2/privacy/consents", wrong).await;
    assert_eq!((status, answer["error"]["details"].as_array().map(Vec::len)), (422, Some(2)), "{answer}");

    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &zuzana.phone, "STOP");
    product.world.customer_writes(&writing).expect("a known account");
    let (_, records) = until("their own word", || async {
        let (status, list) = product.call("GET", &path, Value::Null).await;
        let own = list["data"].as_array()?.iter().any(|record| record["source"] == "opt_out_word");
        own.then_some((status, list))
    })
    .await;
    let newest = &records["data"][0];
    assert_eq!(
        (&newest["kind"], &newest["granted"], &newest["channel"]),
        (&json!("messages"), &json!(false), &json!("whatsapp"))
    );
    assert!(newest["evidence"].as_str().is_some_and(|evidence| evidence.starts_with("event_")), "{newest}");
    product.settled().await;
    product.end().await;
}
