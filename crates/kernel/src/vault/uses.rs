//! That a secret was used: counted in memory and written into the audit log once a minute.
//!
//! A row of the audit log for every message sent would write an organisation's messages one after another, because its
//! chain is one. So there is one row a minute for each secret and purpose, with how often, first and last. A process that
//! is killed loses the counts of at most that minute; one that is stopped writes them before it ends.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Vault, VaultError};
use crate::audit::{self, AuditEntry};
use crate::ids::OrgId;
use crate::ledger::Actor;

/// How often the counts are written.
const EVERY: Duration = Duration::from_secs(60);

/// How often a secret was used for one purpose since it was last written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Use {
    times: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

/// Of an organisation: the secret, by the id of what holds it, and the purpose.
type Key = (String, &'static str);

/// The counts of one process.
#[derive(Default)]
pub(super) struct Uses {
    counts: Mutex<HashMap<OrgId, HashMap<Key, Use>>>,
}

impl Uses {
    pub(super) fn note(&self, org: OrgId, secret: String, purpose: &'static str, at: DateTime<Utc>) {
        self.add(org, (secret, purpose), Use { times: 1, first: at, last: at });
    }

    fn add(&self, org: OrgId, key: Key, more: Use) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = counts.entry(org).or_default().entry(key).or_insert(Use { times: 0, ..more });
        sum.times += more.times;
        (sum.first, sum.last) = (sum.first.min(more.first), sum.last.max(more.last));
    }

    fn take(&self) -> HashMap<OrgId, HashMap<Key, Use>> {
        std::mem::take(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Vault {
    /// Writes the counted uses into the audit logs of their organisations; what cannot be written stays counted.
    pub async fn write_uses(&self) -> Result<(), VaultError> {
        let mut failed = Ok(());
        for (org, uses) in self.inner.uses.take() {
            if let Err(error) = self.write_uses_of(org, &uses).await {
                for (key, sum) in uses {
                    self.inner.uses.add(org, key, sum);
                }
                failed = Err(error);
            }
        }
        failed
    }

    async fn write_uses_of(&self, org: OrgId, uses: &HashMap<Key, Use>) -> Result<(), VaultError> {
        let mut ordered: Vec<_> = uses.iter().collect();
        ordered.sort_unstable_by_key(|(key, _)| *key);
        let mut tx = self.inner.db.begin(org).await?;
        for ((secret, purpose), Use { times, first, last }) in ordered {
            let detail = json!({ "purpose": purpose, "times": times, "first": first, "last": last });
            audit::record(&mut tx, AuditEntry::new(Actor::System, "vault.used").about(secret).detail(detail)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Writes the uses once a minute until the token ends. The last ones are written by [`Vault::write_uses`] when the work
    /// of the process has ended.
    pub async fn keep_writing_uses(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.write_uses().await {
                tracing::warn!(error = %error, "uses of secrets cannot be written into the audit log; they stay counted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn uses_of_one_secret_and_purpose_are_one_count() {
        let (uses, clock) = (Uses::default(), Clock::system());
        let (org, now) = (OrgId::new(&clock), clock.now());
        let later = now + chrono::Duration::seconds(3);
        for at in [later, now, later] {
            uses.note(org, "channel_1".into(), "send", at);
        }
        uses.note(org, "channel_1".into(), "media", now);
        let taken = uses.take();
        assert_eq!(taken[&org][&("channel_1".to_owned(), "send")], Use { times: 3, first: now, last: later });
        assert_eq!(taken[&org].len(), 2);
        assert!(uses.take().is_empty(), "taken once");
    }
}
