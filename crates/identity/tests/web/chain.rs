//! The chain of the audit log against somebody who changes it behind Recoup's back, in the database and in an export.

use std::time::Duration as Wait;

use chrono::Duration;
use identity::audit::{self, AuditEntry, NotProved, Proved, record};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{House, Person};

async fn sql(house: &House, statement: &'static str) {
    let done = sqlx::query(statement).execute(&mut house.db.owner().await).await.expect("the owner may");
    assert!(done.rows_affected() > 0, "{statement}");
}

/// A house whose first organisation has a log of `rows` rows.
async fn filled(rows: i64) -> (House, Person, OrgId) {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org: OrgId = owner.org.parse().unwrap();
    let mut tx = house.kernel.db.begin(org).await.unwrap();
    for n in 3..=rows {
        house.advance(Duration::milliseconds(1));
        let entry = AuditEntry::new(Actor::System, "settings.changed").about("weights").detail(json!({ "n": n }));
        let entry = entry.change(json!({ "w": n }), json!({ "w": n + 1 })).device("a browser \"quoted\" ü");
        record(&mut tx, entry.from_ip(Some("2001:db8::1".parse().unwrap()))).await.unwrap();
    }
    tx.commit().await.unwrap();
    (house, owner, org)
}

async fn fault(house: &House, org: OrgId) -> Option<String> {
    audit::verify(&house.kernel, org).await.unwrap().fault
}

async fn exported(house: &House, by: &Person, query: &str) -> String {
    let reply = house.get(&format!("/v2/audit-log/export{query}")).by(by).send().await.expect_status(200);
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    reply.body
}

fn prove(text: &str) -> Result<Proved, NotProved> {
    audit::prove(text.as_bytes(), &[])
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    for (change, told) in [
        ("update audit_log set after = '{\"w\":99}' where seq = 5", "entry 5 was changed after it was written"),
        ("delete from audit_log where seq = 6", "entry 6 is missing"),
        ("delete from audit_log where seq between 4 and 7", "entries 4 to 7 are missing"),
        ("delete from audit_log where seq > 8", "the end was cut off: the last entry is 8, and there were 10"),
        (
            "update audit_log set seq = case seq when 4 then -8 when 8 then -4 end where seq in (4, 8)",
            "entry 4 was moved here: it was written as entry 8",
        ),
    ] {
        let (house, _, org) = filled(10).await;
        assert_eq!(fault(&house, org).await, None);
        sql(&house, change).await;
        if change.contains("case") {
            sql(&house, "update audit_log set seq = -seq where seq < 0").await;
        }
        assert_eq!(fault(&house, org).await.as_deref(), Some(told), "{change}");
    }
}

#[tokio::test]
async fn a_signed_head_shows_a_cut_tail_and_a_rewritten_log() {
    let (house, owner, org) = filled(10).await;
    assert_eq!(audit::sign_all(&house.kernel).await.unwrap(), 1);
    assert_eq!(audit::sign_all(&house.kernel).await.unwrap(), 0, "nothing has grown");
    let verdict = house.get("/v2/audit-log/verification").by(&owner).send().await.json();
    assert_eq!((verdict["intact"].clone(), verdict["signed_to"].clone()), (json!(true), json!(10)));

    // Cut, with the head mended to match: the chain alone looks whole.
    sql(
        &house,
        "with cut as (delete from audit_log where seq > 7) \
                 update audit_heads set seq = 7, hash = (select hash from audit_log where seq = 7)",
    )
    .await;
    assert_eq!(
        fault(&house, org).await.as_deref(),
        Some("the end was cut off: the last entry is 7, and there were 10")
    );

    // Written anew from the seventh row on, longer than before: every hash fits.
    let mut tx = house.kernel.db.begin(org).await.unwrap();
    for _ in 0..6 {
        record(&mut tx, AuditEntry::new(Actor::System, "settings.changed")).await.unwrap();
    }
    tx.commit().await.unwrap();
    let told = fault(&house, org).await.unwrap();
    assert!(told.starts_with("the log was rewritten: entry 10 is not the one that was signed"), "{told}");
    assert_eq!(audit::sign_all(&house.kernel).await.unwrap(), 0, "a rewritten log is not vouched for");
}

#[tokio::test]
async fn a_forged_checkpoint_or_key_is_found() {
    let (house, _, org) = filled(5).await;
    audit::sign_all(&house.kernel).await.unwrap();
    sql(&house, "update audit_checkpoints set hash = sha256('another')").await;
    let told = fault(&house, org).await.unwrap();
    assert!(told.starts_with("the signed statement about entry 5 was changed"), "{told}");

    let (house, _, org) = filled(5).await;
    audit::sign_all(&house.kernel).await.unwrap();
    sql(&house, "update audit_keys set public_key = sha256('another')").await;
    assert!(fault(&house, org).await.is_some(), "a key's name is its own hash");
}

