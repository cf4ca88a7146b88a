//! Erased: found nowhere.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use identity::privacy::{Signed, erase_now, verify};
use kernel::ids::ErasureId;
use kernel::privacy::Probe;
use kernel::testing::until;
use product_tests::{Product, account, person};
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::house::{LABEL, NAME, WORDS, Zuzana, arrange, everything, found, operator, tick, zuzana};

/// What the program logged, down to its debugging lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Keeps what this test's process logs from here on; each test runs in a process of its own.
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        // The database driver repeats statements at this level, those with which this test plants its marks among them.
        let lines = tracing_subscriber::fmt().with_env_filter("debug,sqlx=warn").with_ansi(false);
        // A second test of one process keeps the first one's log: it is the same program.
        lines.with_writer(move || writer.clone()).try_init().unwrap_or_default();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_contact_is_found_nowhere() {
    let log = Log::start();
    let product = Product::start().await;
    let (status, answer) =
        product.call("PUT", "/v2/crm/hubspot", json!({ "access_token": "pat-na1-standin-0001" })).await;
    assert_eq!(status, 200, "{answer}");
    let zuzana = zuzana(&product, 4711).await;
    somebody_stays(&product).await;
    until("her record at the CRM", || async { (!product.world.hubspot.records("contacts").is_empty()).then_some(()) })
        .await;
    product.settled().await;
    plant(&product, &zuzana).await;
    let places: Vec<String> = found(&product, &zuzana.probes()).await.into_iter().map(|hit| hit.place).collect();
    for place in EVERYWHERE {
        assert!(places.iter().any(|found| found == place), "{place} is not in {places:?}: the search is blind there");
    }
    assert!(places.iter().any(|place| place.ends_with(ARCHIVED)), "{places:?}");

    let rooms = operator(&product).await;
    let (erasure, removed) = erase_now(rooms.identity(), product.org, zuzana.contact).await.expect("erased");
    assert!(removed.iter().any(|one| one.place == "messages" && one.rows > 0), "{removed:?}");
    product.settled().await;
    tick(&rooms).await;
    arrange(&product, "update privacy_erasures set erased_at = erased_at - interval '2 hours'").await;
    tick(&rooms).await;

    assert_eq!(found(&product, &zuzana.probes()).await, Vec::new());
    // The same without our own search: all tables past every policy, as text, and all that was logged.
    let marks = [NAME, "Quellenreuther", "quellenreuther", WORDS, "harpsichord", "accordion", "celesta", &zuzana.phone];
    for (table, row) in everything(&product, product.org).await {
        assert!(table != "dead_letters", "{row}");
        for mark in marks {
            assert!(!row.contains(mark), "{mark:?} is left in {table}: {row}");
        }
    }
    let logged = log.text();
    assert!(!logged.is_empty());
    for mark in marks {
        assert!(!logged.contains(mark), "{mark:?} was logged");
    }
    // The CRM forgot her; whoever is somebody else is as before.
    let there = product.world.hubspot.records("contacts");
    assert!(there.iter().all(|record| !format!("{record:?}").contains("Quellenreuther")), "{there:?}");
    let stays = Probe::new("celadon viola").expect("words");
    assert!(!found(&product, &[stays]).await.is_empty(), "nobody else's words were removed");
    is_certified(&product, &zuzana, erasure).await;
    writes_again(&product, &zuzana).await;
    product.end().await;
}

/// The archive of dead letters that names her.
const ARCHIVED: &str = "dead-letters-2026-01-01.jsonl";
/// Where she stands before she is erased: a search that does not see her there would prove nothing.
const EVERYWHERE: [&str; 20] = [
    "activities.body",
    "ai_cache.telling",
    "ai_decisions.sealed",
    "consent_records.evidence",
    "contact_identities.platform_id",
    "contact_identities.sealed",
    "contacts.name",
    "contacts.name_index",
    "conversations.preview",
    "conversations.recipient",
    "conversations.recipient_sealed",
    "dead_letters.error",
    "dead_letters.payload",
    "events.payload",
    "labels.label",
    "messages.body",
    "messages.search",
    "notes.body",
    "receipts.people",
    "receipts.sealed",
];

/// Somebody else writes on the same account.
async fn somebody_stays(product: &Product) {
    let other = person(Platform::WhatsApp, 4712);
    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &other, "Is the celadon viola there?");
    product.world.customer_writes(&writing.named("Bertram Stays")).expect("a known account");
    until("the other conversation", || async {
        let (_, list) = product.call("GET", "/v2/conversations?channel=whatsapp", Value::Null).await;
        (list["data"].as_array()?.len() == 2).then_some(())
    })
    .await;
}

