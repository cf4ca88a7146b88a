//! The vault: rotation rewraps, and a value opens only in its own place.

use kernel::Clock;
use kernel::config::{Config, Secret};
use kernel::testing::TestDb;

/// Base64 of 32 bytes, all 1.
const NEW_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Base64 of 32 bytes, all 0: what a test kernel has.
const OLD_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn with_keys(previous: &'static [&'static str]) -> impl FnOnce(&mut Config) {
    move |config| {
        config.vault.master_key = Secret::new(NEW_KEY);
        config.vault.previous_keys = previous.iter().map(|key| Secret::new(*key)).collect();
    }
}

#[tokio::test]
async fn after_a_rotation_the_old_master_key_is_not_needed() {
    let db = TestDb::new().await;
    let old = db.kernel().await;
    let orgs = [db.org(&old, "One").await, db.org(&old, "Two").await];
    let sealed = old.vault.seal(orgs[0], "channel/1", b"a token").await.unwrap();
    let index = old.vault.of(orgs[0]).await.unwrap().blind_index("phone", "15550100");

    let only_new = db.kernel_with(Clock::system(), with_keys(&[])).await;
    assert!(only_new.vault.open(orgs[0], "channel/1", &sealed).await.is_err(), "not rewrapped yet");
    let both = db.kernel_with(Clock::system(), with_keys(&[OLD_KEY])).await;
    assert_eq!(both.vault.open(orgs[0], "channel/1", &sealed).await.unwrap(), b"a token", "both work meanwhile");
    let done = both.vault.rotate().await.unwrap();
    assert_eq!((done.data_keys, done.own_keys), (2, 1));
    assert_eq!(both.vault.rotate().await.unwrap(), kernel::vault::Rotated::default(), "nothing is left to rewrap");

    let after = db.kernel_with(Clock::system(), with_keys(&[])).await;
    assert_eq!(after.vault.open(orgs[0], "channel/1", &sealed).await.unwrap(), b"a token");
    assert_eq!(after.vault.of(orgs[0]).await.unwrap().blind_index("phone", "15550100"), index, "found as before");
    let again = db.kernel().await;
    assert!(again.vault.of(orgs[1]).await.is_err(), "the old key alone opens nothing any more");
}

#[tokio::test]
async fn a_value_moved_to_another_row_or_organisation_does_not_open() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (org, other) = (db.org(&kernel, "One").await, db.org(&kernel, "Two").await);
    let sealed = kernel.vault.seal(org, "contact/1", b"Asha").await.unwrap();
    assert!(kernel.vault.open(org, "contact/2", &sealed).await.is_err());
    assert!(kernel.vault.open(other, "contact/1", &sealed).await.is_err());
    let mut bent = sealed.clone();
    *bent.last_mut().unwrap() ^= 1;
    assert!(kernel.vault.open(org, "contact/1", &bent).await.is_err());
    assert!(kernel.vault.open(org, "contact/1", &[]).await.is_err());
    let (one, two) = (kernel.vault.of(org).await.unwrap(), kernel.vault.of(other).await.unwrap());
    assert_ne!(one.blind_index("email", "a@example.com"), two.blind_index("email", "a@example.com"));
    assert_ne!(one.blind_index("email", "a@example.com"), one.blind_index("phone", "a@example.com"));
}

