//! The story of the demo is believable and the same each time.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::Clock;
use kernel::testing::TestDb;
use revenue::settings::Place;

use super::super::business;
use super::spots::{DEAD_LINE, SPOTS, dead_days};
use super::tell::{self, Day, Told};
use super::walk;
use crate::rooms::Rooms;

fn history() -> Vec<(usize, Day, Told)> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day");
    let dead = dead_days(today);
    let mut all = Vec::new();
    for number in 0..90_usize {
        let date = today - Days::new(89 - number as u64);
        let day = Day { number, date, dead_line: dead.contains(&date) };
        for which in 0..SPOTS.len() {
            all.push((which, day, tell::day(11, which, &Place::default(), day)));
        }
    }
    all
}

fn signals(history: &[(usize, Day, Told)]) -> Vec<&Signal> {
    history.iter().flat_map(|(.., told)| &told.signals).collect()
}

#[test]
fn it_is_the_same_each_time_and_every_signal_has_its_own_id() {
    let (one, other) = (history(), history());
    assert_eq!(signals(&one), signals(&other));
    let all = one
        .iter()
        .flat_map(|(.., told)| told.signals.iter().chain(told.missed.iter().flat_map(|missed| &missed.written_to)));
    let mut ids = HashSet::new();
    for signal in all {
        assert!(ids.insert((signal.source.as_str(), signal.external_id.as_str())), "{signal:?} comes twice");
    }
}

#[test]
fn there_is_enough_of_everything_and_a_play_has_something_to_win() {
    let history = history();
    let mut counts: HashMap<SignalKind, usize> = HashMap::new();
    for signal in signals(&history) {
        *counts.entry(signal.kind).or_default() += 1;
    }
    for kind in SignalKind::ALL {
        assert!(counts.get(&kind).is_some_and(|count| *count >= 20), "{kind:?}: {counts:?}");
    }
    let missed: Vec<_> = history.iter().flat_map(|(.., told)| &told.missed).collect();
    let came =
        |of: fn(&super::lead::Missed) -> &Vec<Signal>| missed.iter().filter(|missed| !of(missed).is_empty()).count();
    let (written, alone) = (came(|missed| &missed.written_to), came(|missed| &missed.left_alone));
    assert!(missed.len() > 250, "{} missed calls", missed.len());
    assert!(written > alone * 3 && alone > 5, "{written} of {} come when written to, {alone} otherwise", missed.len());
    assert!(missed.iter().all(|missed| missed.external_id.starts_with("CAL")));
}

#[test]
fn the_dead_line_shows_and_a_weekend_waits_at_riverside() {
    let history = history();
    let mut missed = [0, 0];
    let mut calls = [0, 0];
    for (which, day, told) in &history {
        let inbound = told.signals.iter().filter(|signal| {
            signal.kind == SignalKind::Call && signal.external_id.ends_with(|c: char| c.is_ascii_digit())
        });
        if SPOTS[*which].name == DEAD_LINE {
            for call in inbound {
                let dead = usize::from(day.dead_line);
                calls[dead] += 1;
                missed[dead] += usize::from(call.data["answered"] == false);
            }
        }
    }
    assert_eq!(missed[1], calls[1], "nobody answers a dead line");
    assert!(calls[1] > 15 && missed[0] * 3 < calls[0], "{missed:?} of {calls:?}");
    let waits = |name: &str, weekend: bool| -> f64 {
        let of = history
            .iter()
            .filter(|(which, day, _)| SPOTS[*which].name == name && (SPOTS[1].open(day.date).is_none() == weekend));
        let mut hours: Vec<f64> = of
            .flat_map(|(.., told)| {
                told.signals.iter().filter(|signal| signal.kind == SignalKind::Lead).map(move |lead| (told, lead))
            })
            .filter_map(|(told, lead)| {
                let answer = lead.external_id.replace("lead-", "answer-");
                let answer = told.signals.iter().find(|signal| signal.external_id == answer)?;
                Some((answer.at - lead.at).num_minutes() as f64 / 60.0)
            })
            .collect();
        hours.sort_by(f64::total_cmp);
        hours[hours.len() / 2]
    };
    assert!(waits("Riverside", true) > 12.0, "{}", waits("Riverside", true));
    assert!(waits("Downtown", true) < 1.0 && waits("Downtown", false) < 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_lived_through_and_every_view_is_as_the_signals_say() {
    const DAYS: usize = 75;
    let db = TestDb::new().await;
    let now: DateTime<Utc> = "2026-11-20T17:30:00Z".parse().expect("an instant");
    let kernel = db.kernel_with(Clock::manual(now), |_| {}).await;
    let org = business::ensure(&kernel, "northwind-demo").await.expect("the business is made").org;
    let rooms = Rooms::open(&kernel).await.expect("the rooms open");
    super::arrange(&kernel, &rooms, org, "northwind-demo").await.expect("arranged");
    let counts = walk::through(&kernel, db.url(), org, DAYS).await.expect("lived through");
    assert!(counts.signals > 2_000 && counts.enrolled > 100, "{counts:?}");

    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let scored: i64 = sqlx::query_scalar(
        "select count(distinct day) from scores where org_id = $1 and location_id = '00000000-0000-0000-0000-000000000000'",
    )
    .bind(org)
    .fetch_one(tx.conn())
    .await
    .expect("counted");
    assert_eq!(scored, DAYS as i64, "the scores of every day are stored");
    let dead = dead_days(now.date_naive());
    let told: bool = sqlx::query_scalar(
        "select exists (select 1 from anomalies a join locations l on l.org_id = a.org_id and l.id = a.location_id \
         where a.org_id = $1 and a.metric = 'missed_calls' and l.name = $2 and a.day = any($3))",
    )
    .bind(org)
    .bind(DEAD_LINE)
    .bind(dead.to_vec())
    .fetch_one(tx.conn())
    .await
    .expect("looked at");
    assert!(told, "the dead line is noticed");
    let recovered =
        revenue::plays::recovered(&mut tx, None, now - Duration::days(DAYS as i64), now).await.expect("read");
    let recovered = recovered.expect("one play can be read");
    assert_eq!((recovered.plays, recovered.too_few), (1, 1), "one play can be read and the other says that it cannot");
    let difference = revenue::journeys::check(&mut tx).await.expect("checked");
    assert_eq!(difference.rows(), 0, "{difference}");
}
