//! Brings snoozed conversations back when their time has come.

use std::time::Duration;

use async_trait::async_trait;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::ledger::{Actor, Event, Subject};
use kernel::schedule::Reconciler;
use kernel::{CanFail, Kernel};
use uuid::Uuid;

use crate::ingest::{lock_by_id, save};

/// More than these of one organisation come back with the next run.
const MOST: i64 = 500;

pub(super) struct Snoozes(pub Kernel);

#[async_trait]
impl Reconciler for Snoozes {
    fn name(&self) -> &'static str {
        "inbox.snoozes"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.db).await? {
            wake(&self.0, org).await.can_fail("bringing snoozed conversations back; the next run tries again");
        }
        Ok(())
    }
}

async fn wake(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    let now = kernel.clock.now();
    let mut tx = kernel.db.begin(org).await?;
    let due: Vec<Uuid> = sqlx::query_scalar(
        "select id from conversations where org_id = $1 and status = 'snoozed' and snoozed_until <= $2 order by snoozed_until limit $3",
    )
    .bind(org)
    .bind(now)
    .bind(MOST)
    .fetch_all(tx.conn())
    .await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut woken = lock_by_id(&mut tx, &due).await?;
    // Between the look and the lock a person may have changed it.
    woken.retain(|conv| conv.status == "snoozed" && conv.snoozed_until.is_some_and(|until| until <= now));
    for conv in &mut woken {
        conv.snoozed_until = None;
        conv.dirty = true;
        if let Some(fact) = conv.set_status("open") {
            tx.append(Event::new(Subject::Conversation(conv.id), Actor::System, fact));
        }
    }
    save(&mut tx, &woken.iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(())
}