#[tokio::test]
async fn a_new_data_key_seals_only_after_every_process_has_it() {
    let db = TestDb::new().await;
    let clock = Clock::manual(chrono::DateTime::from_timestamp(1_900_000_000, 0).unwrap());
    let (one, two) = (db.kernel_with(clock.clone(), |_| {}).await, db.kernel_with(clock.clone(), |_| {}).await);
    let org = db.org(&one, "One").await;
    let old = one.vault.seal(org, "a", b"old").await.unwrap();
    let index = one.vault.of(org).await.unwrap().blind_index("email", "a@example.com");
    assert_eq!(two.vault.open(org, "a", &old).await.unwrap(), b"old", "the other process keeps its list of keys now");
    assert_eq!(one.vault.rekey(org).await.unwrap(), 2);
    let soon = one.vault.seal(org, "a", b"soon").await.unwrap();
    assert_eq!(soon[0], 1, "not yet");
    assert_eq!(two.vault.open(org, "a", &soon).await.unwrap(), b"soon");
    clock.advance(chrono::Duration::minutes(11));
    let three = db.kernel_with(clock.clone(), |_| {}).await;
    let new = three.vault.seal(org, "a", b"new").await.unwrap();
    assert_eq!(new[0], 2);
    for (sealed, plain) in [(&old, "old"), (&soon, "soon"), (&new, "new")] {
        assert_eq!(three.vault.open(org, "a", sealed).await.unwrap(), plain.as_bytes());
    }
    assert_eq!(one.vault.open(org, "a", &new).await.unwrap(), b"new");
    assert_eq!(three.vault.of(org).await.unwrap().blind_index("email", "a@example.com"), index, "found as before");
    let logged: i64 = sqlx::query_scalar("select count(*) from audit_log where action = 'vault.rekeyed'")
        .fetch_one(&mut db.owner().await)
        .await
        .unwrap();
    assert_eq!(logged, 1);
}

#[tokio::test]
async fn uses_of_secrets_are_in_the_audit_log_once_a_minute_and_none_is_lost_by_a_failure() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let (org, other) = (db.org(&kernel, "One").await, db.org(&kernel, "Two").await);
    let vault = kernel.vault.of(org).await.unwrap();
    let sealed = vault.seal_text("channels/1/token", "a token").unwrap();
    for _ in 0..500 {
        let token = vault.open_secret("channels/1/token", &sealed, "channel_1", "send").unwrap();
        assert_eq!(token.reveal(), "a token");
    }
    assert!(vault.open_secret("channels/2/token", &sealed, "channel_2", "send").is_err());
    let theirs = kernel.vault.of(other).await.unwrap();
    let sealed = theirs.seal_text("crm/1", "another").unwrap();
    theirs.open_secret("crm/1", &sealed, "crm_1", "sync").unwrap();

    // The log cannot be written: the counts stay.
    let mut owner = db.owner().await;
    sqlx::query("alter table audit_log rename to hidden").execute(&mut owner).await.unwrap();
    assert!(kernel.vault.write_uses().await.is_err());
    sqlx::query("alter table hidden rename to audit_log").execute(&mut owner).await.unwrap();
    kernel.vault.write_uses().await.unwrap();
    kernel.vault.write_uses().await.unwrap();
    let rows: Vec<(kernel::ids::OrgId, String, String)> = sqlx::query_as(
        "select org_id, subject, detail from audit_log where action = 'vault.used' order by seq, org_id",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    let ours = rows.iter().find(|row| row.0 == org).unwrap();
    let detail: serde_json::Value = serde_json::from_str(&ours.2).unwrap();
    assert_eq!(
        (ours.1.as_str(), detail["times"].as_u64(), detail["purpose"].as_str()),
        ("channel_1", Some(500), Some("send"))
    );
    assert!(detail["first"].as_str() <= detail["last"].as_str());
    assert!(!format!("{rows:?}").contains("a token"));
}

#[tokio::test]
async fn an_append_to_the_audit_log_is_one_short_statement() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "One").await;
    let entry = || {
        kernel::audit::AuditEntry::new(kernel::ledger::Actor::System, "settings.changed")
            .about("brand_voice")
            .change(serde_json::json!({ "tone": "warm" }), serde_json::json!({ "tone": "brief" }))
            .device("Mozilla/5.0")
    };
    let mut tx = kernel.db.begin(org).await.unwrap();
    for _ in 0..200 {
        kernel::audit::record(&mut tx, entry()).await.unwrap();
    }
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let begun = std::time::Instant::now();
        kernel::audit::record(&mut tx, entry()).await.unwrap();
        times.push(begun.elapsed());
    }
    tx.commit().await.unwrap();
    times.sort_unstable();
    println!("audit append: p50 {:?}, p95 {:?}, p99 {:?}", times[1_000], times[1_900], times[1_980]);
    // The promise is 200 µs on a quiet machine; a test beside others may not fail for the others' sake.
    assert!(times[1_000] < std::time::Duration::from_millis(5), "p50 {:?}", times[1_000]);
}
