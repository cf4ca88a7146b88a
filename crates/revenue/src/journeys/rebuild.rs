//! Making the views anew from the signals alone, and comparing them with what is there.
//!
//! Everything is read and folded before the first row is written: a transaction that only reads holds no follower back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use sqlx::types::Json;
use uuid::Uuid;

use super::circle::{Names, all_names, interned};
use super::{Journey, Told, apply, fold, store, sums};
use crate::scores::refresh::past_later;
use crate::settings::Rules;
use crate::signals::hold;
use crate::signals::stored::{COLUMNS, Row};
use crate::signals::sums::Sums;

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

/// What the signals say.
struct Views {
    journeys: BTreeMap<Uuid, Journey>,
    sums: Sums,
    signals: u64,
}

/// Makes journeys and daily sums anew and writes what differs; nothing lands meanwhile. The caller commits.
pub async fn rebuild(tx: &mut OrgTx) -> anyhow::Result<Rebuilt> {
    hold(tx, true).await?;
    apply::hold(tx).await?;
    let views = views(tx).await?;
    let (signals, journeys) = (views.signals, views.journeys.len() as u64);
    let difference = difference(tx, views).await?;
    let changed = difference.rows() as u64;
    sqlx::query("delete from signal_batches where org_id = $1").bind(tx.org()).execute(tx.conn()).await?;
    let rows: Vec<&Journey> = difference.journeys.iter().collect();
    store::write(tx, &rows).await?;
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
    hold(tx, true).await?;
    apply::hold(tx).await?;
    let views = views(tx).await?;
    difference(tx, views).await
}

async fn views(tx: &mut OrgTx) -> anyhow::Result<Views> {
    let rules = Rules::load(tx).await?;
    let names = all_names(tx).await?;
    let mut groups = Groups::default();
    let (mut all, mut signals, mut sources) = (Sums::default(), 0, HashMap::new());
    let sql = format!("select {COLUMNS} from signals s where s.org_id = $1");
    let org = tx.org();
    let mut rows = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql)).bind(org).fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        let Some(signal) = row.into_stored() else { continue };
        signals += 1;
        all.count(&signal, &rules, 1);
        if let Some(told) = Told::of(&signal, |source| interned(&mut sources, source)) {
            groups.add(told, &names);
        }
    }
    drop(rows);
    let mut journeys = BTreeMap::new();
    for group in groups.sorted().chunk_by(|one, other| one.0 == other.0) {
        for journey in fold(group.iter().map(|(_, told)| told), &rules) {
            sums::count(&mut all, &journey, 1);
            journeys.insert(journey.id, journey);
        }
    }
    Ok(Views { journeys, sums: all.trimmed(), signals })
}

/// Signals put together by the leads and contacts that they name: a forest whose trees are circles of people.
#[derive(Default)]
struct Groups {
    told: Vec<(u32, Told)>,
    places: HashMap<Uuid, u32>,
    parents: Vec<u32>,
}

impl Groups {
    fn add(&mut self, mut told: Told, names: &Names) {
        told.contact = told.contact.map(|contact| names.name(contact));
        let ends = (told.lead.map(|id| self.place(id)), told.contact.map(|id| self.place(id)));
        let place = match ends {
            (Some(lead), Some(contact)) => self.join(lead, contact),
            (Some(one), None) | (None, Some(one)) => one,
            // Whoever names nobody is in no story.
            (None, None) => return,
        };
        self.told.push((place, told));
    }

    fn place(&mut self, id: Uuid) -> u32 {
        let next = self.parents.len() as u32;
        let place = *self.places.entry(id).or_insert(next);
        if place == next {
            self.parents.push(next);
        }
        place
    }

    fn root(&mut self, mut place: u32) -> u32 {
        while self.parents[place as usize] != place {
            let above = self.parents[place as usize];
            self.parents[place as usize] = self.parents[above as usize];
            place = above;
        }
        place
    }

