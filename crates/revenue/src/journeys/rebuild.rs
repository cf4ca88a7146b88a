//! Making the views anew from the signals alone, and comparing them with what is there.
//!
//! What differs is kept until everything is read: a transaction that only reads holds no follower back. Where very much differs it
//! is written as it is found, so that memory does not grow with the signals; of a lead its id is held, and little more of contacts.
//! Folding and the database work side by side: while some signals are folded, what was folded before is compared or written, and
//! the next ones are read.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use uuid::Uuid;

use super::circle::{all_names, of_contacts, of_leads};
use super::story::{Part, Story};
use super::tally::Tally;
use super::{Journey, Told, apply, store};
use crate::scores::refresh::past_later;
use crate::settings::Rules;
use crate::signals::hold;
use crate::signals::stored::{Row, STORY};
use crate::signals::sums::Sums;

/// So many journeys that differ are kept until everything is read; with more, each is written as it is found.
const KEPT: usize = 50_000;

/// Takes so many signals at a time from the cursor.
const FETCH: &str = "fetch 20000 from story";

/// What a rebuild read and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Signals read.
    pub signals: u64,
    /// Journeys there are now.
    pub journeys: u64,
    /// Rows (journeys and sums) that were not what they are now.
    pub changed: u64,
}

/// What a sum lacks: day, place, source and metric; count and amount.
pub type Lack = ((NaiveDate, Uuid, String, String), (i64, i64));

/// How the views differ from what the signals say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Journeys that are missing or other.
    pub journeys: Vec<Journey>,
    /// Journeys that should not be there.
    pub gone: Vec<Uuid>,
    /// What the sums lack: count and amount by day, place, source, metric.
    pub sums: Vec<Lack>,
    /// Batches that are not applied yet: with some, a difference is no fault.
    pub waiting: i64,
}

impl Difference {
    /// How many rows differ.
    pub fn rows(&self) -> usize {
        self.journeys.len() + self.gone.len() + self.sums.len()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for journey in &self.journeys {
            writeln!(f, "journey {} of {} differs", journey.id, journey.day)?;
        }
        for id in &self.gone {
            writeln!(f, "journey {id} is not in the signals")?;
        }
        for ((day, place, source, metric), (n, amount)) in &self.sums {
            writeln!(f, "{day} {place} {source} {metric}: count off by {n}, amount off by {amount}")?;
        }
        if self.waiting > 0 {
            writeln!(f, "{} batches are not applied yet", self.waiting)?;
        }
        Ok(())
    }
}

/// Makes journeys and daily sums anew and writes what differs; nothing lands meanwhile. The caller commits.
pub async fn rebuild(tx: &mut OrgTx) -> anyhow::Result<Rebuilt> {
    let mut found = compare(tx, true).await?;
    let changed = found.written + found.difference.rows() as u64;
    sqlx::query("delete from signal_batches where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    found.write(tx).await?;
    let Found { difference, signals, journeys, .. } = found;
    store::remove(tx, &difference.gone).await?;
    let mut places: BTreeSet<Uuid> = difference.sums.iter().map(|((_, place, ..), _)| *place).collect();
    places.insert(Uuid::nil());
    if let Some(((day, ..), _)) = difference.sums.first() {
        past_later(tx, *day, true).await?;
    }
    Sums(difference.sums.into_iter().collect()).apply(tx).await?;
    let org = tx.org();
    let fact = Fact::SignalsFolded { places: places.into_iter().collect() };
    tx.append(Event::new(Subject::Org(org), Actor::System, fact));
    Ok(Rebuilt { signals, journeys, changed })
}

/// Compares the views with what the signals say; changes nothing.
pub async fn check(tx: &mut OrgTx) -> anyhow::Result<Difference> {
    Ok(compare(tx, false).await?.difference)
}

/// Folds every signal and compares what comes of it with what is there.
async fn compare(tx: &mut OrgTx, writes: bool) -> anyhow::Result<Found> {
    hold(tx, true).await?;
    apply::hold(tx).await?;
    let (rules, names) = (Rules::load(tx).await?, all_names(tx).await?);
    let mut found = Found::new(tx, writes).await?;
    let story = Story::new(rules, names, alone(tx).await?);
    let story = told(tx, story, &mut found).await?;
    let story = told_again(tx, story, &mut found).await?;
    found.signals = story.signals;
    found.difference.gone = found.left.drain().collect();
    found.difference.gone.sort_unstable();
    found.difference.sums = lacks(tx, story.tally).await?;
    Ok(found)
}

/// Contacts that signals name without a lead, and how many do.
async fn alone(tx: &mut OrgTx) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select contact, count(*) from signals where org_id = $1 and lead is null and contact is not null group by contact",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// Every signal once, lead by lead.
async fn told(tx: &mut OrgTx, mut story: Story, found: &mut Found) -> anyhow::Result<Story> {
    // All of it is read, so the first rows need not come soon; sorting reads the table in its order, an index would not.
    sqlx::query("select set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '32MB', true)")
        .execute(tx.conn())
        .await?;
    let declare =
        format!("declare story no scroll cursor for select {STORY} from signals s where s.org_id = $1 order by s.lead");
    let org = tx.org();
    sqlx::query(sqlx::AssertSqlSafe(declare)).bind(org).persistent(false).execute(tx.conn()).await?;
    let mut journeys = Vec::new();
    let mut rows = next(tx).await?;
    while !rows.is_empty() {
        let folding = tokio::task::spawn_blocking(move || {
            let journeys = story.read(rows);
            (story, journeys)
        });
        found.take(tx, journeys).await?;
        rows = next(tx).await?;
        (story, journeys) = folding.await?;
    }
    sqlx::query("close story").execute(tx.conn()).await?;
    journeys.extend(story.end());
    found.take(tx, journeys).await?;
    Ok(story)
}

async fn next(tx: &mut OrgTx) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(FETCH).persistent(false).fetch_all(tx.conn()).await
}

