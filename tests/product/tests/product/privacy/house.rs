//! A running product with somebody in it who left marks everywhere, and the means to look for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::ids::{ContactId, OrgId};
use kernel::privacy::{Hit, Probe, find};
use kernel::schedule::Reconciler;
use kernel::testing::until;
use product_tests::{Product, account, person};
use recoup::rooms::{Rooms, holders};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use standins::{Platform, Writing};

/// Words nobody else uses.
pub const NAME: &str = "Zuzana Quellenreuther";
pub const WORDS: &str = "vermilion harpsichord";
pub const NOTE: &str = "ochre accordion";
pub const LABEL: &str = "umber-celesta";

/// Somebody with marks.
pub struct Zuzana {
    pub contact: ContactId,
    pub conversation: String,
    pub lead: String,
    /// Her number on WhatsApp, which is her id there.
    pub phone: String,
}

impl Zuzana {
    /// Everything she can be known by.
    pub fn probes(&self) -> Vec<Probe> {
        [
            NAME,
            "Quellenreuther",
            WORDS,
            "harpsichord",
            NOTE,
            "accordion",
            LABEL,
            &self.phone,
            "zuzana@quellenreuther.example",
        ]
        .into_iter()
        .filter_map(Probe::new)
        .collect()
    }
}

/// She writes on WhatsApp, becomes a lead, and the team works with her.
pub async fn zuzana(product: &Product, number: u64) -> Zuzana {
    let phone = person(Platform::WhatsApp, number);
    let text = format!("How much is the {WORDS}? I want to buy it today. Write to zuzana@quellenreuther.example");
    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &phone, &text).named(NAME);
    product.world.customer_writes(&writing).expect("a known account");
    let conversation = until("her conversation", || async {
        let (_, list) = product.call("GET", "/v2/conversations?channel=whatsapp", Value::Null).await;
        list["data"].as_array()?.iter().find(|row| row["contact_name"] == NAME).cloned()
    })
    .await;
    let id = conversation["id"].as_str().expect("an id").to_owned();
    let contact: ContactId = conversation["contact_id"].as_str().expect("an id").parse().expect("a contact");
    let (status, answer) =
        product.call("POST", &format!("/v2/conversations/{id}/notes"), json!({ "body": NOTE })).await;
    assert_eq!(status, 201, "{answer}");
    let lead = until("her lead", || async {
        let (_, found) = product.call("GET", &format!("/v2/contacts/{contact}"), Value::Null).await;
        found["lead_id"].as_str().map(str::to_owned)
    })
    .await;
    let path = format!("/v2/leads/{lead}/activities");
    let activity = json!({ "kind": "note", "title": "Called", "body": NOTE });
    let (status, answer) = product.call("POST", &path, activity).await;
    assert_eq!(status, 201, "{answer}");
    let consent =
        json!({ "contact_id": contact, "kind": "marketing", "granted": true, "source": "form", "evidence": WORDS });
    let (status, answer) = product.call("POST", "/v2/privacy/consents", consent).await;
    assert_eq!(status, 201, "{answer}");
    product.settled().await;
    Zuzana { contact, conversation: id, lead, phone }
}

/// The rooms of another process of the same installation: for the operator and the clock.
pub async fn operator(product: &Product) -> Rooms {
    Rooms::open(&product.kernel).await.expect("the rooms open")
}

/// What the clock does about erasures, once.
pub async fn tick(rooms: &Rooms) {
    let reconcilers: Vec<Arc<dyn Reconciler>> = identity::privacy::reconcilers(rooms.identity());
    for reconciler in reconcilers {
        reconciler.run().await.expect("it runs");
    }
}

/// Where somebody is found.
pub async fn found(product: &Product, probes: &[Probe]) -> Vec<Hit> {
    find(&product.kernel, product.org, probes, &holders(&product.kernel).openers())
        .await
        .expect("everything can be searched")
}

/// Every row of every table, as the owner of the database sees it, past every policy: table, row.
pub async fn everything(product: &Product, org: OrgId) -> Vec<(String, String)> {
    let mut owner = product.db.owner().await;
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select c.relname::text, exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) \
         from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .expect("the catalogue can be read");
    let mut all = Vec::new();
    for (table, tenant) in tables {
        let whose = if tenant { format!(" where org_id = '{}'", org.uuid()) } else { String::new() };
        let sql = format!("select t::text from \"{table}\" t{whose} order by 1");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut owner).await.expect("a table");
        all.extend(rows.into_iter().map(|row| (table.clone(), row)));
    }
    all
}

/// Tables that rightly differ after hiding and restoring: the requests themselves, the logs of what was done, and what comes back
/// by itself.
const MOVES: [&str; 14] = [
    "privacy_erasures",
    "privacy_exports",
    "audit_log",
    "audit_heads",
    "events",
    "jobs",
    "followers",
    "workers",
    "schedules",
    "sessions",
    "idempotency_keys",
    "site_answers",
    "ai_cache",
    "counters",
];

/// The organisation's rows but for those, once every view of the ledger has read what there is.
pub async fn digest(product: &Product) -> BTreeMap<String, Vec<String>> {
    until("the views of the ledger", || async {
        // A view reads no further than the oldest transaction still running, which may be another test's.
        let open = "select exists (select 1 from events where xact_id >= pg_snapshot_xmin(pg_current_snapshot()))";
        let open: bool = sqlx::query_scalar(open).fetch_one(&mut product.db.owner().await).await.expect("the ledger");
        let followers = kernel::db::system::followers(&product.kernel.db).await.expect("followers");
        (!open && followers.iter().all(|follower| !follower.behind)).then_some(())
    })
    .await;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, row) in everything(product, product.org).await {
        if !MOVES.contains(&table.as_str()) {
            tables.entry(table).or_default().push(row);
        }
    }
    tables
}

/// Runs a statement as the database's owner.
pub async fn arrange(product: &Product, sql: &str) {
    let mut owner = product.db.owner().await;
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut owner).await.expect("arranged");
}
