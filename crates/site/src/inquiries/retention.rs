//! What was kept long enough goes: inquiries with their notes and bookings, audits that nobody made theirs, chats. How long is the
//! site's own setting; spam goes after a month.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use kernel::db::{OrgTx, system};
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;

use crate::core::Core;
use crate::sites;

/// Rows of one kind in one transaction.
const MOST: i64 = 500;
/// Days that spam is kept: long enough to say that it was none.
const SPAM: u64 = 30;
/// The fewest days, whatever the setting says.
const FEWEST: u16 = 30;

/// Removes what is old.
pub(super) struct Retention {
    core: Core,
}

impl Retention {
    pub(super) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn clear(&self, org: OrgId) -> anyhow::Result<()> {
        loop {
            let mut tx = self.core.kernel().db.begin(org).await?;
            let Some(site) = sites::read(&mut tx).await? else { return Ok(()) };
            let now = tx.clock().now();
            let days = u64::from(site.settings.kept_days.max(FEWEST));
            let before = now.checked_sub_days(Days::new(days)).unwrap_or(now);
            let spam = now.checked_sub_days(Days::new(SPAM)).unwrap_or(now);
            let gone = remove(&mut tx, before, spam).await?;
            tx.commit().await?;
            if gone < MOST as u64 {
                return Ok(());
            }
        }
    }
}

/// Removes one batch of each kind; how many rows of the largest.
async fn remove(tx: &mut OrgTx, before: DateTime<Utc>, spam: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let mut most = 0;
    for query in [INQUIRIES, AUDITS, CHATS, QUARTERS] {
        let done = sqlx::query(query).bind(tx.org()).bind(before).bind(spam).bind(MOST).execute(tx.conn()).await?;
        most = most.max(done.rows_affected());
    }
    Ok(most)
}

/// An inquiry is as old as what was last done about it, and its consultation must be over. Its bookings go with it.
const INQUIRIES: &str = "with old as (select id from site_inquiries i where org_id = $1 \
      and (updated_at < $2 or (state = 'spam' and updated_at < $3)) \
      and not exists (select from site_bookings b where b.org_id = $1 and b.inquiry_id = i.id and b.ends_at > $2 \
        and i.state <> 'spam') order by updated_at limit $4), \
    bookings as (delete from site_bookings where org_id = $1 and inquiry_id = any(array(select id from old))) \
    delete from site_inquiries where org_id = $1 and id = any(array(select id from old))";
const AUDITS: &str = "delete from site_audits where org_id = $1 and id = any(array(select id from site_audits a where org_id = $1 \
      and coalesce(done_at, begun_at) < least($2, $3) \
      and not exists (select from site_inquiries i where i.org_id = $1 and i.id = a.inquiry_id) \
      order by begun_at limit $4))";
const CHATS: &str = "delete from site_chats where org_id = $1 and id = any(array(select id from site_chats \
      where org_id = $1 and last_at < least($2, $3) order by last_at limit $4))";
/// Quarters whose time is over take nobody's time.
const QUARTERS: &str = "delete from site_booking_quarters where org_id = $1 and quarter = any(array(select quarter \
      from site_booking_quarters where org_id = $1 and quarter < least($2, $3) order by quarter limit $4))";

#[async_trait]
impl Reconciler for Retention {
    fn name(&self) -> &'static str {
        "site.retention"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.core.kernel().db).await? {
            self.clear(org).await?;
        }
        Ok(())
    }
}
