//! Random streams, told twice, out of order and corrected: what the follower keeps is what a rebuild makes.

use chrono::{DateTime, Duration, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::money::{Currency, Money};
use serde_json::json;

use crate::support::House;

/// A small generator: the same seed gives the same stream.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }

    fn signal(&mut self, now: DateTime<Utc>) -> Signal {
        let kind = *self.one(&SignalKind::ALL);
        let at = now - Duration::minutes(self.roll(60 * 24 * 50) as i64);
        let source = (*self.one(&["web", "till", "phone"])).to_owned();
        let mut signal = Signal::new(source, format!("id-{}", self.roll(60)), kind, at);
        if self.roll(3) > 0 {
            signal.lead = Some(format!("L{}", self.roll(9)));
        }
        if self.roll(3) > 0 {
            signal.contact = Some(format!("p{}@example.com", self.roll(7)));
        }
        if self.roll(2) > 0 {
            signal.location = Some((*self.one(&["North", "South"])).to_owned());
        }
        signal.value = Some(Money::new(self.roll(90_000) as i64, Currency::USD));
        let data = json!({
            "direction": self.one(&["inbound", "outbound"]), "answered": self.roll(2) > 0, "duration_s": self.roll(300),
            "meaningful": self.roll(4) > 0, "cancelled": self.roll(4) == 0, "rating": 1 + self.roll(5), "count": self.roll(9),
            "waited_s": self.roll(4_000),
        });
        signal.data = data.as_object().cloned().unwrap_or_default();
        signal
    }
}

#[tokio::test]
async fn incremental_is_what_a_rebuild_makes() {
    for seed in 1..=5 {
        let house = House::new().await;
        let now = house.web.kernel.clock.now();
        let mut dice = Dice(seed);
        let mut told: Vec<Signal> = Vec::new();
        for round in 0..8 {
            let mut batch: Vec<Signal> = (0..=dice.roll(40)).map(|_| dice.signal(now)).collect();
            // Some of what was told before comes again, as it was.
            for _ in 0..dice.roll(10) {
                if !told.is_empty() {
                    batch.push(dice.one(&told).clone());
                }
            }
            told.extend(batch.iter().cloned());
            let landed = house.land(batch).await;
            assert!(landed.rejected.is_empty(), "{:?}", landed.rejected);
            if dice.roll(2) == 0 {
                house.settle().await;
                house.assert_whole(&format!("seed {seed}, round {round}")).await;
            }
        }
        house.settle().await;
        house.assert_whole(&format!("seed {seed}, at the end")).await;
    }
}

#[tokio::test]
async fn what_was_spoilt_is_found_and_made_anew() {
    let house = House::new().await;
    let now = house.web.kernel.clock.now();
    let mut dice = Dice(99);
    house.land((0..50).map(|_| dice.signal(now)).collect()).await;
    house.settle().await;
    house.assert_whole("before").await;
    let mut owner = house.web.db.owner().await;
    for sql in [
        "update daily_metrics set n = n + 1 where metric = 'leads'",
        "delete from journeys where id in (select id from journeys limit 1)",
    ] {
        sqlx::query(sql).execute(&mut owner).await.expect("spoilt");
    }
    let mut tx = house.tx().await;
    let difference = revenue::journeys::check(&mut tx).await.expect("a comparison");
    assert!(difference.rows() >= 2 && difference.to_string().contains("leads"), "{difference}");
    assert!(revenue::journeys::rebuild(&mut tx).await.expect("made anew").changed >= 2);
    tx.commit().await.expect("committed");
    house.assert_whole("after").await;
}

#[tokio::test]
async fn order_of_arrival_changes_nothing() {
    let mut seen = Vec::new();
    for reversed in [false, true] {
        let house = House::new().await;
        let now: DateTime<Utc> = house.web.kernel.clock.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let mut dice = Dice(7);
        let mut kept = std::collections::BTreeMap::new();
        for _ in 0..60 {
            let signal = dice.signal(now);
            kept.insert((signal.source.clone(), signal.external_id.clone()), Signal { location: None, ..signal });
        }
        let mut all: Vec<Signal> = kept.into_values().collect();
        if reversed {
            all.reverse();
        }
        for part in all.chunks(7) {
            house.land(part.to_vec()).await;
            house.settle().await;
        }
        let mut tx = house.tx().await;
        let sums: Vec<(chrono::NaiveDate, String, String, i64, i64)> = sqlx::query_as(
            "select day, source, metric, n, amount from daily_metrics where org_id = $1 order by day, source, metric",
        )
        .bind(house.org)
        .fetch_all(tx.conn())
        .await
        .expect("the sums");
        seen.push(sums);
    }
    assert!(!seen[0].is_empty());
    assert_eq!(seen[0], seen[1]);
}
