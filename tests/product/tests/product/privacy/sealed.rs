//! A number and the name that goes with it: sealed wherever they are kept, and found again by whoever may.

use kernel::ids::ChannelId;
use kernel::privacy::Probe;
use kernel::testing::until;
use kernel::vault::OrgVault;
use product_tests::{Product, account, person};
use recoup::rooms::holders;
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::house::{arrange, everything, found};

const NAME: &str = "Ottilie Quellenreuther";

/// She asks on WhatsApp; nothing of what she writes names her.
fn asks(product: &Product, phone: &str, text: &str) {
    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), phone, text).named(NAME);
    product.world.customer_writes(&writing).expect("a known account");
}

/// Somebody writes once more into the thread they have, and a member's answer reaches them.
async fn goes_on(product: &Product, platform: Platform, channel: &str, person: &str) {
    product.writes(platform, person, "Are you open on Saturdays?");
    let path = format!("/v2/conversations?channel={channel}");
    let id = until("the second message in the same thread", || async {
        let (_, list) = product.call("GET", &path, Value::Null).await;
        let [thread] = list["data"].as_array()?.as_slice() else { return None };
        let id = thread["id"].as_str()?.to_owned();
        let (_, said) = product.call("GET", &format!("/v2/conversations/{id}/messages"), Value::Null).await;
        let heard = said["data"].as_array()?.iter().filter(|message| message["direction"] == "inbound").count();
        (heard == 2).then_some(id)
    })
    .await;
    let already = product.replies(platform, person).len();
    let answer = json!({ "text": "Yes, from eight to noon." });
    let (status, said) = product.call("POST", &format!("/v2/conversations/{id}/messages"), answer).await;
    assert_eq!(status, 201, "{said}");
    product.reply(platform, person, already + 1).await;
    product.settled().await;
}

/// Keeps every job that is made: when the product is at rest, none is left to look at.
async fn keep_jobs(product: &Product) {
    for statement in [
        "create table seen_jobs (job jsonb not null)",
        "grant insert on seen_jobs to recoup_app, recoup_system",
        "create function keep_job() returns trigger language plpgsql as $$ begin insert into seen_jobs values (to_jsonb(new)); return new; end $$",
        "create trigger keep_job after insert on jobs for each row execute function keep_job()",
    ] {
        arrange(product, statement).await;
    }
}

