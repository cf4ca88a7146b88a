//! Writes down what has been counted: a few statements for each site and day, whatever the number of visits.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::{ExperimentId, OrgId};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::Inner;
use super::buffer::{Came, Day, Did, Place};

impl Inner {
    /// Writes everything that waits. What cannot be written waits for the next time.
    pub(super) async fn write(&self) {
        let _one = self.writing.lock().await;
        self.coming.store(false, Ordering::Release);
        let days = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        for (place, day) in days {
            if let Err(error) = self.write_day(place, &day).await {
                tracing::warn!(error = format!("{error:#}"), "visits cannot be written; they are kept and tried again");
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).give_back(place, day);
            }
        }
    }

    async fn write_day(&self, (org, day): Place, counted: &Day) -> anyhow::Result<()> {
        let key = self.key(org, day).await?;
        let mut tx = self.kernel.db.begin_site(org, None).await?;
        pages(&mut tx, day, counted).await?;
        // A day that is over has no key any more: its last pages are counted, its visitors are not known.
        if let Some(key) = key {
            let visitors = by_digest(counted, &key);
            keep_visitors(&mut tx, day, &visitors).await?;
            keep_shown(&mut tx, day, counted).await?;
            keep_goals(&mut tx, day, &visitors).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The key of a day, made by whoever needs it first; none once the day is over.
    pub(super) async fn key(&self, org: OrgId, day: NaiveDate) -> anyhow::Result<Option<Arc<hmac::Key>>> {
        let look = async {
            let mut bytes = [0_u8; 32];
            SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness"))?;
            let mut tx = self.kernel.db.begin_site(org, None).await?;
            sqlx::query(
                "insert into site_days (org_id, day, key) values ($1, $2, $3) on conflict (org_id, day) do nothing",
            )
            .bind(org)
            .bind(day)
            .bind(&bytes[..])
            .execute(tx.conn())
            .await?;
            let kept: Option<Vec<u8>> = sqlx::query_scalar("select key from site_days where org_id = $1 and day = $2")
                .bind(org)
                .bind(day)
                .fetch_one(tx.conn())
                .await?;
            tx.commit().await?;
            Ok::<_, anyhow::Error>(kept.map(|bytes| Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &bytes))))
        };
        self.keys.try_get_with((org, day), look).await.map_err(|error| anyhow::anyhow!("{error:#}"))
    }
}

/// A visitor of the day, ready to be written.
struct Row {
    source: String,
    device: &'static str,
    did: Did,
}

/// Visitors in the order of their digests: every process takes its rows in the same order, so that none waits for another in a ring.
fn by_digest(counted: &Day, key: &hmac::Key) -> BTreeMap<Vec<u8>, Row> {
    let mut rows: BTreeMap<Vec<u8>, Row> = BTreeMap::new();
    for (who, did) in &counted.visitors {
        let row = Row { source: who.source.clone(), device: who.device, did: *did };
        let digest = who.digest(key);
        let joined = match rows.remove(&digest) {
            // Where somebody came from says more than that they moved about inside.
            Some(known) if known.source.is_empty() => Row { did: known.did.and(row.did), ..row },
            Some(known) => Row { did: known.did.and(row.did), ..known },
            None => row,
        };
        rows.insert(digest, joined);
    }
    rows
}

