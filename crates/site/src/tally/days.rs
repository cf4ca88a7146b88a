//! Days that are over: their visitors become totals, and with the key the digests lose what could tie them to anybody.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::CanFail as _;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;

use crate::booking::slots::zone_of;
use crate::core::Core;
use crate::sites::{self, Site};

/// How long after its end a day is closed: what is counted in its last seconds is written by then.
const AFTER: TimeDelta = TimeDelta::minutes(10);
/// Sources of a day that are told apart; strangers can invent as many as they like.
const SOURCES: i64 = 100;

/// The day of a site at an instant.
pub(crate) fn day_of(at: DateTime<Utc>, site: &Site) -> NaiveDate {
    at.with_timezone(&zone_of(site)).date_naive()
}

/// Closes days that are over.
pub(super) struct Days(pub(super) Core);

#[async_trait]
impl Reconciler for Days {
    fn name(&self) -> &'static str {
        "site.days"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel().db).await? {
            close(&self.0, org).await.can_fail("closing the days of a site; the next run tries again");
        }
        Ok(())
    }
}

async fn close(core: &Core, org: OrgId) -> anyhow::Result<()> {
    let mut tx = core.kernel().db.begin(org).await?;
    let Some(site) = sites::read(&mut tx).await? else { return Ok(()) };
    let today = day_of(core.kernel().clock.now() - AFTER, &site);
    // Visitors without a key are those of a process that still held it: their day is added to.
    let over: Vec<NaiveDate> = sqlx::query_scalar(
        "select day from site_days where org_id = $1 and day < $2 and key is not null \
         union select distinct day from site_visitors where org_id = $1 and day < $2 order by day",
    )
    .bind(org)
    .bind(today)
    .fetch_all(tx.conn())
    .await?;
    for day in over {
        sqlx::query("update site_days set key = null where org_id = $1 and day = $2")
            .bind(org)
            .bind(day)
            .execute(tx.conn())
            .await?;
        sqlx::query(TOTALS).bind(org).bind(day).bind(SOURCES).execute(tx.conn()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Removes the visitors of a day and adds them to its totals by source and device.
const TOTALS: &str = "
with gone as (
  delete from site_visitors where org_id = $1 and day = $2 returning source, device, reached, views
), known as (
  select source from gone group by source order by count(*) desc, source limit $3
), named as (
  select case when source in (select source from known) then source else 'other' end as source, device, reached, views from gone
), summed as (
  select source, device, count(*) as visitors, sum(views)::bigint as views,
    array[count(*) filter (where reached >= 1), count(*) filter (where reached >= 2), count(*) filter (where reached >= 3),
          count(*) filter (where reached >= 4), count(*) filter (where reached >= 5), count(*) filter (where reached >= 6)] as reached
  from named group by source, device
)
insert into site_totals (org_id, day, source, device, visitors, views, reached)
select $1, $2, source, device, visitors, views, reached from summed
on conflict (org_id, day, source, device) do update set
  visitors = site_totals.visitors + excluded.visitors, views = site_totals.views + excluded.views,
  reached = (select array_agg(a + b order by n) from unnest(site_totals.reached, excluded.reached) with ordinality as t(a, b, n))";