/// Where a text stands: in the open, or as the bytes of a binary column.
async fn in_the_open(product: &Product, marks: &[&str]) -> Vec<String> {
    let bytes = |mark: &str| mark.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let marks: Vec<(&str, String)> = marks.iter().map(|mark| (*mark, bytes(mark))).collect();
    let all = everything(product, product.org).await;
    let shows = |row: &str| marks.iter().any(|(mark, bytes)| row.contains(mark) || row.contains(bytes.as_str()));
    all.into_iter().filter(|(_, row)| shows(row)).map(|(table, row)| format!("{table}: {row}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_and_a_name_stand_nowhere_in_the_open() {
    let product = Product::start().await;
    keep_jobs(&product).await;
    let phone = person(Platform::WhatsApp, 4790);
    asks(&product, &phone, "How much is teeth whitening? I want to book it this week.");
    // The number was opened for the call.
    product.reply(Platform::WhatsApp, &phone, 1).await;
    product.settled().await;

    assert_eq!(in_the_open(&product, &[&phone, NAME, "Quellenreuther"]).await, Vec::<String>::new());
    let rows = everything(&product, product.org).await;
    let of = |table: &str| rows.iter().filter(|(name, _)| name == table).count();
    assert!(of("receipts") >= 2 && of("contact_identities") >= 1 && of("seen_jobs") >= 3, "there was something to see");

    // Who may see her sees her, and she is found by whoever looks for her.
    let conversation = product.conversation("whatsapp").await;
    assert_eq!(conversation["contact_name"], NAME);
    let path = format!("/v2/contacts/{}", conversation["contact_id"].as_str().expect("an id"));
    let (_, shown) = product.call("GET", &path, Value::Null).await;
    assert_eq!(shown["phone"], json!(format!("+{phone}")));
    let identities = shown["identities"].as_array().expect("identities");
    assert!(identities.iter().any(|identity| identity["platform_id"] == json!(phone)), "{shown}");
    let probes: Vec<Probe> = [phone.as_str(), NAME].into_iter().filter_map(Probe::new).collect();
    let places: Vec<String> = found(&product, &probes).await.into_iter().map(|hit| hit.place).collect();
    for place in ["contact_identities.platform_id", "conversations.recipient", "receipts.people", "receipts.sealed"] {
        assert!(places.iter().any(|found| found == place), "{place} is not in {places:?}");
    }
    goes_on(&product, Platform::WhatsApp, "whatsapp", &phone).await;
    product.end().await;
}

/// Puts everything of an organisation back into the form of the former version.
async fn unseal(product: &Product, vault: &OrgVault, phone: &str) {
    let mut owner = product.db.owner().await;
    let identities: Vec<(ChannelId, String, Option<Vec<u8>>)> =
        sqlx::query_as("select channel_id, platform_id, sealed from contact_identities where sealed is not null")
            .fetch_all(&mut owner)
            .await
            .expect("identities");
    for (channel, kept, sealed) in identities {
        let id = vault.open_id(channel, &kept, sealed.as_deref()).expect("it opens");
        sqlx::query(
            "update contact_identities set platform_id = $3, sealed = null where channel_id = $1 and platform_id = $2",
        )
        .bind(channel)
        .bind(kept)
        .bind(id)
        .execute(&mut owner)
        .await
        .expect("changed");
    }
    arrange(product, &format!("update conversations set recipient = '+{phone}', recipient_sealed = null where recipient_sealed is not null"))
        .await;
    let receipts: Vec<(ChannelId, String, Vec<u8>)> =
        sqlx::query_as("select channel_id, event_key, sealed from receipts")
            .fetch_all(&mut owner)
            .await
            .expect("receipts");
    for (channel, event_key, sealed) in receipts {
        let raw = vault.open_text(&format!("receipts/{channel}/{event_key}"), &sealed).expect("it opens");
        sqlx::query(
            "update receipts set raw = $3::json, sealed = null, people = '{}' where channel_id = $1 and event_key = $2",
        )
        .bind(channel)
        .bind(event_key)
        .bind(raw)
        .execute(&mut owner)
        .await
        .expect("changed");
    }
    let channel: ChannelId = sqlx::query_scalar("select id from channels where kind = 'whatsapp'")
        .fetch_one(&mut owner)
        .await
        .expect("a number of ours");
    let moved = json!({ "identities": [[channel, phone]], "leads": [], "closed": [], "filled": [] });
    let org = product.org.uuid();
    for row in [
        format!(
            "insert into contact_merges (org_id, id, kept_id, merged_id, moved, by_actor) \
             select org_id, gen_random_uuid(), id, gen_random_uuid(), '{moved}', 'system' from contacts where org_id = '{org}' limit 1"
        ),
        format!(
            "insert into dead_letters (org_id, id, lane, kind, key, payload, attempts, crashes, error, enqueued_at) values \
             ('{org}', gen_random_uuid(), 'inbound', 'inbound.receive', '{channel}:{phone}', '{{}}', 3, 0, 'an error', now())"
        ),
        "update organisations set sealed_at = null".to_owned(),
    ] {
        arrange(product, &row).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_former_version_kept_in_the_open_is_sealed() {
    let product = Product::start().await;
    let (phone, page) = (person(Platform::WhatsApp, 4791), person(Platform::Messenger, 4791));
    asks(&product, &phone, "How much is teeth whitening? I want to book it this week.");
    product.reply(Platform::WhatsApp, &phone, 1).await;
    product.writes(Platform::Messenger, &page, "Are you open on Saturdays?");
    product.reply(Platform::Messenger, &page, 1).await;
    product.settled().await;
    let vault = product.kernel.vault.of(product.org).await.expect("keys");
    let marked = |rows: Vec<(String, String)>| {
        let mark = vault.mark(&phone);
        let mut tables: Vec<String> =
            rows.into_iter().filter(|(_, row)| row.contains(&mark)).map(|(table, _)| table).collect();
        tables.dedup();
        tables
    };
    let before = marked(everything(&product, product.org).await);
    unseal(&product, &vault, &phone).await;
    let open = in_the_open(&product, &[&phone]).await;
    for table in ["contact_identities", "conversations", "receipts", "contact_merges", "dead_letters"] {
        assert!(open.iter().any(|row| row.starts_with(table)), "{table} is not in {open:?}");
    }
    assert!(kernel::db::unsealed(product.db.url()).await.expect("the database answers"));

    let holders = holders(&product.kernel);
    assert!(holders.seal(&product.kernel).await.expect("sealed") > 5);
    assert_eq!(holders.seal(&product.kernel).await.expect("nothing left"), 0);
    assert!(!kernel::db::unsealed(product.db.url()).await.expect("the database answers"));
    assert_eq!(in_the_open(&product, &[&phone, NAME]).await, Vec::<String>::new());
    let after = marked(everything(&product, product.org).await);
    assert!(before.iter().all(|table| after.contains(table)), "{before:?} and {after:?}");
    assert!(after.contains(&"contact_merges".to_owned()) && after.contains(&"dead_letters".to_owned()), "{after:?}");

    // Both go on where they were.
    goes_on(&product, Platform::WhatsApp, "whatsapp", &phone).await;
    goes_on(&product, Platform::Messenger, "facebook", &page).await;
    arrange(&product, "delete from dead_letters").await;
    product.end().await;
}
