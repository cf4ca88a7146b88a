//! What the last 90 days tell of a business in the few figures that a maturity audit asks about.
//!
//! Rules a newcomer would break: it reads daily sums and the journeys of quoted leads, never signals; a figure is rounded against the
//! business, so that a better one is never claimed than was reached; what no source tells is no figure, and not a good one.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::db::OrgTx;

use crate::metrics as m;
use crate::scores::inputs::Counts;
use crate::scores::velocity::quantile;
use crate::settings::Rules;

/// Days that are looked at.
const DAYS: u64 = 90;
/// The youngest leads can still be answered in time: they are not looked at for so many days.
const SETTLES: u64 = 2;
/// The longest that a follow-up may take and still be one within a week.
const WEEK: i64 = 7;
/// The most quotes that are looked at, the latest first.
const MOST_QUOTES: i64 = 2_000;
/// The sums that figures are made of, beside the histogram of waits.
const SUMS: &[&str] =
    &[m::LEADS, m::ANSWERED, m::BOOKINGS, m::CANCELLATIONS, m::NO_SHOWS, m::REVIEWS, m::REVIEWS_REPLIED];

/// A figure and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Minutes or percent, rounded against the business; none where nothing tells it.
    pub value: Option<u32>,
    /// Of how many leads, appointments, quotes or reviews it is made.
    pub cases: u64,
    /// What was counted, in a sentence.
    pub how: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
}

/// The figures of a business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measures {
    /// Minutes to the first meaningful answer, the median.
    pub answer_minutes: Measure,
    /// Leads that never got an answer, in percent.
    pub unanswered_percent: Measure,
    /// Appointments nobody came to, in percent.
    pub no_show_percent: Measure,
    /// Quotes that were followed up within a week, in percent.
    pub followed_up_percent: Measure,
    /// Reviews that were answered, in percent.
    pub reviews_answered_percent: Measure,
}

/// The figures of the whole organisation as of now.
pub async fn read(tx: &mut OrgTx) -> Result<Measures, sqlx::Error> {
    let rules = Rules::load(tx).await?;
    let now = tx.clock().now();
    let today = rules.whole.day(now);
    let days = Window::ending(today, SETTLES);
    let counts = sums(tx, days).await?;
    let limit = longest_wait(&rules);
    let quotes = Window::ending(today, u64::try_from(limit).unwrap_or_default() + 1);
    let followed = if limit > WEEK { None } else { Some(follow_ups(tx, quotes, now, limit).await?) };
    // Where no answer of any kind was ever told, silence says nothing about the business.
    let told = counts.n(m::ANSWERED) > 0;
    Ok(Measures {
        answer_minutes: answer_minutes(&counts, days),
        unanswered_percent: unanswered(&counts, days),
        no_show_percent: no_shows(&counts, days),
        followed_up_percent: followed_up(followed.filter(|_| told), limit, quotes),
        reviews_answered_percent: reviews_answered(&counts, days),
    })
}

/// Days that are looked at.
#[derive(Clone, Copy)]
struct Window {
    from: NaiveDate,
    to: NaiveDate,
}

impl Window {
    /// The days up to so many before today.
    fn ending(today: NaiveDate, before: u64) -> Self {
        let to = today - Days::new(before);
        Self { from: to - Days::new(DAYS - 1), to }
    }

    fn measure(self, value: Option<u32>, cases: i64, how: impl Into<String>) -> Measure {
        let cases = u64::try_from(cases).unwrap_or_default();
        Measure { value, cases, how: how.into(), from: self.from, to: self.to }
    }
}

/// Quotes that had time for a follow-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
struct FollowUps {
    followed: i64,
    forgotten: i64,
}

/// How long a quote may wait at any place before it leaks, in days.
fn longest_wait(rules: &Rules) -> i64 {
    let places = rules.places.values().map(|place| place.settings.quote_days);
    places.chain([rules.whole.settings.quote_days]).max().unwrap_or(WEEK)
}

async fn sums(tx: &mut OrgTx, days: Window) -> Result<Counts, sqlx::Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select metric, sum(n)::bigint from daily_metrics where org_id = $1 and day between $2 and $3 \
           and (metric = any($4) or metric like 'wait:%') group by metric",
    )
    .bind(tx.org())
    .bind(days.from)
    .bind(days.to)
    .bind(SUMS)
    .fetch_all(tx.conn())
    .await?;
    let mut counts = Counts::default();
    for (metric, n) in rows {
        counts.add(&metric, n, 0);
    }
    Ok(counts)
}

/// A journey keeps its first leak alone: one that leaked before its quote could be followed up tells nothing of that.
async fn follow_ups(tx: &mut OrgTx, days: Window, now: DateTime<Utc>, limit: i64) -> Result<FollowUps, sqlx::Error> {
    sqlx::query_as(
        "select count(*) filter (where leaks_at is null or leaks_at > due) as followed, \
           count(*) filter (where leaks_at <= due and leak_stage = 'book') as forgotten \
         from (select leak_stage, leaks_at, quoted_at + make_interval(hours => $4) as due from journeys \
           where org_id = $1 and quoted_at is not null and quoted_at <= $5 and day between $2 and $3 and hidden_at is null \
           order by day desc limit $6) as quoted",
    )
    .bind(tx.org())
    .bind(days.from)
    .bind(days.to)
    .bind((24 * limit) as i32)
    .bind(now - TimeDelta::days(limit))
    .bind(MOST_QUOTES)
    .fetch_one(tx.conn())
    .await
}

fn answer_minutes(counts: &Counts, days: Window) -> Measure {
    let minutes = quantile(&counts.waits(), 0.5).map(|seconds| (seconds / 60.0).ceil() as u32);
    days.measure(minutes, counts.n(m::ANSWERED), "Leads that got an answer; half of them waited no longer than this.")
}

