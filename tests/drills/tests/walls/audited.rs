//! What changes something sensitive leaves a row in the audit log: every unsafe route of the description is called, and one
//! that succeeds without a row must stand on the list below, with the reason.

use std::collections::BTreeMap;

use kernel::ids::ContactId;
use kernel::testing::until;
use product_tests::{Caller, Product, person};
use serde_json::{Value, json};
use standins::Platform;
use uuid::Uuid;

use crate::api::Operation;
use crate::furniture::{described, furnish, objects};

/// Routes that write no row of the audit log, and why. What is said to a customer and done with a lead is in the ledger,
/// event by event, with who did it; the audit log is for people, keys, settings, secrets and what leaves the house.
const NOT_SENSITIVE: &[(&str, &str)] = &[
    ("POST /v2/conversations/{id}/messages", "the message is a row and an event with its author"),
    ("POST /v2/conversations/{id}/notes", "the note is a row with its author"),
    ("PATCH /v2/conversations/{id}/assign", "an event of the ledger tells who"),
    ("PATCH /v2/conversations/{id}/status", "an event of the ledger tells who"),
    ("POST /v2/conversations/{id}/takeover", "an event of the ledger tells who"),
    ("DELETE /v2/conversations/{id}/takeover", "an event of the ledger tells who"),
    ("POST /v2/messages/{id}/resolution", "an event of the ledger tells who"),
    ("POST /v2/leads/{id}/activities", "the activity is a row with its author"),
    ("PATCH /v2/leads/{id}/stage", "an event of the ledger tells who"),
    ("PATCH /v2/leads/{id}/tag", "an event of the ledger tells who"),
    ("POST /v2/signals", "each signal is a row with its source, and a corrected one leaves what it was"),
    ("POST /v2/ai/analysis/revenue", "reads and words; the decision record says how"),
    ("POST /v2/ai/recommendations", "reads; changes nothing"),
    ("POST /v2/scoring/calculate", "works out what the clock would work out by itself"),
    ("POST /v2/crm/sync/{lead}", "sends what the sync would send by itself"),
    ("POST /v2/knowledge/documents", "the document is a row with its author"),
    ("DELETE /v2/knowledge/documents/{id}", "an event of the ledger tells who"),
    ("POST /v2/knowledge/test", "changes nothing"),
    ("POST /v2/channels/connect", "begins a consent; the connection it ends in is a row"),
    ("POST /v2/channels/{id}/subscribe", "asks the platform again for what connecting asked for"),
    ("PUT /v2/auth/letters", "which letters a person wants is their own business"),
    ("POST /v2/auth/passkeys/options", "a question to the browser; the passkey is a row"),
    ("PATCH /v2/auth/passkeys/{id}", "what a person calls their own passkey"),
    ("POST /v2/auth/verify/options", "a question to the browser; the proof is a row"),
    ("POST /v2/auth/totp", "begins; the confirmation is a row"),
    ("POST /v2/sso/connections/{id}/test", "changes nothing"),
    ("POST /v2/ingestion/csv", "a file is looked at; the run that reads it is a row"),
    ("POST /v2/ingestion/connections/{id}/consent", "begins a consent; the connection it ends in is a row"),
    ("POST /v2/ingestion/connections/{id}/discover", "changes nothing"),
];

/// Called last, in this order, because little can be called after them.
const LAST: &[&str] = &[
    "DELETE /v2/teams/{id}",
    "POST /v2/privacy/erasures",
    "DELETE /v2/privacy/erasures/{id}",
    "PUT /v2/session-policy",
    "PATCH /v2/sso/policy",
    "PUT /v2/auth/password",
    "PUT /v2/security/second-factor",
    "POST /v2/organisation/ownership",
    "DELETE /v2/auth/sessions/{id}",
    "DELETE /v2/auth/session",
    "DELETE /v2/members/me",
    "POST /v2/organisation/deletion",
];

