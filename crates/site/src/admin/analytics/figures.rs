//! What is known of the visits of some days: totals of days that are over, and the visitors of the day that is not.

use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use serde::Deserialize;
use shell::{AppError, known_day};

/// Days that are shown when nothing is asked, and at most.
const USUAL: u64 = 28;
const MOST: i64 = 400;
/// Rows of a table.
const ROWS: i64 = 50;
/// How far a visitor can come in the audit, after the visit itself.
pub(super) const STEPS: [&str; 6] = [
    "Began the audit",
    "Came to step 2",
    "Came to step 3",
    "Came to step 4",
    "Saw the result",
    "Made themselves known",
];

/// Which days are asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    pub from: String,
    pub to: String,
}

/// Days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Range {
    /// The last days up to today.
    pub(crate) fn last(days: u64, today: NaiveDate) -> Self {
        let from = today.checked_sub_days(Days::new(days.saturating_sub(1))).unwrap_or(today);
        Self { from, to: today }
    }

    /// The days that were asked for; the last four weeks when nothing was.
    pub(super) fn read(look: &Look, today: NaiveDate) -> Result<Self, AppError> {
        let day = |field: &str, text: &str| {
            let day = text.parse().map_err(|_| AppError::field(field, "is a day such as 2026-11-27"))?;
            known_day(field, day)
        };
        let to = if look.to.is_empty() { today } else { day("to", &look.to)? };
        let from = if look.from.is_empty() { Self::last(USUAL, to).from } else { day("from", &look.from)? };
        let days = (to - from).num_days() + 1;
        if days < 1 {
            return Err(AppError::field("from", "is after the last day"));
        }
        if days > MOST {
            return Err(AppError::field("from", format!("is too early: at most {MOST} days are shown at once")));
        }
        Ok(Self { from, to })
    }

    /// Every day of it.
    pub(super) fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.from.iter_days().take_while(move |day| *day <= self.to)
    }
}

/// A day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OfDay {
    pub visitors: i64,
    pub views: i64,
    pub begun: i64,
    pub done: i64,
    pub known: i64,
}

/// Where visitors came from, or what they came with.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Group {
    pub name: String,
    pub visitors: i64,
    pub begun: i64,
    pub done: i64,
}

/// All of it.
pub(super) struct Figures {
    pub days: Vec<(NaiveDate, OfDay)>,
    pub pages: Vec<(String, i64)>,
    pub sources: Vec<Group>,
    pub devices: Vec<Group>,
    /// Visitors, and those of them who came as far as each of [`STEPS`].
    pub visitors: i64,
    pub reached: [i64; 6],
}

/// Visitors of days by source and device, whether the day is over or not.
const VISITORS: &str = "(select day, source, device, visitors, reached from site_totals \
    where org_id = $1 and day between $2 and $3 union all select day, source, device, count(*), \
    array[count(*) filter (where reached >= 1), count(*) filter (where reached >= 2), count(*) filter (where reached >= 3), \
          count(*) filter (where reached >= 4), count(*) filter (where reached >= 5), count(*) filter (where reached >= 6)] \
    from site_visitors where org_id = $1 and day between $2 and $3 group by day, source, device) as v";

/// Reads everything.
pub(super) async fn read(tx: &mut OrgTx, range: Range) -> Result<Figures, sqlx::Error> {
    let days = days(tx, range).await?;
    let pages = pages(tx, range).await?;
    let sources = groups(tx, range, "source").await?;
    let devices = groups(tx, range, "device").await?;
    let (visitors, reached) = funnel(tx, range).await?;
    Ok(Figures { days, pages, sources, devices, visitors, reached })
}

async fn days(tx: &mut OrgTx, range: Range) -> Result<Vec<(NaiveDate, OfDay)>, sqlx::Error> {
    let query = format!(
        "select day, sum(visitors)::bigint, sum(reached[1])::bigint, sum(reached[5])::bigint, sum(reached[6])::bigint \
         from {VISITORS} group by day"
    );
    let seen: Vec<(NaiveDate, i64, i64, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(range.from)
        .bind(range.to)
        .fetch_all(tx.conn())
        .await?;
    let views: Vec<(NaiveDate, i64)> = sqlx::query_as(
        "select day, sum(views)::bigint from site_views where org_id = $1 and day between $2 and $3 group by day",
    )
    .bind(tx.org())
    .bind(range.from)
    .bind(range.to)
    .fetch_all(tx.conn())
    .await?;
    let of = |day: NaiveDate| {
        let (_, visitors, begun, done, known) =
            seen.iter().find(|(seen, ..)| *seen == day).copied().unwrap_or((day, 0, 0, 0, 0));
        let views = views.iter().find(|(seen, _)| *seen == day).map_or(0, |(_, views)| *views);
        (day, OfDay { visitors, views, begun, done, known })
    };
    Ok(range.days().map(of).collect())
}

async fn pages(tx: &mut OrgTx, range: Range) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select path, sum(views)::bigint from site_views where org_id = $1 and day between $2 and $3 \
         group by path order by 2 desc, path limit $4",
    )
    .bind(tx.org())
    .bind(range.from)
    .bind(range.to)
    .bind(ROWS)
    .fetch_all(tx.conn())
    .await
}

async fn groups(tx: &mut OrgTx, range: Range, by: &'static str) -> Result<Vec<Group>, sqlx::Error> {
    let query = format!(
        "select {by} as name, sum(visitors)::bigint as visitors, sum(reached[1])::bigint as begun, \
         sum(reached[5])::bigint as done from {VISITORS} group by {by} order by 2 desc, 1 limit $4"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(range.from)
        .bind(range.to)
        .bind(ROWS)
        .fetch_all(tx.conn())
        .await
}

/// Visitors of some days, and those of them who came as far as each step.
pub(crate) async fn funnel(tx: &mut OrgTx, range: Range) -> Result<(i64, [i64; 6]), sqlx::Error> {
    let query = format!(
        "select coalesce(sum(visitors), 0)::bigint, array[coalesce(sum(reached[1]), 0)::bigint, \
         coalesce(sum(reached[2]), 0)::bigint, coalesce(sum(reached[3]), 0)::bigint, coalesce(sum(reached[4]), 0)::bigint, \
         coalesce(sum(reached[5]), 0)::bigint, coalesce(sum(reached[6]), 0)::bigint] from {VISITORS}"
    );
    let (visitors, reached): (i64, Vec<i64>) = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(range.from)
        .bind(range.to)
        .fetch_one(tx.conn())
        .await?;
    Ok((visitors, reached.try_into().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn days_are_the_last_four_weeks_unless_others_are_asked_for() {
        let today = day("2026-11-27");
        let usual = Range::read(&Look::default(), today).expect("days");
        assert_eq!((usual.from, usual.to, usual.days().count()), (day("2026-10-31"), today, 28));
        let asked = Look { from: "2026-11-01".to_owned(), to: "2026-11-01".to_owned() };
        assert_eq!(Range::read(&asked, today).expect("a day").days().count(), 1);
        for (from, to) in [("2026-11-02", "2026-11-01"), ("2020-01-01", "2026-11-01"), ("soon", ""), ("", "2026-02-30")]
        {
            let look = Look { from: from.to_owned(), to: to.to_owned() };
            assert!(Range::read(&look, today).is_err(), "{from} {to}");
        }
    }
}