fn unanswered(counts: &Counts, days: Window) -> Measure {
    let (leads, answered) = (counts.n(m::LEADS), counts.n(m::ANSWERED));
    if answered == 0 {
        return days.measure(
            None,
            leads,
            "No source told of any answer, so nothing can be said about those without one.",
        );
    }
    days.measure(
        share_up(leads - answered, leads),
        leads,
        "Leads by call, message or form that got no answer to this day.",
    )
}

fn no_shows(counts: &Counts, days: Window) -> Measure {
    let kept = (counts.n(m::BOOKINGS) - counts.n(m::CANCELLATIONS)).max(0);
    if counts.n(m::NO_SHOWS) == 0 {
        return days.measure(
            None,
            kept,
            "No source told of anybody who did not come, which may mean that none tells it.",
        );
    }
    let how = "Appointments that were made and not cancelled, and those nobody came to.";
    days.measure(share_up(counts.n(m::NO_SHOWS), kept), kept, how)
}

fn followed_up(found: Option<FollowUps>, limit: i64, days: Window) -> Measure {
    if limit > WEEK {
        let how = format!(
            "A quote may wait {limit} days before it counts as forgotten (Settings, Scores); with 7 or fewer it is measured."
        );
        return days.measure(None, 0, how);
    }
    let Some(FollowUps { followed, forgotten }) = found else {
        return days.measure(None, 0, "No source told of any answer, so nothing can be said about follow-ups.");
    };
    let (quotes, within) =
        (followed + forgotten, if limit == 1 { "a day".to_owned() } else { format!("{limit} days") });
    let how = format!("Leads with a quote; something followed it within {within}, from you or from them.");
    days.measure(share_down(followed, quotes), quotes, how)
}

fn reviews_answered(counts: &Counts, days: Window) -> Measure {
    let reviews = counts.n(m::REVIEWS);
    days.measure(share_down(counts.n(m::REVIEWS_REPLIED), reviews), reviews, "Reviews of you that carry an answer.")
}

/// A share in percent where less is better.
fn share_up(part: i64, whole: i64) -> Option<u32> {
    (whole > 0).then(|| ((part.clamp(0, whole) * 100 + whole - 1) / whole) as u32)
}

/// A share in percent where more is better.
fn share_down(part: i64, whole: i64) -> Option<u32> {
    (whole > 0).then(|| (part.clamp(0, whole) * 100 / whole) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days() -> Window {
        Window::ending(NaiveDate::from_ymd_opt(2026, 11, 27).expect("a day"), SETTLES)
    }

    fn counts(sums: &[(&str, i64)]) -> Counts {
        let mut counts = Counts::default();
        for (metric, n) in sums {
            counts.add(metric, *n, 0);
        }
        counts
    }

    #[test]
    fn ninety_days_are_looked_at_and_the_youngest_are_not() {
        let days = days();
        assert_eq!((days.to - days.from).num_days(), 89);
        assert_eq!(days.to.to_string(), "2026-11-25");
    }

    #[test]
    fn half_of_those_who_got_an_answer_waited_no_longer() {
        let wait = |seconds| format!("{}{:03}", m::WAIT, crate::rollup::bucket(seconds));
        let (quick, slow) = (wait(240), wait(7_200));
        let fast = counts(&[(m::ANSWERED, 30), (&quick, 20), (&slow, 10)]);
        let found = answer_minutes(&fast, days());
        assert_eq!((found.value, found.cases), (Some(5), 30));
        let late = answer_minutes(&counts(&[(m::ANSWERED, 30), (&quick, 10), (&slow, 20)]), days());
        assert!(late.value.is_some_and(|minutes| (110..=130).contains(&minutes)), "{late:?}");
        assert_eq!(answer_minutes(&counts(&[]), days()).value, None);
    }

    #[test]
    fn silence_of_the_sources_is_no_figure() {
        let silent = counts(&[(m::LEADS, 40), (m::BOOKINGS, 40)]);
        assert_eq!((unanswered(&silent, days()).value, no_shows(&silent, days()).value), (None, None));
        let told =
            counts(&[(m::LEADS, 40), (m::ANSWERED, 31), (m::BOOKINGS, 44), (m::CANCELLATIONS, 4), (m::NO_SHOWS, 3)]);
        assert_eq!((unanswered(&told, days()).value, unanswered(&told, days()).cases), (Some(23), 40));
        assert_eq!((no_shows(&told, days()).value, no_shows(&told, days()).cases), (Some(8), 40));
        assert_eq!(reviews_answered(&counts(&[(m::REVIEWS, 30), (m::REVIEWS_REPLIED, 29)]), days()).value, Some(96));
    }

    #[test]
    fn a_follow_up_is_one_within_a_week_or_none_is_measured() {
        let found = FollowUps { followed: 15, forgotten: 7 };
        let three = followed_up(Some(found), 3, days());
        assert_eq!((three.value, three.cases), (Some(68), 22));
        assert!(three.how.contains("within 3 days"), "{}", three.how);
        assert_eq!(followed_up(None, 14, days()).value, None);
        assert_eq!(followed_up(None, 3, days()).cases, 0);
    }

    proptest! {
        #[test]
        fn shares_are_within_bounds_and_rounded_against_the_business(part in 0_i64..10_000, whole in 1_i64..10_000) {
            let (up, down) = (share_up(part, whole).expect("a share"), share_down(part, whole).expect("a share"));
            prop_assert!(down <= up && up <= 100 && up - down <= 1);
            let exact = part.min(whole) as f64 * 100.0 / whole as f64;
            prop_assert!(f64::from(down) <= exact + 1e-9 && f64::from(up) >= exact - 1e-9);
        }
    }
}