/// Routes that must not drop out of this test unnoticed: each was called, succeeded and left its row.
const PROVED: &[&str] = &[
    "POST /v2/contacts/{id}/merge",
    "DELETE /v2/contacts/merges/{id}",
    "PUT /v2/crm/hubspot",
    "DELETE /v2/crm/hubspot",
    "POST /v2/keys",
    "DELETE /v2/keys/{id}",
    "PATCH /v2/members/{id}",
    "DELETE /v2/members/{id}",
    "DELETE /v2/members/me",
    "PUT /v2/teams/{id}/members/{member}",
    "DELETE /v2/teams/{id}/members/{member}",
    "POST /v2/privacy/exports",
    "POST /v2/privacy/holds",
    "DELETE /v2/privacy/holds/{id}",
    "POST /v2/privacy/erasures",
    "DELETE /v2/privacy/erasures/{id}",
    "PATCH /v2/site/inquiries/{id}",
    "PUT /v2/auth/password",
    "POST /v2/organisation/ownership",
    "POST /v2/organisation/deletion",
];

/// Whom routes are about, and who calls where the owner cannot.
struct Cast {
    /// A contact, and another one that becomes part of it.
    contact: String,
    other: String,
    /// A member who becomes the owner.
    heir: String,
    /// The new owner, and a member who leaves.
    heirs: Caller,
    leavers: Caller,
}

impl Cast {
    async fn new(product: &Product) -> Self {
        product.writes(Platform::Messenger, &person(Platform::Messenger, 2), "Are you open on Saturdays?");
        let contacts = until("two contacts", || async {
            let all: Vec<Uuid> = sqlx::query_scalar("select id from contacts where org_id = $1 order by id")
                .bind(product.org)
                .fetch_all(&mut product.db.owner().await)
                .await
                .expect("contacts");
            (all.len() >= 2).then_some(all)
        })
        .await;
        product.settled().await;
        let [contact, other] = [contacts[0], contacts[1]].map(|id| ContactId::from_uuid(id).to_string());
        let (heir, heirs) = member(product, "wim").await;
        let (_, leavers) = member(product, "mia").await;
        Self { contact, other, heir, heirs, leavers }
    }

    async fn call(&self, product: &Product, operation: &Operation, path: &str, body: Value) -> (u16, Value) {
        match operation.name().as_str() {
            "DELETE /v2/members/me" => self.leavers.call(&operation.method, path, body).await,
            // What was handed over is the new owner's to end.
            "POST /v2/organisation/deletion" => self.heirs.call(&operation.method, path, body).await,
            _ => product.call(&operation.method, path, body).await,
        }
    }
}

/// A member, by id, and signed in.
async fn member(product: &Product, name: &str) -> (String, Caller) {
    let email = format!("{name}@example.com");
    let new = json!({ "email": email, "name": name, "password": product_tests::PASSWORD, "role": "agent" });
    let (status, made) = product.call("POST", "/v2/members", new).await;
    assert_eq!(status, 201, "{made}");
    (made["id"].as_str().expect("an id").to_owned(), product.signed_in(&email).await)
}

async fn rows(product: &Product) -> i64 {
    sqlx::query_scalar("select count(*) from audit_log where org_id = $1 and action <> 'vault.used'")
        .bind(product.org)
        .fetch_one(&mut product.db.owner().await)
        .await
        .expect("a count")
}

