//! The sums that the views are made of.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::LocationId;

use super::period::Period;
use crate::metrics::{Metric, Shown, WAIT};
use crate::read::{By, Daily, Group, daily};
use crate::rollup::seconds_of;

/// Sums by metric: count and amount.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums(HashMap<String, (i64, i64)>);

impl Sums {
    pub(crate) fn n(&self, metric: &str) -> i64 {
        self.0.get(metric).map_or(0, |sum| sum.0)
    }

    fn amount(&self, metric: &str) -> i64 {
        self.0.get(metric).map_or(0, |sum| sum.1)
    }

    fn add(&mut self, metric: &str, n: i64, amount: i64) {
        let sum = self.0.entry(metric.to_owned()).or_default();
        *sum = (sum.0 + n, sum.1 + amount);
    }

    /// The figure of a metric; none where there is nothing to make it of.
    pub(crate) fn figure(&self, metric: &str) -> Option<f64> {
        let known = Metric::named(metric)?;
        let of = if let Shown::Share(of) = known.shown { self.n(of) } else { 0 };
        known.figure(self.n(metric), self.amount(metric), of)
    }

    /// The amount of one, of sums that are no daily metrics.
    pub(crate) fn mean(&self, metric: &str) -> Option<f64> {
        let n = self.n(metric);
        (n > 0).then(|| self.amount(metric) as f64 / n as f64)
    }

    /// A part of a whole.
    pub(crate) fn share(&self, part: &str, whole: &str) -> Option<f64> {
        let whole = self.n(whole);
        (whole > 0).then(|| self.n(part) as f64 / whole as f64)
    }
}

/// The metrics with those that their shares are of.
fn with_wholes(metrics: &[&str]) -> Vec<String> {
    let wholes = metrics.iter().filter_map(|name| match Metric::named(name)?.shown {
        Shown::Share(of) => Some(of),
        _ => None,
    });
    let mut all: Vec<String> = metrics.iter().copied().chain(wholes).map(str::to_owned).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn asked(period: &Period, (from, to): (NaiveDate, NaiveDate), metrics: &[&str], group: Group, by: By) -> Daily {
    let location = period.location.map(LocationId::uuid);
    Daily { metrics: with_wholes(metrics), from, to, group, by, location, source: period.source.clone() }
}

/// Sums of each day.
pub(crate) async fn by_day(
    tx: &mut OrgTx,
    period: &Period,
    days: (NaiveDate, NaiveDate),
    metrics: &[&str],
) -> Result<BTreeMap<NaiveDate, Sums>, sqlx::Error> {
    let mut sums: BTreeMap<NaiveDate, Sums> = BTreeMap::new();
    for row in daily(tx, &asked(period, days, metrics, Group::Day, By::None)).await? {
        sums.entry(row.day).or_default().add(&row.metric, row.n, row.amount);
    }
    Ok(sums)
}

/// Sums added up.
pub(crate) fn together<'a>(each: impl Iterator<Item = &'a Sums>) -> Sums {
    let mut all = Sums::default();
    for sums in each {
        for (metric, (n, amount)) in &sums.0 {
            all.add(metric, *n, *amount);
        }
    }
    all
}

/// Sums of each source, all days together.
pub(crate) async fn by_source(
    tx: &mut OrgTx,
    period: &Period,
    metrics: &[&str],
) -> Result<BTreeMap<String, Sums>, sqlx::Error> {
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for row in daily(tx, &asked(period, (period.from, period.to), metrics, Group::Total, By::Source)).await? {
        sums.entry(row.key).or_default().add(&row.metric, row.n, row.amount);
    }
    Ok(sums)
}

/// The histogram of waits: seconds in the middle of each class, and leads, ascending.
pub(crate) async fn waits(
    tx: &mut OrgTx,
    period: &Period,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(f64, i64)>, sqlx::Error> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select metric, sum(n)::bigint from daily_metrics where org_id = $1 and metric = any($6) and day between $2 and $3 and ($4::uuid is null or location_id = $4) and ($5::text is null or source = $5) \
         group by metric order by metric",
    )
    .bind(tx.org())
    .bind(from)
    .bind(to)
    .bind(period.location.map(LocationId::uuid))
    .bind(&period.source)
    .bind((0..=400).map(|bucket| format!("{WAIT}{bucket:03}")).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    let read = |(metric, n): (String, i64)| {
        let bucket: i16 = metric.strip_prefix(WAIT)?.parse().ok()?;
        (n > 0).then(|| (seconds_of(bucket), n))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// The wait within which a share of the leads was answered.
pub(crate) fn quantile(waits: &[(f64, i64)], share: f64) -> Option<f64> {
    let total: i64 = waits.iter().map(|(_, n)| n).sum();
    let target = (total as f64 * share).ceil().max(1.0);
    let mut seen = 0;
    waits.iter().find_map(|(seconds, n)| {
        seen += n;
        (seen as f64 >= target).then_some(*seconds)
    })
}

/// Sums of the inbox by key of a dimension, all days together.
pub(crate) async fn desk(
    tx: &mut OrgTx,
    dimension: &str,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<String, Sums>, sqlx::Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select key, metric, sum(n)::bigint, sum(amount)::bigint from desk_metrics \
         where org_id = $1 and dimension = $2 and day between $3 and $4 group by key, metric",
    )
    .bind(tx.org())
    .bind(dimension)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await?;
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for (key, metric, n, amount) in rows {
        sums.entry(key).or_default().add(&metric, n, amount);
    }
    Ok(sums)
}

/// Every source that told something in the days, for the choice.
pub(crate) async fn sources(tx: &mut OrgTx, from: NaiveDate, to: NaiveDate) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct source from daily_metrics where org_id = $1 and metric in ('leads', 'payments', 'calls', 'reviews') \
           and day between $2 and $3 order by source limit 100",
    )
    .bind(tx.org())
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_come_from_the_histogram_and_shares_bring_their_whole() {
        let waits = [(2.0, 5), (60.0, 4), (3_600.0, 1)];
        assert_eq!((quantile(&waits, 0.5), quantile(&waits, 0.9), quantile(&[], 0.5)), (Some(2.0), Some(60.0), None));
        assert_eq!(with_wholes(&["answered_5", "reviews"]), ["answered_5", "leads", "reviews"]);
    }
}
