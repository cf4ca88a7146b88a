//! What a stretch promises, over a ledger in memory and an invented time.

use std::cell::Cell;

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::{Actor, Subject};
use super::*;
use crate::ids::{EventId, KeyId, MemberId, OrgId};

const START: Place = (0, Uuid::nil());
const TICK: Duration = Duration::from_millis(1);

fn fact(place: Place, number: usize) -> Recorded {
    let fact = match number % 4 {
        0 => Fact::MemberRemoved { member: MemberId::from_uuid(place.1) },
        1 => Fact::Unknown { kind: "future.kind".to_owned(), payload: serde_json::Value::Null },
        _ => Fact::KeyCreated { key: KeyId::from_uuid(place.1) },
    };
    let org = OrgId::from_uuid(Uuid::nil());
    Recorded {
        org,
        id: EventId::from_uuid(place.1),
        at: DateTime::UNIX_EPOCH,
        subject: Subject::Org(org),
        actor: Actor::System,
        cause: None,
        fact,
    }
}

/// A ledger that counts how often it is looked at.
#[derive(Default)]
struct Ledger {
    facts: Vec<(Place, Recorded)>,
    looks: Cell<usize>,
}

impl Ledger {
    /// Transactions of up to three facts each, whose ids do not follow the order of the transactions.
    fn grow(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.facts.len();
            let (xact, within) = (1 + number as u64 / 3, number as u128 % 3);
            let place = (xact, Uuid::from_u128((u128::from(xact % 7) << 64) + (u128::from(xact) << 8) + within));
            self.facts.push((place, fact(place, number)));
        }
    }

    fn behind(&self, place: Place) -> &[(Place, Recorded)] {
        &self.facts[self.facts.partition_point(|(at, _)| *at <= place)..]
    }

    fn after(&self, place: Place, most: usize) -> Vec<(Place, Recorded)> {
        self.looks.set(self.looks.get() + 1);
        self.behind(place).iter().take(most).cloned().collect()
    }

    /// What a follower reads for itself.
    fn own(&self, place: Place, wanted: usize, kinds: Option<&[&str]>) -> Found {
        let part = self.after(place, wanted);
        Found {
            count: part.len(),
            next: part.last().map_or(place, |(at, _)| *at),
            events: part
                .into_iter()
                .map(|(_, event)| Arc::new(event))
                .filter(|event| kinds.is_none_or(|kinds| kinds.contains(&stored_kind(&event.fact))))
                .collect(),
        }
    }
}

/// As [`Recent::after`] does it.
fn ask(
    stretch: &mut Stretch,
    ledger: &Ledger,
    (place, wanted, kinds): (Place, usize, Option<&[&str]>),
    (asked, now): (Instant, Instant),
) -> Found {
    // Three looks are the most that an answer takes.
    for _ in 0..4 {
        stretch.forget(now);
        match stretch.need(place, wanted, asked) {
            Need::Nothing => return stretch.find(place, wanted, kinds),
            Need::Earlier => return ledger.own(place, wanted, kinds),
            Need::More(behind, most) => stretch.extend(ledger.after(behind, most), most, now),
        }
    }
    panic!("no end of looking");
}

fn ids(found: &Found) -> Vec<Uuid> {
    found.events.iter().map(|event| event.id.uuid()).collect()
}

#[test]
fn places_compare_as_numbers_and_read_back() {
    let place = |xact: &str| Cursor { xact: xact.to_owned(), event: Uuid::nil() }.place();
    assert!(place("9") < place("10") && place("10") < place("18446744073709551615"));
    assert_eq!(place("no number"), None);
    let at = (u64::MAX, Uuid::from_u128(7));
    assert_eq!(Cursor::at(at).place(), Some(at));
}

#[test]
fn whoever_waited_for_a_look_has_its_answer_and_whoever_asks_after_it_looks() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    ledger.grow(30);
    let asked = Instant::now();
    for _ in 0..12 {
        let found = ask(&mut stretch, &ledger, (START, 500, None), (asked, asked + TICK));
        assert_eq!((found.events.len(), found.count), (30, 30));
    }
    assert_eq!(ledger.looks.get(), 1, "the facts are read once");
    ledger.grow(1);
    let found = ask(&mut stretch, &ledger, (START, 500, None), (asked, asked + TICK));
    assert_eq!(found.count, 30, "what came after it was asked for may wait");
    let later = asked + 2 * TICK;
    let found = ask(&mut stretch, &ledger, (START, 500, None), (later, later));
    assert_eq!((found.count, ledger.looks.get()), (31, 2), "what was there before is seen");
}

