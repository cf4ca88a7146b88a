//! A product with one object of each kind that the API can make or messages bring.

use std::collections::{BTreeMap, BTreeSet};

use product_tests::{Product, person};
use serde_json::{Value, json};
use standins::Platform;

use crate::api::{Operation, ids, operations};

/// Every operation of the running product's description.
pub async fn described(product: &Product) -> Vec<Operation> {
    let all = operations(&product.call("GET", "/v2/openapi.json", Value::Null).await.1);
    assert!(all.len() > 30, "the description was read");
    all
}

/// Fills the organisation.
pub async fn furnish(product: &Product) {
    let asha = person(Platform::Messenger, 1);
    product.writes(Platform::Messenger, &asha, "How much is teeth whitening? I want to book it this week.");
    product.reply(Platform::Messenger, &asha, 1).await;
    product.settled().await;
    for (path, body) in [
        ("/v2/keys", json!({ "name": "a key", "scopes": ["view"] })),
        ("/v2/invites", json!({ "email": "samira@furnished.example", "role": "agent" })),
        ("/v2/teams", json!({ "name": "Front desk" })),
        ("/v2/members/import", json!({ "csv": "email\nines@example.com" })),
        ("/v2/sso/connections", json!({ "kind": "saml", "name": "A draft" })),
        ("/v2/ingestion/connections", json!({ "kind": "webhook", "name": "Forms" })),
        ("/v2/reports/generate", json!({ "kind": "briefing", "format": "pdf" })),
        ("/v2/knowledge/documents", json!({ "title": "Hours", "text": "We are open from nine to five." })),
    ] {
        let (status, answer) = product.call("POST", path, body).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
    }
    let dead = "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) \
                values ($1, gen_random_uuid(), 'crm', 'crm.sync', '{}', 1, 0, 'an error', now())";
    sqlx::query(dead).bind(product.org).execute(&mut product.db.owner().await).await.expect("a dead letter");
}

/// The first object of each list of the organisation, by the list's path; and every id seen in any list.
pub async fn objects(product: &Product, all: &[Operation]) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (mut first, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for operation in all.iter().filter(|one| one.method == "GET" && !one.names_object()) {
        let (status, answer) = product.call("GET", &operation.path, Value::Null).await;
        assert!(status < 500, "{}: {answer}", operation.name());
        let row = |row: &Value| row["id"].as_str().map(str::to_owned);
        if let Some(id) = answer["data"].as_array().and_then(|rows| rows.iter().find_map(row)) {
            first.insert(operation.path.clone(), id);
        }
        ids(&answer["data"], &mut seen);
    }
    let conversation = &first["/v2/conversations"];
    let (_, messages) = product.call("GET", &format!("/v2/conversations/{conversation}/messages"), Value::Null).await;
    let message = messages["data"][0]["id"].as_str().expect("a message").to_owned();
    seen.insert(message.clone());
    first.insert("/v2/messages".to_owned(), message);
    (first, seen)
}
