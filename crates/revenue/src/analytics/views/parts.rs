//! What views are made of: figures and lines of daily metrics, a table of the sources, the addresses of rows.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use shell::AppError;

use super::{
    AnalyticsColumn, AnalyticsFigure, AnalyticsPoint, AnalyticsRow, AnalyticsSeries, AnalyticsShape, AnalyticsTable,
    column,
};
use crate::analytics::period::Period;
use crate::analytics::store::{self, Sums};
use crate::metrics::{self as m, Metric};

/// The address of the leads behind a figure of these days.
pub(super) fn rows(period: &Period, more: &str) -> String {
    let mut href = format!("/revenue/scores/response_velocity/rows?from={}&to={}", period.from, period.to);
    if let Some(id) = period.location {
        href.push_str(&format!("&location={id}"));
    }
    if let Some(source) = period.source.as_deref().filter(|_| !more.starts_with("source=")) {
        href.push_str(&format!("&source={}", shell::page::url_encoded(source)));
    }
    if more.is_empty() { href } else { format!("{href}&{more}") }
}

pub(super) fn of_source(period: &Period, source: &str) -> String {
    rows(period, &format!("source={}", shell::page::url_encoded(source)))
}

/// A daily metric as a figure.
pub(super) fn figure(metric: &str, now: &Sums, before: Option<&Sums>, rows: String) -> AnalyticsFigure {
    let known = Metric::named(metric);
    AnalyticsFigure {
        key: metric.to_owned(),
        title: known.map_or(metric, |known| known.title).to_owned(),
        value: now.figure(metric),
        unit: known.map_or("count", Metric::unit).to_owned(),
        previous: before.and_then(|before| before.figure(metric)),
        higher_is_better: known.and_then(|known| known.higher_is_better),
        rows,
    }
}

fn of_metrics(metrics: &[&str]) -> Vec<AnalyticsColumn> {
    metrics.iter().filter_map(|name| Metric::named(name)).map(|known| column(known.title, known.unit())).collect()
}

/// A daily metric over the days, with the days before.
pub(super) fn line(
    period: &Period,
    metric: &str,
    now: &BTreeMap<NaiveDate, Sums>,
    before: &BTreeMap<NaiveDate, Sums>,
) -> AnalyticsSeries {
    let known = Metric::named(metric);
    let counts = known.is_some_and(|known| matches!(known.shown, m::Shown::Count | m::Shown::Money));
    // A day without rows is a day of nothing for what is counted, and no value for a mean.
    let value = |sums: Option<&Sums>| match sums {
        Some(sums) => sums.figure(metric),
        None => counts.then_some(0.0),
    };
    AnalyticsSeries {
        title: format!("{} by day", known.map_or(metric, |known| known.title)),
        unit: known.map_or("count", Metric::unit).to_owned(),
        shape: AnalyticsShape::Line,
        points: period
            .days()
            .map(|day| AnalyticsPoint {
                label: day.format("%-d %b").to_string(),
                value: value(now.get(&day)),
                previous: period.day_before(day).and_then(|day| value(before.get(&day))),
                rows: String::new(),
            })
            .collect(),
    }
}

/// The sums of each day, now and before.
pub(super) async fn both(
    tx: &mut OrgTx,
    period: &Period,
    metrics: &[&str],
) -> Result<(BTreeMap<NaiveDate, Sums>, BTreeMap<NaiveDate, Sums>), AppError> {
    let now = store::by_day(tx, period, (period.from, period.to), metrics).await?;
    let before = match period.before {
        Some(days) => store::by_day(tx, period, days, metrics).await?,
        None => BTreeMap::new(),
    };
    Ok((now, before))
}

/// A table of the sources, the one with most leads first.
pub(super) async fn by_source(tx: &mut OrgTx, period: &Period, columns: &[&str]) -> Result<AnalyticsTable, AppError> {
    let mut sources: Vec<(String, Sums)> = store::by_source(tx, period, columns).await?.into_iter().collect();
    sources.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.n(m::LEADS)));
    let rows = sources.into_iter().map(|(source, sums)| AnalyticsRow {
        cells: columns.iter().map(|metric| sums.figure(metric)).collect(),
        rows: if sums.n(m::LEADS) > 0 { of_source(period, &source) } else { String::new() },
        name: source.clone(),
        key: source,
    });
    Ok(AnalyticsTable { of: "Source".to_owned(), columns: of_metrics(columns), rows: rows.collect() })
}