#[test]
fn small_steps_behind_the_head_do_not_look() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    ledger.grow(LEAST);
    let now = Instant::now();
    let mut place = START;
    for step in 0..LEAST {
        let asked = now + TICK * step as u32;
        let found = ask(&mut stretch, &ledger, (place, 1, None), (asked, now));
        assert_eq!(found.count, 1);
        place = found.next;
    }
    assert_eq!(ledger.looks.get(), 1);
}

#[test]
fn a_fact_is_told_as_it_was_read_for_a_moment_only() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    ledger.grow(3);
    let read_at = Instant::now();
    assert_eq!(ask(&mut stretch, &ledger, (START, 500, None), (read_at, read_at)).count, 3);
    ledger.facts[0].1.actor = Actor::Bot;
    let first = |stretch: &mut Stretch, now: Instant| {
        let found = ask(stretch, &ledger, (START, 500, None), (now, now));
        assert_eq!(found.count, 3);
        found.events[0].actor
    };
    assert_eq!(first(&mut stretch, read_at + FRESH), Actor::System);
    assert_eq!(first(&mut stretch, read_at + FRESH + TICK), Actor::Bot);
    assert!(stretch.seen.is_empty(), "nothing old is kept");
}

#[test]
fn what_grew_old_while_the_database_was_slow_is_not_told() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    let asked = Instant::now();
    let after = asked + 2 * FRESH;
    // Slow to say that there is nothing: that is an answer, however long it took.
    assert_eq!(stretch.need(START, 500, asked), Need::More(START, LEAST));
    stretch.extend(Vec::new(), LEAST, asked);
    stretch.forget(after);
    assert_eq!(stretch.need(START, 500, asked), Need::Nothing);
    // Slow to give facts.
    ledger.grow(5);
    stretch.extend(ledger.after(START, LEAST), LEAST, asked);
    stretch.forget(after);
    assert_eq!(stretch.need(START, 500, asked), Need::Earlier);
}

#[test]
fn the_stretch_follows_the_foremost_and_leaves_who_begins_anew_alone() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    ledger.grow(5 * LEAST);
    let now = Instant::now();
    let all = |stretch: &mut Stretch, place: Place, tick: u32| {
        ask(stretch, &ledger, (place, 500, None), (now + TICK * tick, now + TICK * tick))
    };
    assert_eq!(all(&mut stretch, START, 0).count, 500);
    let head = ledger.facts[5 * LEAST - 10].0;
    assert_eq!(all(&mut stretch, head, 1).count, 9);
    assert_eq!(stretch.from, head, "too far ahead to read what lies between");
    let looks = ledger.looks.get();
    assert_eq!(ids(&all(&mut stretch, START, 2)).len(), 500);
    assert_eq!((stretch.from, ledger.looks.get()), (head, looks + 1), "it reads for itself");
    // Behind the last fact of all, as a reader that begins now: nobody else loses the stretch by it.
    assert_eq!(all(&mut stretch, (u64::MAX, Uuid::nil()), 3).count, 0);
    assert_eq!(stretch.from, head);
    assert_eq!(all(&mut stretch, head, 4).count, 9);
}

#[test]
fn no_more_is_kept_than_the_last_look_and_what_stays_beside_it() {
    let (mut stretch, mut ledger) = (Stretch::default(), Ledger::default());
    let (now, mut place) = (Instant::now(), START);
    for tick in 0..30 {
        ledger.grow(LEAST);
        let at = now + TICK * tick;
        place = ask(&mut stretch, &ledger, (place, LEAST, None), (at, at)).next;
        assert!(stretch.seen.len() <= MOST + LEAST);
    }
    assert_eq!(place, ledger.facts[30 * LEAST - 1].0);
}

