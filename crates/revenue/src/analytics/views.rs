//! The six views, as data.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use serde::Serialize;
use shell::AppError;
use utoipa::ToSchema;

use super::inbox::{agents, channels, languages};
use super::period::Period;
use super::store::{self, Sums};
use crate::metrics::{self as m, Metric};
use crate::people::People;
use crate::read;

/// Each view: its name in addresses, and what it is called.
pub(crate) const VIEWS: [(&str, &str); 6] = [
    ("overview", "Overview"),
    ("response", "Response time"),
    ("funnel", "Lead funnel"),
    ("agents", "Agents"),
    ("languages", "Languages"),
    ("channels", "Channels"),
];

/// One figure, compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsFigure {
    /// Its key, such as `leads`.
    pub key: String,
    pub title: String,
    /// Null where there is nothing to make it of.
    pub value: Option<f64>,
    /// `count`, `money` (minor units), `seconds`, `share`, `points` or `stars`.
    pub unit: String,
    /// The same in the days it is compared with.
    pub previous: Option<f64>,
    /// Whether more is better; null for neither.
    pub higher_is_better: Option<bool>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnalyticsShape {
    Line,
    Columns,
    Bars,
}

/// One point of a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsPoint {
    pub label: String,
    pub value: Option<f64>,
    pub previous: Option<f64>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// A series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsSeries {
    pub title: String,
    pub unit: String,
    pub shape: AnalyticsShape,
    pub points: Vec<AnalyticsPoint>,
}

/// Hours of the week: seven rows from Monday with 24 values each.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsWeek {
    pub title: String,
    pub unit: String,
    pub hours: Vec<Vec<Option<f64>>>,
}

/// A column of the table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsColumn {
    pub title: String,
    pub unit: String,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsRow {
    pub key: String,
    pub name: String,
    pub cells: Vec<Option<f64>>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// A table.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct AnalyticsTable {
    /// What its rows are, such as `Source`.
    pub of: String,
    pub columns: Vec<AnalyticsColumn>,
    pub rows: Vec<AnalyticsRow>,
}

/// What a view shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsView {
    /// `overview`, `response`, `funnel`, `agents`, `languages` or `channels`.
    pub view: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The first of the days it is compared with.
    pub before_from: Option<NaiveDate>,
    pub before_to: Option<NaiveDate>,
    /// The currency of every amount of money.
    pub currency: String,
    /// Whether it is of the inbox alone, which knows no locations and sources.
    pub of_inbox: bool,
    pub figures: Vec<AnalyticsFigure>,
    pub series: Vec<AnalyticsSeries>,
    pub week: Vec<AnalyticsWeek>,
    pub table: AnalyticsTable,
}

/// Makes a view; none for a name that is no view.
pub(crate) async fn make(
    tx: &mut OrgTx,
    people: &dyn People,
    name: &str,
    period: &Period,
) -> Result<Option<AnalyticsView>, AppError> {
    let currency = read::currency(tx).await?.code().to_owned();
    let mut view = AnalyticsView {
        view: name.to_owned(),
        from: period.from,
        to: period.to,
        before_from: period.before.map(|(from, _)| from),
        before_to: period.before.map(|(_, to)| to),
        currency,
        of_inbox: matches!(name, "agents" | "languages" | "channels"),
        figures: Vec::new(),
        series: Vec::new(),
        week: Vec::new(),
        table: AnalyticsTable::default(),
    };
    match name {
        "overview" => overview(tx, period, &mut view).await?,
        "response" => response(tx, period, &mut view).await?,
        "funnel" => funnel(tx, period, &mut view).await?,
        "agents" => agents(tx, people, period, &mut view).await?,
        "languages" => languages(tx, period, &mut view).await?,
        "channels" => channels(tx, period, &mut view).await?,
        _ => return Ok(None),
    }
    Ok(Some(view))
}

/// The address of the leads behind a figure of these days.
fn rows(period: &Period, more: &str) -> String {
    let mut href = format!("/revenue/scores/response_velocity/rows?from={}&to={}", period.from, period.to);
    if let Some(id) = period.location {
        href.push_str(&format!("&location={id}"));
    }
    if let Some(source) = period.source.as_deref().filter(|_| !more.starts_with("source=")) {
        href.push_str(&format!("&source={}", shell::page::url_encoded(source)));
    }
    if more.is_empty() { href } else { format!("{href}&{more}") }
}

fn of_source(period: &Period, source: &str) -> String {
    rows(period, &format!("source={}", shell::page::url_encoded(source)))
}