#[tokio::test]
async fn the_program_itself_can_change_no_checkpoint() {
    let (house, _, org) = filled(3).await;
    audit::sign_all(&house.kernel).await.unwrap();
    for statement in
        ["update audit_checkpoints set seq = 1", "delete from audit_checkpoints", "select * from audit_keys"]
    {
        let mut tx = house.kernel.db.begin(org).await.unwrap();
        assert!(sqlx::query(statement).execute(tx.conn()).await.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn an_export_proves_itself_and_is_in_the_log() {
    let (house, owner, org) = filled(40).await;
    audit::sign_all(&house.kernel).await.unwrap();
    let text = exported(&house, &owner, "").await;
    let proved = prove(&text).unwrap();
    assert_eq!((proved.org, proved.last_seq, proved.entries, proved.checkpoints), (org, 41, 41, 1));
    assert!(text.lines().last().unwrap().contains("audit_log.exported"), "the export is its own last row");
    let trusted = |key: &str| audit::prove(text.as_bytes(), &[key.to_owned()]);
    assert!(trusted(&proved.kid).is_ok());
    assert!(trusted("00112233445566778899aabbccddeeff").is_err(), "signed by a key that is not to be trusted");
    assert!(audit::keys(&house.kernel).await.unwrap()[0].starts_with(&proved.kid));
    assert!(audit::holds_at(&house.kernel, org, proved.last_seq, &proved.last_hash).await.unwrap());
    sql(&house, "update audit_log set hash = sha256('another') where seq = 41").await;
    assert!(!audit::holds_at(&house.kernel, org, proved.last_seq, &proved.last_hash).await.unwrap());
}

#[tokio::test]
async fn a_file_of_a_span_is_a_piece_of_the_chain_and_one_of_chosen_rows_proves_each() {
    let (house, owner, _) = filled(30).await;
    let log = house.get("/v2/audit-log?limit=100").by(&owner).send().await.json();
    let at = |seq: usize| log["data"][30 - seq]["at"].as_str().unwrap().to_owned();
    let text = exported(&house, &owner, &format!("?from={}&to={}", at(10), at(20))).await;
    let proved = prove(&text).unwrap();
    assert_eq!((proved.entries, proved.last_seq, proved.filter.as_str()), (10, 19, ""));
    let text = exported(&house, &owner, "?action=settings").await;
    let proved = prove(&text).unwrap();
    assert_eq!((proved.entries, proved.filter.as_str()), (28, "action=settings"));
    let cut: String = text.split_inclusive('\n').filter(|line| !line.contains("\"n\":9}")).collect();
    assert_eq!(prove(&cut).unwrap_err().to_string(), "1 of the chosen entries are missing");
    assert_eq!(prove(&exported(&house, &owner, "?from=2090-01-01T00:00:00Z").await).unwrap().entries, 0);
}

#[tokio::test]
async fn a_changed_file_says_what_is_wrong_with_it() {
    let (house, owner, _) = filled(12).await;
    audit::sign_all(&house.kernel).await.unwrap();
    let text = exported(&house, &owner, "").await;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let row = |seq: i64| lines.iter().position(|line| line.contains(&format!("\"entry\",\"seq\":{seq},"))).unwrap();
    let told = |lines: &[&str]| prove(&lines.concat()).unwrap_err().to_string();
    let mut gone = lines.clone();
    gone.remove(row(5));
    assert_eq!(told(&gone), "entry 5 is missing");
    let mut swapped = lines.clone();
    swapped.swap(row(5), row(6));
    assert_eq!(told(&swapped), "entry 5 comes too late: it stands after entry 6");
    let mut twice = lines.clone();
    twice.insert(row(6), lines[row(5)]);
    assert_eq!(told(&twice), "entry 5 is there more than once");
    assert_eq!(told(&lines[..lines.len() - 2]), "the end was cut off: the last entry is 11, and there were 13");
    let changed = text.replace("\"n\":7}", "\"n\":8}");
    assert_eq!(prove(&changed).unwrap_err().to_string(), "entry 7 was changed after it was written");
    let spaced = text.replace("{\"n\":7}", "{\"n\": 7}");
    assert_eq!(prove(&spaced).unwrap_err().to_string(), "entry 7 was changed after it was written");
    let unsigned: Vec<&str> = lines.iter().filter(|line| !line.contains("\"kind\":\"key\"")).copied().collect();
    assert!(told(&unsigned).contains("was changed, or was not signed") || told(&unsigned).contains("keys to trust"));
    assert!(prove("").is_err() && prove("{}\n").is_err() && prove("not json\n").is_err());
}

#[tokio::test]
async fn only_who_manages_people_exports_and_a_viewer_is_refused() {
    let (house, owner, _) = filled(3).await;
    for role in ["viewer", "analyst", "agent"] {
        let member = house.member(&owner, role).await;
        house.get("/v2/audit-log/export").by(&member).send().await.expect_status(403);
    }
    house.get("/v2/audit-log/export").send().await.expect_status(401);
    let other = house.owner("two").await;
    assert!(
        !exported(&house, &other, "").await.contains(&owner.user),
        "one organisation's file holds nothing of another"
    );
}

#[tokio::test]
async fn what_is_seven_years_old_is_pruned_and_the_rest_still_verifies() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org: OrgId = owner.org.parse().unwrap();
    let now = house.kernel.clock.now();
    // The beginning of the log was written eight years ago, as the machine's clock counts them.
    sql(&house, "delete from audit_log").await;
    sql(&house, "delete from audit_heads").await;
    let then = kernel::Clock::manual("2017-01-01T00:00:00Z".parse().unwrap());
    let past = house.db.kernel_with(then, |_| {}).await;
    let mut tx = past.db.begin(org).await.unwrap();
    for _ in 0..6 {
        record(&mut tx, AuditEntry::new(Actor::System, "settings.changed")).await.unwrap();
    }
    tx.commit().await.unwrap();
    house.login(&owner.email).await;
    audit::sign_all(&house.kernel).await.unwrap();
    let seven = now - Duration::days(7 * 365 + 3);
    assert!(audit::prune(&house.kernel, org, now - Duration::days(365)).await.is_err(), "younger than seven years");
    assert_eq!(audit::prune(&house.kernel, org, seven).await.unwrap(), 6);
    assert_eq!(audit::prune(&house.kernel, org, seven).await.unwrap(), 0);
    let verdict = audit::verify(&house.kernel, org).await.unwrap();
    assert!(verdict.intact && verdict.entries == 2, "{verdict:?}");
    let owner = house.login(&owner.email).await;
    let proved = prove(&exported(&house, &owner, "").await).unwrap();
    assert_eq!((proved.entries, proved.last_seq), (4, 10));
    prove(&exported(&house, &owner, "?action=sign_in").await).unwrap();
    sql(&house, "delete from audit_log where seq = 7").await;
    assert_eq!(fault(&house, org).await.as_deref(), Some("entry 7 is missing"), "the anchor is signed: no more can go");
    // Whoever asks: the database itself keeps what is younger.
    let role = "set role recoup_system";
    let mut connection = house.db.owner().await;
    sqlx::query(role).execute(&mut connection).await.unwrap();
    let gone = sqlx::query("delete from audit_log").execute(&mut connection).await.unwrap();
    assert_eq!(gone.rows_affected(), 0);
}

#[test]
fn no_byte_of_a_file_and_no_row_can_be_changed_unnoticed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let text = runtime.block_on(async {
        let (house, owner, _) = filled(25).await;
        audit::sign_all(&house.kernel).await.unwrap();
        house.login(&owner.email).await;
        audit::sign_all(&house.kernel).await.unwrap();
        let whole = exported(&house, &owner, "").await;
        let chosen = exported(&house, &owner, "?action=settings").await;
        [whole, chosen]
    });
    for text in &text {
        prove(text).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        proptest!(ProptestConfig::with_cases(600), |(at: prop::sample::Index, flip in 1u8..=255)| {
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(audit::prove(bytes.as_slice(), &[]).is_err(), "byte {at} ^ {flip}");
        });
        proptest!(ProptestConfig::with_cases(200), |(one: prop::sample::Index, two: prop::sample::Index, what in 0..3)| {
            let (one, two) = (one.index(lines.len()), two.index(lines.len()));
            let mut changed = lines.clone();
            match what {
                0 => { changed.remove(one); }
                1 => { prop_assume!(one != two); changed.swap(one, two); }
                _ => changed.insert(one, lines[two]),
            }
            // Keys and checkpoints may stand in another order, and one that nothing needs may be left out: they prove no less.
            let entries = |line: &str| line.contains("\"kind\":\"entry\"");
            prop_assume!(entries(lines[one]) || (what > 0 && entries(lines[two])));
            prop_assert!(prove(&changed.concat()).is_err(), "{what} {one} {two}");
        });
    }
}

#[tokio::test]
async fn not_even_a_letters_case_can_be_changed() {
    let (house, owner, _) = filled(3).await;
    audit::sign_all(&house.kernel).await.unwrap();
    for query in ["", "?action=settings"] {
        let text = exported(&house, &owner, query).await;
        prove(&text).unwrap();
        for at in 0..text.len() {
            for flip in [1, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                let said = audit::prove(bytes.as_slice(), &[]);
                assert!(said.is_err(), "byte {at} ^ {flip}: {}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}

#[tokio::test]
async fn the_chain_is_signed_by_the_clock() {
    use kernel::schedule::run_schedules;
    let (house, _, org) = filled(4).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(run_schedules(house.kernel.db.clone(), house.identity.reconcilers(), stop.clone()));
    let signed = async || audit::verify(&house.kernel, org).await.unwrap().signed_to;
    kernel::testing::until("the head is signed", || async { (signed().await == 4).then_some(()) }).await;
    stop.cancel();
    tokio::time::timeout(Wait::from_secs(5), running).await.expect("it stops").unwrap();
}