/// A body with values that the rooms take, where the description alone does not tell them.
fn body(operation: &Operation, cast: &Cast) -> Value {
    let contact = &cast.contact;
    match operation.name().as_str() {
        "POST /v2/organisation/ownership" => json!({ "member_id": cast.heir }),
        "PATCH /v2/organisation" | "POST /v2/organisation/deletion" => json!({ "name": "Northwind Two" }),
        "POST /v2/contacts/{id}/merge" => json!({ "other": cast.other }),
        "PUT /v2/crm/hubspot" => json!({ "access_token": "pat-na1-standin-0001" }),
        "PATCH /v2/teams/{id}" | "PATCH /v2/locations/{id}" | "PATCH /v2/ingestion/connections/{id}" => {
            json!({ "name": "Another name" })
        }
        "POST /v2/sso/domains" => json!({ "domain": "northwind.example" }),
        "POST /v2/members/import" => json!({ "csv": "email,name,role\nlee@example.com,Lee,agent\n" }),
        "POST /v2/privacy/consents" => {
            json!({ "contact_id": contact, "kind": "marketing", "granted": true, "source": "by phone" })
        }
        "POST /v2/privacy/erasures" | "POST /v2/privacy/exports" => json!({ "contact_id": contact }),
        "POST /v2/privacy/holds" => json!({ "contact_id": contact, "reason": "a dispute" }),
        "PATCH /v2/site/inquiries/{id}" => json!({ "state": "answered" }),
        "PUT /v2/auth/password" => {
            json!({ "current": product_tests::PASSWORD, "password": "another long enough password" })
        }
        "PUT /v2/session-policy" => json!({ "idle_minutes": 480, "longest_minutes": 10_080, "networks": [] }),
        "PUT /v2/settings/auto-reply" => json!({ "enabled": false }),
        "PUT /v2/settings/brand-voice" => json!({ "business_name": "Northwind" }),
        "POST /v2/channels" => {
            json!({ "type": "whatsapp", "name": "Desk", "platform_account_id": "15550199", "access_token": "a token" })
        }
        "POST /v2/members" => {
            json!({ "email": "nia@example.com", "name": "Nia", "password": "a long enough password", "role": "agent" })
        }
        "POST /v2/keys" => json!({ "name": "another key", "scopes": ["view"] }),
        "POST /v2/keys/{id}/rotate" => json!({ "overlap_hours": 1 }),
        "POST /v2/invites" => json!({ "email": "kim@example.com", "role": "agent" }),
        "PATCH /v2/members/{id}" => json!({ "role": "viewer" }),
        _ => operation.body.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sensitive_route_leaves_a_row_in_the_audit_log() {
    let product = Product::start().await;
    furnish(&product).await;
    let all = described(&product).await;
    let (mut first, _) = objects(&product, &all).await;
    first.insert("/v2/members".into(), member(&product, "val").await.0);
    // Another session of the owner, so that there is one to end.
    product.signed_in(&product.email).await;
    let cast = Cast::new(&product).await;
    first.insert("/v2/contacts".into(), cast.contact.clone());
    if let Some(lead) = first.get("/v2/leads").cloned() {
        first.insert("/v2/crm/sync".into(), lead);
    }

    let quiet: BTreeMap<&str, &str> = NOT_SENSITIVE.iter().copied().collect();
    let mut unsafe_ones: Vec<&Operation> = all.iter().filter(|one| one.method != "GET" && !one.public).collect();
    // What takes something away comes after what works with it.
    let late = |one: &Operation| LAST.iter().position(|last| *last == one.name()).map_or(0, |place| place + 1);
    unsafe_ones.sort_by_key(|one| (late(one), one.method == "DELETE", one.path.clone()));
    let (mut silent, mut proved, mut untried) = (Vec::new(), Vec::new(), Vec::new());
    for operation in unsafe_ones {
        let path = match (operation.names_object(), first.get(operation.list())) {
            (false, _) => operation.path.clone(),
            (true, Some(id)) => operation.with(id).replace("{member}", &cast.heir),
            (true, None) => {
                untried.push(format!("{}: no object", operation.name()));
                continue;
            }
        };
        let before = rows(&product).await;
        let (status, answer) = cast.call(&product, operation, &path, body(operation, &cast)).await;
        // What was made is there to be taken away later.
        if let (200..=299, "POST", Some(id)) = (status, operation.method.as_str(), answer["id"].as_str()) {
            let list = if operation.path.ends_with("/merge") { "/v2/contacts/merges" } else { operation.path.as_str() };
            first.entry(list.to_owned()).or_insert_with(|| id.to_owned());
        }
        let grew = rows(&product).await > before;
        match (status, grew, quiet.contains_key(operation.name().as_str())) {
            (200..=299, true, _) => proved.push(operation.name()),
            (200..=299, false, true) => {}
            (200..=299, false, false) => silent.push(operation.name()),
            _ => untried.push(format!("{}: {status} {}", operation.name(), answer["error"]["message"])),
        }
    }
    println!("left a row: {proved:#?}\nnot tried: {untried:#?}");
    assert!(silent.is_empty(), "no row in the audit log, and no reason why not: {silent:#?}");
    let dropped: Vec<_> = PROVED.iter().filter(|name| !proved.contains(&(**name).to_owned())).collect();
    assert!(dropped.is_empty(), "not proved any more: {dropped:#?}; not tried: {untried:#?}");
    let known: Vec<String> = all.iter().map(Operation::name).collect();
    let gone: Vec<_> = quiet.keys().filter(|name| !known.contains(&(**name).to_owned())).collect();
    assert!(gone.is_empty(), "on the list and not in the description: {gone:?}");
    sqlx::query("delete from dead_letters").execute(&mut product.db.owner().await).await.expect("tidied");
    product.end().await;
}
