//! What is read is what reading every lead of the last days one by one comes to, at any instant.

use std::sync::Arc;

use chrono::Duration;
use connectors::signal::SignalKind;
use kernel::Kernel;
use kernel::ids::OrgId;
use kernel::testing::TestDb;
use serde_json::json;
use sqlx::FromRow as _;

use super::edge::as_it_stood;
use super::*;
use crate::journeys::store::{self, COLUMNS, Stored};
use crate::journeys::{Journey, Opening, Stage, Told, fold, sums};
use crate::signals::StoredSignal;
use crate::signals::sums::Sums;

/// A place a day ahead of the other.
const EAST: Uuid = Uuid::from_u128(0xEA57);
const WEST: Uuid = Uuid::from_u128(0x3E57);
/// A place that is not in the table.
const GONE: Uuid = Uuid::from_u128(0x60);

/// A small generator: the same seed gives the same leads.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }

    fn within(&mut self, hours: u64) -> Duration {
        Duration::seconds(self.roll(hours * 3_600) as i64)
    }

    fn place(&mut self) -> Option<Uuid> {
        self.one(&[None, Some(EAST), Some(WEST), Some(GONE)])
    }

    /// A lead to which anything may have happened, also what no fold would make.
    fn journey(&mut self, n: u128, rules: &Rules) -> Journey {
        let (location_id, arrived_at) = (self.place(), begin() + self.within(120));
        let place = rules.of(location_id);
        let longest = self.one(&[300, 7_200, 90_000, 250_000]);
        let answered = (self.roll(4) > 0).then(|| self.roll(longest) as i64);
        let mut later = |hours: u64| (self.roll(3) == 0).then(|| arrived_at + self.within(hours));
        let (reached_at, quoted_at, booked_at) = (later(40), later(40), later(40));
        let (no_show_at, paid_at) = (later(60), later(60));
        let hours = self.one(&[1, 30, 100, 340]);
        let leaks_at = (self.roll(4) > 0).then(|| arrived_at + self.within(hours));
        let value_minor = (self.roll(2) * self.roll(90_000)) as i64;
        Journey {
            id: Uuid::from_u128(n),
            contact: None,
            location_id,
            source: self.one(&["web", "phone", "till"]).to_owned(),
            opening: self.one(&[Opening::Call, Opening::Message]),
            arrived_at,
            answered_after_s: answered,
            answered_after_business_s: answered.map(|seconds| seconds / 2),
            attempts: 1,
            reached_at,
            quoted_at,
            booked_at,
            no_show_at,
            paid_at,
            closed_at: None,
            value_minor,
            paid_minor: paid_at.map_or(0, |_| value_minor),
            returned: leaks_at.is_some() && self.roll(2) == 0,
            leak_stage: leaks_at.map(|_| self.one(&Stage::ALL)),
            leaks_at,
            day: place.day(arrived_at),
            leaks_day: leaks_at.map(|at| place.day(at)),
        }
    }

    /// A signal; the first ones open a lead each.
    fn signal(&mut self, n: u64, leads: u64) -> StoredSignal {
        let (kind, lead) =
            if n < leads { (SignalKind::Lead, n) } else { (self.one(&SignalKind::ALL), self.roll(leads)) };
        let data = json!({
            "direction": self.one(&["inbound", "outbound"]), "answered": self.roll(2) > 0, "meaningful": self.roll(4) > 0,
            "cancelled": self.roll(4) == 0, "rating": 1 + self.roll(5), "count": self.roll(9), "waited_s": self.roll(4_000),
        });
        StoredSignal {
            id: Uuid::from_u128(u128::from(n)),
            at: begin() + self.within(120),
            kind,
            source: self.one(&["web", "till"]).to_owned(),
            external_id: String::new(),
            location: self.place(),
            lead: Some(Uuid::from_u128(u128::from(100_000 + lead))),
            contact: None,
            minor: Some(self.roll(90_000) as i64),
            original: None,
            data: Some(data),
        }
    }
}

fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_841_600, 0).expect("a midnight")
}

/// An organisation with a place on each side of the date line. The database goes with the value.
async fn world() -> (TestDb, Kernel, OrgId) {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Ours").await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    for (id, name, zone) in [(EAST, "east", "Pacific/Auckland"), (WEST, "west", "Pacific/Honolulu")] {
        sqlx::query("insert into locations (org_id, id, key, name, time_zone) values ($1, $2, $3, $3, $4)")
            .bind(org)
            .bind(id)
            .bind(name)
            .bind(zone)
            .execute(tx.conn())
            .await
            .expect("a place");
    }
    tx.commit().await.expect("committed");
    (db, kernel, org)
}

/// Writes journeys, and their sums beside others.
async fn keep(tx: &mut OrgTx, journeys: &[Journey], mut others: Sums) {
    for journey in journeys {
        sums::count(&mut others, journey, 1);
    }
    store::write(tx, &journeys.iter().collect::<Vec<_>>()).await.expect("journeys");
    others.apply(tx).await.expect("sums");
}