/// A daily metric as a figure.
fn figure(metric: &str, now: &Sums, before: Option<&Sums>, rows: String) -> AnalyticsFigure {
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

pub(super) fn column(title: &str, unit: &str) -> AnalyticsColumn {
    AnalyticsColumn { title: title.to_owned(), unit: unit.to_owned() }
}

fn of_metrics(metrics: &[&str]) -> Vec<AnalyticsColumn> {
    metrics.iter().filter_map(|name| Metric::named(name)).map(|known| column(known.title, known.unit())).collect()
}

/// A daily metric over the days, with the days before.
fn line(
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
async fn both(
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

async fn overview(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let metrics = [
        m::LEADS,
        m::ANSWERED_5,
        m::LEAKED,
        m::BOOKED,
        m::REVENUE,
        m::CALLS,
        m::MISSED_CALLS,
        m::NO_SHOWS,
        m::REVIEWS,
        m::AD_SPEND,
    ];
    let (now, before) = both(tx, period, &metrics).await?;
    let (all, was) = (store::together(now.values()), store::together(before.values()));
    let was = period.before.map(|_| &was);
    let leads = |metric: &str| match metric {
        m::LEADS | m::ANSWERED_5 => rows(period, ""),
        m::LEAKED => rows(period, "stage=any"),
        m::BOOKED => rows(period, "reached=booked"),
        _ => String::new(),
    };
    view.figures = metrics.iter().map(|metric| figure(metric, &all, was, leads(metric))).collect();
    view.series = vec![line(period, m::LEADS, &now, &before), line(period, m::REVENUE, &now, &before)];
    let columns = [m::LEADS, m::ANSWERED_5, m::LEAKED, m::BOOKED, m::REVENUE];
    view.table = by_source(tx, period, &columns).await?;
    Ok(())
}

/// A table of the sources, the one with most leads first.
async fn by_source(tx: &mut OrgTx, period: &Period, columns: &[&str]) -> Result<AnalyticsTable, AppError> {
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

async fn response(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
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

async fn funnel(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let steps = [m::LEADS, m::ANSWERED, m::REACHED, m::QUOTED, m::BOOKED, m::PAID];
    let names = ["Leads", "Answered", "Reached", "Quoted", "Booked", "Paid"];
    let more =
        ["", "waited=0-9223372036854775807", "reached=reached", "reached=quoted", "reached=booked", "reached=paid"];
    let metrics = [m::LEADS, m::ANSWERED, m::REACHED, m::QUOTED, m::BOOKED, m::PAID, m::LEAKED];
    let (now, before) = both(tx, period, &metrics).await?;
    let (all, was) = (store::together(now.values()), store::together(before.values()));
    let compared = period.before.map(|_| &was);
    view.figures = steps
        .iter()
        .zip(names)
        .zip(more)
        .map(|((step, name), more)| AnalyticsFigure {
            key: (*step).to_owned(),
            title: name.to_owned(),
            value: Some(all.n(step) as f64),
            unit: "count".to_owned(),
            previous: compared.map(|was| was.n(step) as f64),
            higher_is_better: Some(true),
            rows: rows(period, more),
        })
        .chain([figure(m::LEAKED, &all, compared, rows(period, "stage=any"))])
        .collect();
    view.series = vec![AnalyticsSeries {
        title: "How far leads come".to_owned(),
        unit: "count".to_owned(),
        shape: AnalyticsShape::Bars,
        points: view.figures[..steps.len()]
            .iter()
            .map(|figure| AnalyticsPoint {
                label: figure.title.clone(),
                value: figure.value,
                previous: figure.previous,
                rows: figure.rows.clone(),
            })
            .collect(),
    }];
    let sources = store::by_source(tx, period, &metrics).await?;
    let mut columns: Vec<AnalyticsColumn> = names.iter().map(|name| column(name, "count")).collect();
    columns.push(column("Leads to paid", "share"));
    let of = |(source, sums): (String, Sums)| {
        let mut cells: Vec<Option<f64>> = steps.iter().map(|step| Some(sums.n(step) as f64)).collect();
        cells.push(sums.share(m::PAID, m::LEADS));
        AnalyticsRow { rows: of_source(period, &source), name: source.clone(), key: source, cells }
    };
    let rows = sources.into_iter().filter(|(_, sums)| sums.n(m::LEADS) > 0).map(of).collect();
    view.table = AnalyticsTable { of: "Source".to_owned(), columns, rows };
    Ok(())
}
