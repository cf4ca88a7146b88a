//! What was scheduled is published when its time has come.

use std::time::Duration;

use async_trait::async_trait;
use kernel::CanFail as _;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ids::{OrgId, PageId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::schedule::Reconciler;
use serde_json::json;

use crate::core::Core;
use crate::sites;

/// Publishes pages that are due.
pub(super) struct Due(pub Core);

#[async_trait]
impl Reconciler for Due {
    fn name(&self) -> &'static str {
        "site.due_pages"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let core = &self.0;
        let mut any = false;
        for (org, _) in system::list_organisations(&core.kernel().db).await? {
            let done =
                publish(core, org).await.can_fail("publishing an organisation's pages; the next run tries again");
            any |= done.unwrap_or(false);
        }
        if any {
            core.hosts().forget();
        }
        Ok(())
    }
}

/// Publishes what is due of an organisation; whether there was anything.
async fn publish(core: &Core, org: OrgId) -> anyhow::Result<bool> {
    let mut tx = core.kernel().db.begin(org).await?;
    let now = tx.clock().now();
    // The time that was promised is the time that is shown, also when nobody ran at that minute.
    let done: Vec<(PageId, String, String)> = sqlx::query_as(
        "update site_pages set state = 'published', published_at = coalesce(published_at, publish_at), publish_at = null, \
         preview_hash = null, updated_at = $2 where org_id = $1 and state = 'scheduled' and publish_at <= $2 \
         returning id, kind, title",
    )
    .bind(org)
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    if done.is_empty() {
        return Ok(false);
    }
    sites::touch(&mut tx).await?;
    for (page, page_kind, title) in done {
        let state = "published".to_owned();
        let fact = Fact::PageChanged { page, page_kind, state };
        tx.append(Event::new(Subject::Org(org), Actor::System, fact));
        let entry = AuditEntry::new(Actor::System, "site.page_published").about(page).detail(json!({ "title": title }));
        audit::record(&mut tx, entry).await?;
    }
    tx.commit().await?;
    Ok(true)
}