/// Marks where no traffic of this test leads: a label, a kept answer, a dead letter, a fact, a preview, the archive.
async fn plant(product: &Product, zuzana: &Zuzana) {
    let (org, contact, phone) = (product.org.uuid(), zuzana.contact.uuid(), &zuzana.phone);
    let hers = format!("from conversations where contact_id = '{contact}'");
    let rows = [
        format!("insert into labels (org_id, conversation_id, label) select org_id, id, '{LABEL}' {hers}"),
        format!(
            "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) values \
             ('{org}', gen_random_uuid(), 'maintenance', 'contact.profile', '{{\"person\": \"{phone}\"}}', 3, 0, 'none for {phone}', now())"
        ),
        format!(
            "insert into ai_cache (org_id, context, question, vector, telling, answer, created_at, expires_at) values \
             ('{org}', 'c', 'q', 'v', '{{{phone}}}', 'a', now(), now() + interval '1 day')"
        ),
        format!(
            "insert into events (org_id, id, at, kind, subject_kind, subject_id, actor, payload) select org_id, \
             recoup_uuid_floor(now()), now(), 'conversation.labelled', 'conversation', id, 'system', \
             jsonb_build_object('conversation', '{}', 'labels', jsonb_build_array('{LABEL}')) {hers}",
            zuzana.conversation
        ),
        format!("update conversations set preview = '{WORDS}' where contact_id = '{contact}'"),
    ];
    for row in &rows {
        arrange(product, row).await;
    }
    let archive = product.kernel.config.data_dir.0.join("archive");
    std::fs::create_dir_all(&archive).expect("made");
    let line = format!("{{\"org_id\":\"{}\",\"payload\":{{\"person\":\"{phone}\"}}}}\n", product.org);
    std::fs::write(archive.join(ARCHIVED), line).expect("written");
}

/// What was removed is signed, and a changed byte is found.
async fn is_certified(product: &Product, zuzana: &Zuzana, erasure: ErasureId) {
    let path = format!("/v2/privacy/erasures/{erasure}");
    let (_, shown) = product.call("GET", &path, Value::Null).await;
    assert_eq!((&shown["state"], &shown["certified"]), (&json!("erased"), &json!(true)), "{shown}");
    let (status, certificate) = product.call("GET", &format!("{path}/certificate"), Value::Null).await;
    assert_eq!(status, 200, "{certificate}");
    let signed: Signed = serde_json::from_value(certificate).expect("a certificate");
    assert!(verify(&signed));
    let says: Value = serde_json::from_str(&signed.certificate).expect("JSON");
    assert_eq!(says["outside"][0]["outcome"], "done", "{says}");
    assert_eq!(says["contact"], json!(zuzana.contact));
    let mut forged = signed.clone();
    forged.certificate = forged.certificate.replacen("\"rows\": 1", "\"rows\": 2", 1);
    assert!(forged.certificate != signed.certificate && !verify(&forged), "a changed byte is found");
    let (status, _) = product.call("DELETE", &path, Value::Null).await;
    assert_eq!(status, 404, "what is erased cannot be taken back");
}

/// She writes again: somebody new.
async fn writes_again(product: &Product, zuzana: &Zuzana) {
    let writing =
        Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &zuzana.phone, "Hello, it is me").named(NAME);
    product.world.customer_writes(&writing).expect("a known account");
    let again = until("a new conversation", || async {
        let (_, list) = product.call("GET", "/v2/conversations?channel=whatsapp", Value::Null).await;
        list["data"].as_array()?.iter().find(|row| row["contact_name"] == NAME).cloned()
    })
    .await;
    assert_ne!(again["contact_id"], json!(zuzana.contact));
    assert_ne!(again["id"], json!(zuzana.conversation));
    product.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_cannot_be_asked_stands_on_the_certificate() {
    let product = Product::start().await;
    let zuzana = zuzana(&product, 4720).await;
    // Linked to a CRM that was let go since.
    let link = format!(
        "insert into crm_links (org_id, system, lead_id, remote_contact_id, remote_note_id) select org_id, 'hubspot', id, '50150150150150', '50250250250250' \
         from leads where org_id = '{}'",
        product.org.uuid()
    );
    arrange(&product, &link).await;
    let rooms = operator(&product).await;
    let (erasure, _) = erase_now(rooms.identity(), product.org, zuzana.contact).await.expect("erased");
    tick(&rooms).await;
    let (status, certificate) =
        product.call("GET", &format!("/v2/privacy/erasures/{erasure}/certificate"), Value::Null).await;
    assert_eq!(status, 200, "{certificate}");
    let says: Value = serde_json::from_str(certificate["certificate"].as_str().expect("text")).expect("JSON");
    assert_eq!(
        says["outside"],
        json!([{ "system": "hubspot", "outcome": "not_connected", "records": 2 }]),
        "what could not be asked is said"
    );
    assert!(!certificate.to_string().contains("50150150150150"), "no id of theirs at the CRM");
    product.settled().await;
    product.end().await;
}