/// Midnights, the ends of days, and the very instants at which something about a lead changes.
fn instants(dice: &mut Dice, journeys: &[Journey]) -> Vec<DateTime<Utc>> {
    let blink = Duration::microseconds(1);
    let mut instants: Vec<DateTime<Utc>> = (0..=8).map(|days| begin() + Duration::days(days)).collect();
    for _ in 0..6 {
        let journey = &journeys[dice.roll(journeys.len() as u64) as usize];
        let answered = journey.answered_after_s.map(|seconds| journey.arrived_at + Duration::seconds(seconds));
        let late = journey.arrived_at + Duration::days(1);
        instants.extend(
            [Some(journey.arrived_at), Some(late), answered, journey.leaks_at, journey.paid_at].iter().flatten(),
        );
    }
    instants.iter().flat_map(|at| [*at - blink, *at, *at + Duration::nanoseconds(500)]).collect()
}

/// As it was read before there were differences: every lead of the last days.
async fn one_by_one(tx: &mut OrgTx, span: Span, as_of: DateTime<Utc>, all: &mut Everywhere) {
    let sql =
        format!("select {COLUMNS} from journeys where org_id = $1 and day between $2 and $3 and arrived_at <= $4");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(span.edge)
        .bind(span.day + Days::new(1))
        .bind(as_of)
        .fetch_all(tx.conn())
        .await
        .expect("leads");
    for row in &rows {
        let Stored(journey) = Stored::from_row(row).expect("a lead");
        let place = journey.location_id.unwrap_or_else(Uuid::nil);
        let (journey, open) = as_it_stood(journey, as_of);
        both(all, place, |inputs| {
            for window in [&mut inputs.now, &mut inputs.rates] {
                if open {
                    window.count_open(&journey);
                } else {
                    window.count(&journey);
                }
            }
        });
    }
}

async fn plainly(tx: &mut OrgTx, rules: &Rules, as_of: DateTime<Utc>) -> Everywhere {
    let span = Span::of(rules, as_of);
    let mut all = empty(rules, as_of);
    read_sums(tx, span, &mut all).await.expect("sums");
    one_by_one(tx, span, as_of, &mut all).await;
    read_pending(tx, span, as_of, &mut all).await.expect("leaks");
    all
}

async fn assert_same(tx: &mut OrgTx, rules: &Rules, as_of: DateTime<Utc>) {
    let told = load(tx, rules, as_of).await.expect("inputs");
    let mut plain = plainly(tx, rules, as_of).await;
    for (place, inputs) in told {
        let other = plain.remove(&place).expect("the place");
        for (name, one, two) in [
            ("now", inputs.now, other.now),
            ("before", inputs.before, other.before),
            ("rates", inputs.rates, other.rates),
        ] {
            assert_eq!(one.trimmed(), two.trimmed(), "{name} of {place} as of {as_of}");
        }
    }
    assert!(plain.is_empty());
}

/// A name in a form that many can hold.
fn shared(name: &str) -> Arc<str> {
    name.into()
}

#[tokio::test]
async fn leads_of_any_kind_count_as_they_stood_at_any_instant() {
    let (_db, kernel, org) = world().await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let rules = Rules::load(&mut tx).await.expect("rules");
    let mut dice = Dice(12);
    let journeys: Vec<Journey> = (1..=400).map(|n| dice.journey(n, &rules)).collect();
    let noon = begin() + Duration::hours(84);
    let stood: Vec<(Journey, bool)> = journeys
        .iter()
        .filter(|journey| journey.arrived_at <= noon && journey.arrived_at > noon - Duration::days(1))
        .map(|journey| as_it_stood(journey.clone(), noon))
        .collect();
    assert!(stood.iter().any(|(_, open)| *open) && stood.iter().any(|(journey, _)| journey.leak_stage.is_some()));
    keep(&mut tx, &journeys, Sums::default()).await;
    for as_of in instants(&mut dice, &journeys) {
        assert_same(&mut tx, &rules, as_of).await;
    }
    let whole = load(&mut tx, &rules, noon).await.expect("inputs").remove(&Uuid::nil()).expect("the whole");
    let arrived = journeys.iter().filter(|journey| journey.arrived_at <= noon).count() as i64;
    assert_eq!(whole.now.all.n(m::LEADS), arrived, "every lead that had arrived, once");
}

#[tokio::test]
async fn what_is_folded_from_signals_counts_and_what_signals_count_by_themselves_does_not() {
    let (_db, kernel, org) = world().await;
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let rules = Rules::load(&mut tx).await.expect("rules");
    let (mut dice, mut sums) = (Dice(7), Sums::default());
    let signals: Vec<StoredSignal> = (0..600).map(|n| dice.signal(n, 120)).collect();
    for signal in &signals {
        sums.count(signal, &rules, 1);
    }
    let told: Vec<Told> = signals.iter().filter_map(|signal| Told::of(signal, shared)).collect();
    let journeys = fold(&told, &rules);
    assert!(journeys.len() >= 100);
    keep(&mut tx, &journeys, sums).await;
    for as_of in instants(&mut dice, &journeys) {
        assert_same(&mut tx, &rules, as_of).await;
    }
}
