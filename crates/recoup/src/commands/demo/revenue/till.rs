//! The table that Riverside's till writes: small sales of a week, and a few rows as tables of the world have them.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sales in the table that can be read.
const SALES: usize = 164;
/// Rows that cannot.
#[cfg(test)]
const BAD: usize = 6;

const GOODS: [(&str, u32); 5] =
    [("toothbrush", 690), ("whitening pen", 2_490), ("floss", 450), ("retainer case", 1_250), ("mouthwash", 980)];

/// The table, its columns named like the fields of a signal.
pub fn table(now: DateTime<Utc>) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(23);
    let mut table = String::from("external_id,at,kind,source,location,value,currency,data.item\n");
    let row = |id: usize, at: &str, value: &str, currency: &str, item: &str| {
        format!("till-{id:04},{at},payment,till,Riverside,{value},{currency},{item}\n")
    };
    for id in 0..SALES {
        // 24 sales a day of the last week, in the hours in which the place is open.
        let day = (now - Duration::days(7 - id as i64 / 24)).date_naive().and_time(NaiveTime::MIN).and_utc();
        let at = day + Duration::minutes(14 * 60 + id as i64 % 24 * 22 + rng.random_range(0..20));
        let (item, cents) = GOODS[rng.random_range(0..GOODS.len())];
        let cents = cents * rng.random_range(1..4);
        let value = format!("{}.{:02}", cents / 100, cents % 100);
        table.push_str(&row(id, &at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), &value, "USD", item));
    }
    let fine = (now - Duration::days(2)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let late = (now + Duration::days(400)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let bad = [
        ("1970-01-01T00:00:00Z", "6.90", "USD"),
        (late.as_str(), "24.90", "USD"),
        (fine.as_str(), "-12.50", "USD"),
        (fine.as_str(), "9.80", "XXX"),
        (fine.as_str(), "9999999999999.00", "USD"),
    ];
    for (number, (at, value, currency)) in bad.into_iter().enumerate() {
        table.push_str(&row(9_000 + number, at, value, currency, "toothbrush"));
    }
    // Somebody cut the last row off.
    table.push_str("till-9005,payment\n");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_good_and_bad_rows_of_one_width() {
        let now = "2026-11-20T12:00:00Z".parse().expect("an instant");
        let table = table(now);
        assert_eq!(table.lines().count(), 1 + SALES + BAD);
        assert_eq!(table.lines().filter(|line| line.split(',').count() != 8).count(), 1, "one row is cut off");
    }
}
