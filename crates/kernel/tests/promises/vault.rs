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
    assert_eq!(both.vault.rotate().await.unwrap(), 2);
    assert_eq!(both.vault.rotate().await.unwrap(), 0, "nothing is left to rewrap");

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