async fn pages(tx: &mut OrgTx, day: NaiveDate, counted: &Day) -> Result<(), sqlx::Error> {
    let mut sorted: Vec<(&String, &i64)> = counted.pages.iter().collect();
    sorted.sort_unstable();
    let (paths, views): (Vec<&str>, Vec<i64>) = sorted.into_iter().map(|(path, views)| (path.as_str(), *views)).unzip();
    let org = tx.org();
    sqlx::query(
        "insert into site_views (org_id, day, path, views) select $1, $2, p, v from unnest($3::text[], $4::bigint[]) as t(p, v) \
         on conflict (org_id, day, path) do update set views = site_views.views + excluded.views",
    )
    .bind(org)
    .bind(day)
    .bind(&paths[..])
    .bind(&views)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn keep_visitors(tx: &mut OrgTx, day: NaiveDate, rows: &BTreeMap<Vec<u8>, Row>) -> Result<(), sqlx::Error> {
    let org = tx.org();
    let digests: Vec<&[u8]> = rows.keys().map(Vec::as_slice).collect();
    let sources: Vec<&str> = rows.values().map(|row| row.source.as_str()).collect();
    let devices: Vec<&str> = rows.values().map(|row| row.device).collect();
    let levels: Vec<i16> = rows.values().map(|row| row.did.came.level).collect();
    let views: Vec<i32> = rows.values().map(|row| row.did.views).collect();
    sqlx::query(
        "insert into site_visitors (org_id, day, visitor, source, device, reached, views) \
         select $1, $2, v, s, d, r, n from unnest($3::bytea[], $4::text[], $5::text[], $6::smallint[], $7::int[]) as t(v, s, d, r, n) \
         on conflict (org_id, day, visitor) do update set views = site_visitors.views + excluded.views, \
         reached = greatest(site_visitors.reached, excluded.reached), \
         source = case when site_visitors.source = '' then excluded.source else site_visitors.source end",
    )
    .bind(org)
    .bind(day)
    .bind(&digests[..])
    .bind(&sources[..])
    .bind(&devices[..])
    .bind(&levels)
    .bind(&views)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn keep_shown(tx: &mut OrgTx, day: NaiveDate, counted: &Day) -> Result<(), sqlx::Error> {
    if counted.shown.is_empty() {
        return Ok(());
    }
    let org = tx.org();
    let mut sorted: Vec<(&(ExperimentId, Vec<u8>), &u8)> = counted.shown.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| (a.0.uuid(), &a.1).cmp(&(b.0.uuid(), &b.1)));
    let experiments: Vec<uuid::Uuid> = sorted.iter().map(|((experiment, _), _)| experiment.uuid()).collect();
    let visitors: Vec<&[u8]> = sorted.iter().map(|((_, visitor), _)| visitor.as_slice()).collect();
    let variants: Vec<i16> = sorted.iter().map(|(_, variant)| i16::from(**variant)).collect();
    // An experiment that was stopped meanwhile is not seen here, and takes nobody in.
    sqlx::query(
        "insert into site_exposures (org_id, experiment_id, day, visitor, variant) \
         select $1, t.e, $2, t.v, t.n from unnest($3::uuid[], $4::bytea[], $5::smallint[]) as t(e, v, n) \
         join site_experiments x on x.org_id = $1 and x.id = t.e on conflict do nothing",
    )
    .bind(org)
    .bind(day)
    .bind(&experiments)
    .bind(&visitors[..])
    .bind(&variants)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether a visitor who came reached a goal.
type IsMet = fn(&Came) -> bool;

/// Marks the goals that visitors reached who had been shown a wording.
async fn keep_goals(tx: &mut OrgTx, day: NaiveDate, rows: &BTreeMap<Vec<u8>, Row>) -> Result<(), sqlx::Error> {
    let goals: [(&str, IsMet); 3] =
        [("audit_begun", |came| came.begun), ("audit_done", |came| came.done), ("contact", |came| came.contact)];
    let org = tx.org();
    for (goal, is_met) in goals {
        let met: Vec<&[u8]> =
            rows.iter().filter(|(_, row)| is_met(&row.did.came)).map(|(visitor, _)| visitor.as_slice()).collect();
        if met.is_empty() {
            continue;
        }
        sqlx::query(
            "update site_exposures e set reached = true from site_experiments x where x.org_id = $1 and x.goal = $2 \
             and e.org_id = $1 and e.experiment_id = x.id and e.day = $3 and e.visitor = any($4) and not e.reached",
        )
        .bind(org)
        .bind(goal)
        .bind(day)
        .bind(&met[..])
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
