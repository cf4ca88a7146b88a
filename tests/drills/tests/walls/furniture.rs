//! A product with one object of each kind that the API can make or messages bring.

use std::collections::{BTreeMap, BTreeSet};

use kernel::testing::until;
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
    site(product).await;
    let dead = "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) \
                values ($1, gen_random_uuid(), 'crm', 'crm.sync', '{}', 1, 0, 'an error', now())";
    sqlx::query(dead).bind(product.org).execute(&mut product.db.owner().await).await.expect("a dead letter");
}

/// A public site with one of each kind, and somebody who wrote on it.
async fn site(product: &Product) {
    let mut owner = product.db.owner().await;
    for statement in SITE {
        sqlx::query(statement).bind(product.org).execute(&mut owner).await.expect("a site");
    }
    // What a host shows is believed for some seconds.
    until("the site", || async {
        let (status, page) = product.call("GET", "/about", Value::Null).await;
        (status == 200 && page.to_string().contains("Furnished Recovery")).then_some(())
    })
    .await;
    let wish = json!({
        "name": "Ida Furnished", "email": "ida@furnished.example", "message": "Could somebody call me?", "inquiryType": "question",
    });
    let (status, told) = product.call("POST", "/v2/contact/submit", wish).await;
    assert!(status < 300, "{told}");
    product.settled().await;
}

/// What a site has, for an organisation.
pub const SITE: [&str; 5] = [
    "insert into sites (org_id, name, published, created_at, updated_at) values ($1, 'Furnished Recovery', true, now(), now())",
    "insert into site_authors (org_id, id, slug, name) values ($1, gen_random_uuid(), 'ida', 'Ida')",
    "insert into site_pages (org_id, id, kind, slug, title, state, made_by, created_at, updated_at) \
     values ($1, gen_random_uuid(), 'post', 'furnished', 'Furnished', 'draft', 'system', now(), now())",
    "insert into site_images (org_id, id, name, alt, width, height, digest, by_actor, at) \
     values ($1, gen_random_uuid(), 'desk.jpg', 'A desk', 480, 320, '\\x00', 'system', now())",
    "insert into site_experiments (org_id, id, name, page, goal, variants, baseline, smallest_effect, needed, by_actor, created_at) \
     values ($1, gen_random_uuid(), 'Headline', 'home', 'audit_begun', \
       '[{\"name\": \"Now\", \"weight\": 1, \"fields\": null}, {\"name\": \"New\", \"weight\": 1, \"fields\": {\"headline\": \"New\"}}]', \
       0.1, 0.05, 700, 'system', now())",
];

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