/// Once more, contact by contact, what has to be folded with signals that name no lead.
async fn told_again(tx: &mut OrgTx, mut story: Story, found: &mut Found) -> anyhow::Result<Story> {
    let (parts, expected) = story.parts();
    let (mut parts, mut sources, mut read) = (parts.into_iter(), HashMap::new(), 0);
    let mut journeys = Vec::new();
    let mut part = of_part(tx, parts.next(), &mut sources).await?;
    while let Some(told) = part {
        read += told.len() as u64;
        let folding = tokio::task::spawn_blocking(move || {
            let journeys = story.read_again(told);
            (story, journeys)
        });
        found.take(tx, journeys).await?;
        part = of_part(tx, parts.next(), &mut sources).await?;
        (story, journeys) = folding.await?;
    }
    found.take(tx, journeys).await?;
    // Nothing lands meanwhile, but a person may be erased.
    anyhow::ensure!(
        read == expected,
        "signals changed while the views were made from them; nothing was written, try again"
    );
    Ok(story)
}

async fn of_part(
    tx: &mut OrgTx,
    part: Option<Part>,
    sources: &mut HashMap<String, Arc<str>>,
) -> Result<Option<Vec<Told>>, sqlx::Error> {
    let Some(Part { leads, contacts }) = part else { return Ok(None) };
    let mut told = of_leads(tx, &leads, sources).await?;
    told.extend(of_contacts(tx, &contacts, sources).await?);
    Ok(Some(told))
}

/// What is there against what should be.
struct Found {
    difference: Difference,
    /// Journeys that are there, and that no signal told of so far.
    left: HashSet<Uuid>,
    /// Whether what differs is written where it is very much.
    writes: bool,
    /// Journeys written so far.
    written: u64,
    /// Journeys that should be there.
    journeys: u64,
    /// Signals read.
    signals: u64,
}

impl Found {
    async fn new(tx: &mut OrgTx, writes: bool) -> Result<Self, sqlx::Error> {
        let waiting = sqlx::query_scalar("select count(*) from signal_batches where org_id = $1")
            .bind(tx.org())
            .fetch_one(tx.conn())
            .await?;
        let left = store::leads(tx).await?.into_iter().collect();
        let difference = Difference { waiting, ..Difference::default() };
        Ok(Self { difference, left, writes, written: 0, journeys: 0, signals: 0 })
    }

    /// Keeps those that are not there as they should be.
    async fn take(&mut self, tx: &mut OrgTx, journeys: Vec<Journey>) -> Result<(), sqlx::Error> {
        self.journeys += journeys.len() as u64;
        let known: Vec<Uuid> = journeys.iter().map(|journey| journey.id).filter(|id| self.left.remove(id)).collect();
        let stored: HashMap<Uuid, Journey> =
            store::these(tx, &known).await?.into_iter().map(|journey| (journey.id, journey)).collect();
        let differ = journeys.into_iter().filter(|journey| stored.get(&journey.id) != Some(journey));
        self.difference.journeys.extend(differ);
        if self.writes && (self.written > 0 || self.difference.journeys.len() >= KEPT) {
            self.write(tx).await?;
        }
        Ok(())
    }

    /// Writes what differs, in the order of the ids.
    async fn write(&mut self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        let mut journeys = std::mem::take(&mut self.difference.journeys);
        journeys.sort_unstable_by_key(|journey| journey.id);
        journeys.dedup_by_key(|journey| journey.id);
        self.written += journeys.len() as u64;
        store::write(tx, &journeys.iter().collect::<Vec<_>>()).await
    }
}

/// What the sums lack, by key.
async fn lacks(tx: &mut OrgTx, tally: Tally) -> Result<Vec<Lack>, sqlx::Error> {
    let mut sums = tally.into_sums();
    let org = tx.org();
    let mut rows = sqlx::query_as::<_, (NaiveDate, Uuid, String, String, i64, i64)>(
        "select day, location_id, source, metric, n, amount from daily_metrics where org_id = $1",
    )
    .bind(org)
    .fetch(tx.conn());
    while let Some((day, place, source, metric, n, amount)) = rows.try_next().await? {
        sums.add((day, place, source, metric), -n, -amount);
    }
    drop(rows);
    Ok(sums.trimmed().0.into_iter().collect())
}