    fn join(&mut self, one: u32, other: u32) -> u32 {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one as usize] = other;
        other
    }

    /// The signals, those of one circle beside one another.
    fn sorted(mut self) -> Vec<(u32, Told)> {
        let mut told = std::mem::take(&mut self.told);
        for (place, _) in &mut told {
            *place = self.root(*place);
        }
        told.sort_by_key(|(place, _)| *place);
        told
    }
}

/// What is there against what should be.
async fn difference(tx: &mut OrgTx, views: Views) -> anyhow::Result<Difference> {
    let mut found = Difference {
        waiting: sqlx::query_scalar("select count(*) from signal_batches where org_id = $1")
            .bind(tx.org())
            .fetch_one(tx.conn())
            .await?,
        ..Difference::default()
    };
    let Views { mut journeys, mut sums, .. } = views;
    let org = tx.org();
    let mut rows = sqlx::query_scalar::<_, Json<Journey>>("select to_jsonb(j) from journeys j where j.org_id = $1")
        .bind(org)
        .fetch(tx.conn());
    while let Some(Json(stored)) = rows.try_next().await? {
        match journeys.remove(&stored.id) {
            Some(journey) if journey == stored => {}
            Some(journey) => found.journeys.push(journey),
            None => found.gone.push(stored.id),
        }
    }
    drop(rows);
    found.journeys.extend(journeys.into_values());
    let mut rows = sqlx::query_as::<_, (NaiveDate, Uuid, String, String, i64, i64)>(
        "select day, location_id, source, metric, n, amount from daily_metrics where org_id = $1",
    )
    .bind(org)
    .fetch(tx.conn());
    while let Some((day, place, source, metric, n, amount)) = rows.try_next().await? {
        sums.add((day, place, source, metric), -n, -amount);
    }
    drop(rows);
    found.sums = sums.trimmed().0.into_iter().collect();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};
    use connectors::signal::SignalKind;
    use proptest::prelude::*;

    use super::*;

    fn told(id: u128, kind: SignalKind, minutes: i64, lead: Option<u128>, contact: Option<u128>) -> Told {
        let at = DateTime::from_timestamp(1_770_000_000, 0).unwrap_or_default() + Duration::minutes(minutes);
        Told {
            id: Uuid::from_u128(id),
            at,
            kind,
            source: "web".into(),
            location: None,
            lead: lead.map(Uuid::from_u128),
            contact: contact.map(|n| Uuid::from_u128(50_000 + n)),
            minor: minutes,
            inbound: kind == SignalKind::Call && minutes % 2 == 0,
            spoken: minutes % 3 == 0,
            meaningful: kind == SignalKind::Response,
            reached: None,
            cancelled: minutes % 5 == 0 && kind == SignalKind::Booking,
            waited_s: None,
            starts_at: None,
            closes: false,
        }
    }

    proptest! {
        #[test]
        fn circles_folded_one_by_one_are_all_folded_at_once(
            given in proptest::collection::vec(
                (proptest::sample::select(SignalKind::ALL[..8].to_vec()), 0_i64..50_000, proptest::option::of(1_u128..9), proptest::option::of(1_u128..7)),
                1..80,
            ),
        ) {
            let signals: Vec<Told> = given
                .into_iter()
                .enumerate()
                .map(|(n, (kind, minutes, lead, contact))| {
                    let id = 1_000 + n as u128;
                    let opens = kind == SignalKind::Lead;
                    told(id, kind, minutes, lead.or(opens.then_some(id)), contact)
                })
                .collect();
            let rules = Rules::default();
            let at_once: BTreeMap<Uuid, Journey> = fold(&signals, &rules).into_iter().map(|one| (one.id, one)).collect();
            let mut groups = Groups::default();
            for one in signals {
                groups.add(one, &Names::default());
            }
            let mut apart = BTreeMap::new();
            for group in groups.sorted().chunk_by(|one, other| one.0 == other.0) {
                apart.extend(fold(group.iter().map(|(_, told)| told), &rules).into_iter().map(|one| (one.id, one)));
            }
            prop_assert_eq!(apart, at_once);
        }
    }
}
