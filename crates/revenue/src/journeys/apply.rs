//! Applying batches: the sums they brought, the leads they touched folded anew, and the difference to the daily sums.

use std::collections::BTreeSet;

use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::Value;
use uuid::Uuid;

use super::follower::AT_ONCE;
use super::{Journey, circle, fold, store, sums};
use crate::scores::refresh::past_later;
use crate::settings::Rules;
use crate::signals::lock_key;
use crate::signals::sums::Sums;

/// So many touched leads and contacts are a file that is read, not business as it goes.
const MANY: usize = 500;

/// Holds the views of the organisation until the end of the transaction: one at a time changes them.
pub(crate) async fn hold(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let key = lock_key(tx, 0xF01D);
    sqlx::query("select pg_advisory_xact_lock($1)").bind(key).execute(tx.conn()).await?;
    Ok(())
}

/// A batch that waits: its sums, the leads and the contacts that it touches.
type Waiting = (Value, Vec<Uuid>, Vec<Uuid>);

/// Applies batches that wait; one that was applied before, or that a rebuild took with it, counts for nothing.
pub(crate) async fn batches(tx: &mut OrgTx, ids: &[Uuid]) -> anyhow::Result<()> {
    hold(tx).await?;
    let waiting: Vec<Waiting> =
        sqlx::query_as("delete from signal_batches where org_id = $1 and id = any($2) returning sums, leads, contacts")
            .bind(tx.org())
            .bind(ids)
            .fetch_all(tx.conn())
            .await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let mut change = Sums::default();
    let (mut leads, mut contacts) = (BTreeSet::new(), BTreeSet::new());
    for (sums, of_leads, of_contacts) in waiting {
        change.extend(&Sums::from_json(sums)?, 1);
        leads.extend(of_leads);
        contacts.extend(of_contacts);
    }
    let many = leads.len() + contacts.len() > MANY;
    refold(tx, leads, contacts, &mut change).await?;
    finish(tx, change, many).await
}

/// Applies what landed and waits, in the order it came and as far as it is no large file: that is folded by its jobs.
pub(crate) async fn waiting(tx: &mut OrgTx) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select id from (select id, sum(rows) over (order by id) as so_far from signal_batches where org_id = $1) b \
         where so_far <= $2 order by id",
    )
    .bind(tx.org())
    .bind(AT_ONCE)
    .fetch_all(tx.conn())
    .await?;
    if ids.is_empty() { Ok(()) } else { batches(tx, &ids).await }
}

/// Folds leads and whoever belongs to them anew, and notes the difference.
async fn refold(
    tx: &mut OrgTx,
    leads: BTreeSet<Uuid>,
    contacts: BTreeSet<Uuid>,
    change: &mut Sums,
) -> anyhow::Result<()> {
    if leads.is_empty() && contacts.is_empty() {
        return Ok(());
    }
    let rules = Rules::load(tx).await?;
    let mut circle = circle::gather(tx, leads, contacts).await?;
    let folded = fold(&circle.told, &rules);
    let mut changed: Vec<&Journey> = Vec::new();
    for journey in &folded {
        match circle.journeys.remove(&journey.id) {
            Some(old) if old == *journey => {}
            old => {
                if let Some(old) = old {
                    sums::count(change, &old, -1);
                }
                sums::count(change, journey, 1);
                changed.push(journey);
            }
        }
    }
    for gone in circle.journeys.values() {
        sums::count(change, gone, -1);
    }
    store::write(tx, &changed).await?;
    store::remove(tx, &circle.journeys.into_keys().collect::<Vec<_>>()).await?;
    Ok(())
}

/// Writes the sums and says which places they are of.
async fn finish(tx: &mut OrgTx, change: Sums, many: bool) -> anyhow::Result<()> {
    let change = change.trimmed();
    let places: BTreeSet<Uuid> = change.0.keys().map(|(_, place, ..)| *place).collect();
    if let Some(earliest) = change.0.keys().map(|(day, ..)| *day).next() {
        past_later(tx, earliest, many).await?;
    }
    change.apply(tx).await?;
    if !places.is_empty() {
        let fact = Fact::SignalsFolded { places: places.into_iter().collect() };
        let org = tx.org();
        tx.append(Event::new(Subject::Org(org), Actor::System, fact));
    }
    Ok(())
}
