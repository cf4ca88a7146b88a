//! What happens at Northwind on one day: a pure function of the day, the place and the seed.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc, Weekday};
use connectors::signal::{Signal, SignalKind};
use kernel::money::{Currency, Money};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use revenue::settings::Place;
use serde_json::json;

use super::chance;
use super::lead::{Asks, MOST, Missed, data};
use super::spots::{DEAD_LINE, SPOTS, Spot};

/// Of a hundred missed calls so many are returned by hand.
const RETURNED: u32 = 40;
/// Rivals whose reviews are watched, with the share of five stars in a hundred and reviews a week.
const RIVALS: [(&str, u32, f64); 2] = [("Harborview Dental", 66, 3.2), ("Smile Studio Oak", 78, 4.1)];

/// A day of the past.
#[derive(Clone, Copy)]
pub struct Day {
    /// Its number, from the first day of the history.
    pub number: usize,
    /// The date.
    pub date: NaiveDate,
    /// Whether the telephone of one place is dead.
    pub dead_line: bool,
}

/// What a day brings; much of it happens on later ones.
#[derive(Default)]
pub struct Told {
    /// What happens whatever is done.
    pub signals: Vec<Signal>,
    /// Missed calls that a play may take up.
    pub missed: Vec<Missed>,
}

/// A day at one of [`SPOTS`], told by the clock of the place.
pub fn day(seed: u64, which: usize, place: &Place, day: Day) -> Told {
    let spot = &SPOTS[which % SPOTS.len()];
    let mut rng =
        ChaCha8Rng::seed_from_u64(seed ^ ((day.number * 8 + which) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut told = Told::default();
    let mut number = (day.number * SPOTS.len() + which) * MOST;
    let mut asks = |at: DateTime<Utc>| {
        number += 1;
        Asks { spot, place, number, at }
    };
    if let Some((opens, closes)) = spot.open(day.date) {
        // Mondays are busy, and a short day has fewer calls.
        let busy = if day.date.weekday() == Weekday::Mon { 1.25 } else { 1.0 };
        let calls = chance::arrivals(&mut rng, spot.calls * busy * f64::from(closes - opens) / 600.0);
        for _ in 0..calls.min(MOST / 2) {
            let at = moment(&mut rng, place, day.date, (opens, closes));
            let call = asks(at);
            let dead = day.dead_line && spot.name == DEAD_LINE;
            if dead || rng.random_range(0.0..1.0) < spot.missed {
                let (signals, missed) = call.missed_call(&mut rng, if dead { 12 } else { RETURNED });
                told.signals.extend(signals);
                told.missed.extend(missed);
            } else {
                told.signals.extend(call.answered_call(&mut rng));
            }
        }
    }
    let quiet = if matches!(day.date.weekday(), Weekday::Sat | Weekday::Sun) { 0.75 } else { 1.0 };
    for _ in 0..chance::arrivals(&mut rng, spot.forms * quiet).min(MOST / 2 - 1) {
        let at = moment(&mut rng, place, day.date, (7 * 60, 22 * 60 + 30));
        told.signals.extend(asks(at).form(&mut rng));
    }
    told.signals.extend(around(&mut rng, spot, place, day));
    told
}

/// An instant between two minutes of a day.
fn moment(rng: &mut ChaCha8Rng, place: &Place, date: NaiveDate, (from, to): (u32, u32)) -> DateTime<Utc> {
    place.instant(date, rng.random_range(from..to)) + Duration::seconds(rng.random_range(0..60))
}

/// What is not of a lead: visits, advertising, reviews of our own and of rivals.
fn around(rng: &mut ChaCha8Rng, spot: &Spot, place: &Place, day: Day) -> Vec<Signal> {
    let evening = place.instant(day.date, 23 * 60 + 30);
    let mut all = Vec::new();
    let signal = |source: &str, what: &str, kind: SignalKind, at: DateTime<Utc>| {
        let mut signal = Signal::new(source, format!("{what}-{}-{}", spot.name.to_lowercase(), day.date), kind, at);
        signal.location = Some(spot.name.to_owned());
        signal
    };
    let mut visits = signal("google_analytics", "visits", SignalKind::Visit, evening);
    visits.data = data(json!({ "count": chance::arrivals(rng, spot.forms * 15.0 + spot.calls * 2.0) }));
    all.push(visits);
    for (source, campaign, dollars) in [("google_ads", "Implants, search", 2.9), ("meta_ads", "Smiles, Instagram", 1.7)]
    {
        let spent = (spot.calls * dollars * rng.random_range(0.8..1.2) * 100.0).round();
        let mut spend = signal(source, "spend", SignalKind::AdSpend, evening);
        spend.value = Some(Money::new(spent as i64, Currency::USD));
        let clicks = (spent / 240.0).round();
        spend.data = data(json!({ "campaign": campaign, "clicks": clicks, "impressions": clicks * 38.0 }));
        all.push(spend);
    }
    for number in 0..chance::arrivals(rng, spot.calls / 40.0) {
        let at = moment(rng, place, day.date, (9 * 60, 21 * 60));
        let mut review = signal("google_business", &format!("review-{number}"), SignalKind::Review, at);
        let rating = stars(rng, 72);
        let replied = rng.random_range(0..100) < 46;
        let replied_at = replied.then(|| at + Duration::minutes(rng.random_range(90..2_800)));
        review.data = data(json!({ "rating": rating, "replied_at": replied_at }));
        all.push(review);
    }
    for (rival, fives, a_week) in RIVALS {
        for number in 0..chance::arrivals(rng, a_week / 7.0) {
            let at = moment(rng, place, day.date, (9 * 60, 21 * 60));
            let what = format!("rival-{}-{number}", rival.to_lowercase().replace(' ', "-"));
            let mut review = signal("google_business", &what, SignalKind::Review, at);
            let replied = rng.random_range(0..100) < 70;
            let replied_at = replied.then(|| at + Duration::minutes(rng.random_range(60..1_500)));
            review.data = data(json!({ "rating": stars(rng, fives), "replied_at": replied_at, "rival": rival }));
            all.push(review);
        }
    }
    all
}

fn stars(rng: &mut ChaCha8Rng, fives_of_100: u32) -> u32 {
    match rng.random_range(0..100) {
        drawn if drawn < fives_of_100 => 5,
        drawn if drawn < fives_of_100 + 12 => 4,
        drawn if drawn < fives_of_100 + 16 => 3,
        drawn if drawn < fives_of_100 + 19 => 2,
        _ => 1,
    }
}
