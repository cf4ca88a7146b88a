//! The view of how long people wait.

use std::collections::BTreeMap;

use kernel::db::OrgTx;
use shell::AppError;

use super::parts::{both, by_source, figure, line, rows};
use super::{AnalyticsFigure, AnalyticsPoint, AnalyticsSeries, AnalyticsShape, AnalyticsView, AnalyticsWeek};
use crate::analytics::period::Period;
use crate::analytics::store::{self, Sums};
use crate::metrics as m;

/// Classes of waits: until how many seconds, and how they are called.
const CLASSES: [(i64, &str); 8] = [
    (60, "1 min"),
    (300, "5 min"),
    (900, "15 min"),
    (3_600, "1 h"),
    (14_400, "4 h"),
    (43_200, "12 h"),
    (86_400, "1 day"),
    (i64::MAX, "longer"),
];

pub(super) async fn response(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let metrics = [m::LEADS, m::ANSWERED, m::ANSWERED_5, m::ANSWERED_60, m::VELOCITY, m::VELOCITY_BUSINESS];
    let (now, before) = both(tx, period, &metrics).await?;
    let (all, was) = (store::together(now.values()), store::together(before.values()));
    let was = period.before.map(|_| &was);
    let waits = store::waits(tx, period, (period.from, period.to)).await?;
    let waited = match period.before {
        Some(days) => store::waits(tx, period, days).await?,
        None => Vec::new(),
    };
    let quantile = |key: &str, title: &str, share: f64| AnalyticsFigure {
        key: key.to_owned(),
        title: title.to_owned(),
        value: store::quantile(&waits, share),
        unit: "seconds".to_owned(),
        previous: store::quantile(&waited, share),
        higher_is_better: Some(false),
        rows: rows(period, ""),
    };
    let never = |sums: &Sums| sums.share(m::ANSWERED, m::LEADS).map(|answered| 1.0 - answered);
    view.figures = vec![
        quantile("median_s", "Median wait", 0.5),
        quantile("p90_s", "Nine of ten within", 0.9),
        figure(m::ANSWERED_5, &all, was, rows(period, "waited=0-300")),
        figure(m::ANSWERED_60, &all, was, rows(period, "waited=0-3600")),
        AnalyticsFigure {
            key: "never".to_owned(),
            title: "Never answered".to_owned(),
            value: never(&all),
            unit: "share".to_owned(),
            previous: was.and_then(never),
            higher_is_better: Some(false),
            rows: rows(period, "waited=never"),
        },
        figure(m::VELOCITY_BUSINESS, &all, was, String::new()),
    ];
    view.series = vec![histogram(period, &waits, &waited), line(period, m::VELOCITY, &now, &before)];
    view.week = week(&store::desk(tx, "hour", (period.from, period.to)).await?);
    let columns = [m::LEADS, m::ANSWERED, m::ANSWERED_5, m::ANSWERED_60, m::VELOCITY];
    view.table = by_source(tx, period, &columns).await?;
    Ok(())
}

fn histogram(period: &Period, waits: &[(f64, i64)], waited: &[(f64, i64)]) -> AnalyticsSeries {
    let mut least = 0;
    let count = |waits: &[(f64, i64)], least: i64, below: i64| -> f64 {
        let within = waits.iter().filter(|(seconds, _)| *seconds >= least as f64 && *seconds < below as f64);
        within.map(|(_, n)| *n as f64).sum()
    };
    let points = CLASSES.map(|(below, label)| {
        let point = AnalyticsPoint {
            label: label.to_owned(),
            value: Some(count(waits, least, below)),
            previous: period.before.map(|_| count(waited, least, below)),
            rows: rows(period, &format!("waited={least}-{below}")),
        };
        least = below;
        point
    });
    AnalyticsSeries {
        title: "How long until the first answer".to_owned(),
        unit: "count".to_owned(),
        shape: AnalyticsShape::Columns,
        points: points.into(),
    }
}

/// The hours of the week: how much comes in, and how long it waits.
fn week(hours: &BTreeMap<String, Sums>) -> Vec<AnalyticsWeek> {
    let of = |value: &dyn Fn(&Sums) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
        (1..=7)
            .map(|day| (0..24).map(|hour| hours.get(&format!("{day}-{hour:02}")).and_then(value)).collect())
            .collect()
    };
    if hours.is_empty() {
        return Vec::new();
    }
    vec![
        AnalyticsWeek {
            title: "When people write".to_owned(),
            unit: "count".to_owned(),
            hours: of(&|sums| Some(sums.n("received")).filter(|n| *n > 0).map(|n| n as f64)),
        },
        AnalyticsWeek {
            title: "How long they wait, by the hour they wrote".to_owned(),
            unit: "seconds".to_owned(),
            hours: of(&|sums| sums.mean("answered")),
        },
    ]
}
