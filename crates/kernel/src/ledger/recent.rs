//! What was read of the ledger a moment ago: the followers of a process are mostly at its head and would each read the same.
//!
//! An answer holds what [`read::after`] would have found when it was asked for, and each fact is read once. The stretch follows
//! the foremost of the followers; whoever is behind it, such as one that is made anew, reads for itself until it has caught up.
//! Facts below the oldest running transaction neither come nor change, but that an erasure blanks them: so none is told from here
//! that was not read within the last moments.

use std::collections::{VecDeque, vec_deque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Mutex;

use super::read::{self, Cursor, Page, Place};
use super::{Fact, Recorded};

/// The most facts that stay when more are read: who rests for half a second finds the busiest of them again.
const MOST: usize = 10_000;
/// The fewest facts that are asked for at once, so that whoever looks at a few at a time does not ask each time.
const LEAST: usize = 1_000;
/// How long after its reading a fact is told.
const FRESH: Duration = Duration::from_secs(2);

/// The facts that were read last.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Stretch>);

impl Recent {
    /// Like [`read::after`].
    pub(crate) async fn after(
        &self,
        pool: &PgPool,
        cursor: &Cursor,
        limit: i64,
        kinds: Option<&[&str]>,
    ) -> Result<Page, sqlx::Error> {
        let Some(place) = cursor.place() else { return read::after(pool, cursor, limit, kinds).await };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let asked = Instant::now();
        let mut stretch = self.0.lock().await;
        loop {
            stretch.forget(Instant::now());
            match stretch.need(place, wanted, asked) {
                Need::Nothing => break,
                Need::Earlier => {
                    drop(stretch);
                    return read::after(pool, cursor, limit, kinds).await;
                }
                // The others wait for this answer instead of asking the same. Whoever gives up here leaves all as it was.
                Need::More(behind, most) => {
                    let began = Instant::now();
                    let facts = read::placed_after(pool, behind, most).await?;
                    stretch.extend(facts, most, began);
                }
            }
        }
        let found = stretch.find(place, wanted, kinds);
        drop(stretch);
        Ok(found.page(wanted))
    }
}

/// A fact with its place.
struct Seen {
    place: Place,
    read_at: Instant,
    // Shared, so that the others do not wait while one copies.
    event: Arc<Recorded>,
}

/// A look at the database.
#[derive(Clone, Copy)]
struct Look {
    began: Instant,
    /// Whether it gave as many facts as were asked for: there are probably more.
    full: bool,
}

/// What is missing for an answer.
#[derive(Debug, PartialEq)]
enum Need {
    /// Nothing is.
    Nothing,
    /// What lies before the stretch: it is not kept.
    Earlier,
    /// The facts behind a place, so many at most.
    More(Place, usize),
}

/// A stretch of the ledger, in its order and without a gap.
#[derive(Default)]
struct Stretch {
    /// The place behind which it begins.
    from: Place,
    /// The place behind which nothing was read.
    next: Place,
    seen: VecDeque<Seen>,
    last: Option<Look>,
}

impl Stretch {
    /// Drops what was read too long ago.
    fn forget(&mut self, now: Instant) {
        while self.seen.front().is_some_and(|first| now.saturating_duration_since(first.read_at) > FRESH) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        self.from = self.seen.pop_front().map_or(self.next, |first| first.place);
    }

    /// What has to be read before the so many facts behind a place can be told to someone who asked at an instant.
    fn need(&mut self, place: Place, wanted: usize, asked: Instant) -> Need {
        if place < self.from {
            return Need::Earlier;
        }
        // Whoever waited while another looked asked before that look began: it is as good as an own one.
        let look = self.last.filter(|last| last.began >= asked);
        let stale = self.last.is_none_or(|last| asked.saturating_duration_since(last.began) > FRESH);
        if place > self.next && (stale || look.is_some_and(|look| look.full)) {
            // Another process went ahead, too far to read all that lies between.
            *self = Self { from: place, next: place, ..Self::default() };
        } else if self.behind(place).len() >= wanted || look.is_some_and(|look| !look.full) {
            return Need::Nothing;
        }
        Need::More(self.next, wanted.max(LEAST))
    }

    /// Adds what was read behind the end, of at most so many facts, by a look that began at an instant.
    fn extend(&mut self, facts: Vec<(Place, Recorded)>, most: usize, began: Instant) {
        // Before the new ones come, of which whoever asked for them needs the first.
        while self.seen.len() > MOST {
            self.drop_first();
        }
        self.last = Some(Look { began, full: facts.len() >= most });
        for (place, event) in facts {
            self.next = place;
            self.seen.push_back(Seen { place, read_at: began, event: Arc::new(event) });
        }
    }

    fn behind(&self, place: Place) -> vec_deque::Iter<'_, Seen> {
        self.seen.range(self.seen.partition_point(|seen| seen.place <= place)..)
    }

    /// Looks at so many facts behind a place, for those of some kinds.
    fn find(&self, place: Place, wanted: usize, kinds: Option<&[&str]>) -> Found {
        let part = || self.behind(place).take(wanted);
        let is_wanted = |seen: &&Seen| kinds.is_none_or(|kinds| kinds.contains(&stored_kind(&seen.event.fact)));
        Found {
            events: part().filter(is_wanted).map(|seen| Arc::clone(&seen.event)).collect(),
            next: part().next_back().map_or(place, |seen| seen.place),
            count: part().len(),
        }
    }
}

/// What was found behind a place.
struct Found {
    events: Vec<Arc<Recorded>>,
    /// The place of the last fact that was looked at.
    next: Place,
    /// How many were looked at.
    count: usize,
}

impl Found {
    fn page(self, wanted: usize) -> Page {
        Page {
            events: self.events.into_iter().map(Arc::unwrap_or_clone).collect(),
            next: Cursor::at(self.next),
            full: self.count >= wanted,
            empty: self.count == 0,
        }
    }
}

/// The kind in the database, also of what this program cannot read.
fn stored_kind(fact: &Fact) -> &str {
    match fact {
        Fact::Unknown { kind, .. } => kind,
        known => known.kind(),
    }
}

#[cfg(test)]
mod tests;