#[derive(Clone, Debug)]
enum Move {
    Grow(usize),
    Wait(u32),
    /// Who looks at how many, and how many moves ago it asked for them.
    Look(usize, usize, usize),
    /// Who is made anew.
    Anew(usize),
    /// Who is led to the head by another process, as if it had seen all.
    Elsewhere(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let limit = prop_oneof![Just(1_usize), Just(7), Just(500), Just(2_500), Just(10_000)];
    let one = prop_oneof![
        4 => (0_usize..40).prop_map(Move::Grow),
        1 => (900_usize..4_000).prop_map(Move::Grow),
        2 => (0_u32..2_500).prop_map(Move::Wait),
        10 => (0_usize..4, limit, 0_usize..4).prop_map(|(who, most, ago)| Move::Look(who, most, ago)),
        1 => (0_usize..4).prop_map(Move::Anew),
        1 => (0_usize..4).prop_map(Move::Elsewhere),
    ];
    proptest::collection::vec(one, 1..100)
}

/// A follower of some kinds: where it is, and what it saw.
struct Reader {
    kinds: Option<&'static [&'static str]>,
    place: Place,
    seen: Vec<Uuid>,
}

impl Reader {
    fn take(&mut self, found: &Found) {
        self.place = found.next;
        self.seen.extend(ids(found));
    }

    /// All of its kinds up to its place, in the ledger's order.
    fn due(&self, ledger: &Ledger) -> Vec<Uuid> {
        let wanted = |event: &Recorded| self.kinds.is_none_or(|kinds| kinds.contains(&stored_kind(&event.fact)));
        let so_far = ledger.facts.iter().take_while(|(place, _)| *place <= self.place);
        so_far.filter(|(_, event)| wanted(event)).map(|(place, _)| place.1).collect()
    }
}

fn readers() -> [Reader; 4] {
    let kinds: [Option<&'static [&'static str]>; 4] =
        [None, Some(&["member.removed"]), Some(&["key.created", "future.kind"]), Some(&["unknown"])];
    kinds.map(|kinds| Reader { kinds, place: START, seen: Vec::new() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_the_order_each_fact_is_seen_once_in_order_and_as_if_read_by_oneself(all in moves()) {
        let (mut stretch, mut ledger, mut readers) = (Stretch::default(), Ledger::default(), readers());
        let mut now = Instant::now();
        // When each move was, and how much the ledger held then.
        let mut moments = vec![(now, 0)];
        for one in all {
            now += TICK;
            match one {
                Move::Grow(count) => ledger.grow(count),
                Move::Wait(millis) => now += Duration::from_millis(u64::from(millis)),
                Move::Look(who, wanted, ago) => {
                    let reader = &mut readers[who];
                    let now_or_then = [(now, ledger.facts.len()), moments[moments.len().saturating_sub(ago.max(1))]];
                    let (asked, held) = now_or_then[ago.min(1)];
                    let found = ask(&mut stretch, &ledger, (reader.place, wanted, reader.kinds), (asked, now));
                    let own = ledger.own(reader.place, wanted, reader.kinds);
                    if ago == 0 {
                        prop_assert_eq!(ids(&found), ids(&own));
                        prop_assert_eq!((found.next, found.count), (own.next, own.count));
                    }
                    let passed = ledger.facts.len() - ledger.behind(reader.place).len();
                    let there = held.saturating_sub(passed);
                    prop_assert!(found.count >= there.min(wanted), "it was there when it was asked for");
                    reader.take(&found);
                }
                Move::Anew(who) => (readers[who].place, readers[who].seen) = (START, Vec::new()),
                Move::Elsewhere(who) => {
                    let reader = &mut readers[who];
                    reader.take(&ledger.own(reader.place, usize::MAX, reader.kinds));
                }
            }
            moments.push((now, ledger.facts.len()));
        }
        for reader in &mut readers {
            loop {
                now += TICK;
                let found = ask(&mut stretch, &ledger, (reader.place, 500, reader.kinds), (now, now));
                reader.take(&found);
                if found.count == 0 {
                    break;
                }
            }
            prop_assert!(reader.seen == reader.due(&ledger), "each once and in order");
            prop_assert_eq!(reader.place, ledger.facts.last().map_or(START, |(place, _)| *place));
        }
    }
}
