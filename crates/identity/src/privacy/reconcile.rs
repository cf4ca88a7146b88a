//! What is done by the clock: due erasures, what was under way when a contact was erased, certificates, retention.

use std::time::Duration;

use async_trait::async_trait;
use kernel::CanFail;
use kernel::db::system;
use kernel::ids::{ErasureId, OrgId};
use kernel::ledger::Actor;
use kernel::schedule::Reconciler;

use super::{certificate, retention, run};
use crate::Identity;

/// After this long nothing that was under way at an erasure can still be.
const SETTLED_AFTER: chrono::Duration = chrono::Duration::hours(1);
/// How long a certificate follows the answers of outside systems.
const FOLLOWED_FOR: chrono::Duration = chrono::Duration::days(30);
/// Requests looked at in one run of one organisation.
const MOST: i64 = 200;

/// Removes hidden contacts when their time has come, sweeps after them, and signs what was done.
pub(super) struct Erasures(pub Identity);

#[async_trait]
impl Reconciler for Erasures {
    fn name(&self) -> &'static str {
        "identity.erasures"
    }

    fn every(&self) -> Duration {
        Duration::from_mins(1)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel().db).await? {
            self.one(org).await.can_fail("the erasures of an organisation; the next run tries again");
        }
        Ok(())
    }
}

impl Erasures {
    async fn one(&self, org: OrgId) -> anyhow::Result<()> {
        let Self(identity) = self;
        let now = identity.kernel().clock.now();
        // Rows that a job or a follower wrote for a contact while it was being hidden.
        let hidden = self.select(org, "state = 'hidden' and at > $2", now - SETTLED_AFTER).await?;
        for id in hidden {
            hide_again(identity, org, id).await?;
        }
        for id in self.select(org, "state = 'hidden' and due_at <= $2", now).await? {
            if run::erase_requested(identity, org, id, Actor::System).await?.is_some() {
                tracing::info!(erasure.id = %id, "a contact was erased");
            }
        }
        for id in self.select(org, "state = 'erased' and certificate is null and $2 is not null", now).await? {
            certificate::issue(identity, org, id).await?;
        }
        for id in
            self.select(org, "state = 'erased' and swept_at is null and erased_at <= $2", now - SETTLED_AFTER).await?
        {
            run::sweep(identity, org, id).await?;
        }
        let failed = "state = 'erased' and certificate like '%\"failed\"%' and erased_at > $2";
        for id in self.select(org, failed, now - FOLLOWED_FOR).await? {
            certificate::issue(identity, org, id).await?;
        }
        Ok(())
    }

    async fn select(
        &self,
        org: OrgId,
        condition: &'static str,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<Vec<ErasureId>, sqlx::Error> {
        let mut tx = self.0.kernel().db.begin(org).await?;
        let sql = format!("select id from privacy_erasures where org_id = $1 and {condition} order by id limit $3");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(org).bind(at).bind(MOST).fetch_all(tx.conn()).await
    }
}

async fn hide_again(identity: &Identity, org: OrgId, id: ErasureId) -> anyhow::Result<()> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let contact = sqlx::query_scalar(
        "select contact_id from privacy_erasures where org_id = $1 and id = $2 and state = 'hidden' for update",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(contact) = contact else { return Ok(()) };
    tx.see_hidden().await?;
    let traces = identity.holders().gather(&mut tx, contact).await?;
    run::hide(identity.holders(), &mut tx, &traces).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes what is older than each organisation keeps it.
pub(super) struct Retention(pub Identity);

#[async_trait]
impl Reconciler for Retention {
    fn name(&self) -> &'static str {
        "identity.retention"
    }

    fn every(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let Self(identity) = self;
        for (org, _) in system::list_organisations(&identity.kernel().db).await? {
            let gone = retention::expire(identity, org).await;
            let gone = gone.can_fail("the retention of an organisation; the next run tries again");
            if let Some(rows) = gone.filter(|rows| *rows > 0) {
                tracing::info!(org.id = %org, rows, "what was too old was removed");
            }
        }
        Ok(())
    }
}
