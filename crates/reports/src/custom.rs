//! Reports of one's own: chosen metrics over days, told apart by time, source or place, with a chart.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::{Deserialize, Serialize};
use shell::Detail;
use utoipa::ToSchema;

use crate::briefing::keys_of;
use crate::figures::{Ask, Figures, Metric, Split, Sum, Unit};
use crate::metrics::{chart_values, find, unit_words};
use crate::organisation;
use crate::period::Period;
use crate::readings::Readings;
use crate::sheet::{Chart, ChartKind, Column, Figure, Part, Sheet, Table, Tone, Value};

/// The most metrics of a report: a table that fits on a page.
pub(crate) const MOST_METRICS: usize = 8;
/// The longest look back, in days.
pub(crate) const LONGEST: u16 = 731;
/// The most charts.
const MOST_CHARTS: usize = 4;

/// What the rows of a report are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportGroup {
    /// A row a day.
    #[default]
    Day,
    /// A row a week, from Monday.
    Week,
    /// A row a month.
    Month,
    /// A row a source.
    Source,
    /// A row a place.
    Location,
    /// One row.
    Total,
}

/// How a report is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportChart {
    /// Lines over time.
    #[default]
    Line,
    /// Bars.
    Bars,
    /// Not at all.
    None,
}

/// What a report of one's own is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportDesign {
    /// Metrics by their keys, 1 to 8 of them.
    #[schema(example = json!(["leads", "revenue"]))]
    pub metrics: Vec<String>,
    /// What its rows are.
    #[serde(default)]
    pub group: ReportGroup,
    /// How it is drawn.
    #[serde(default)]
    pub chart: ReportChart,
    /// How many full days it looks back, 1 to 731.
    #[serde(default = "four_weeks")]
    #[schema(minimum = 1, maximum = 731, default = 28)]
    pub days: u16,
    /// Whether the days before are compared.
    #[serde(default)]
    pub compare: bool,
    /// One place alone.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// One source alone.
    #[serde(default)]
    pub source: Option<String>,
}

fn four_weeks() -> u16 {
    28
}

impl ReportDesign {
    /// What is wrong with it, field by field.
    pub(crate) fn problems(&self, known: &[Metric]) -> Vec<Detail> {
        let mut problems = Vec::new();
        if self.metrics.is_empty() || self.metrics.len() > MOST_METRICS {
            problems.push(Detail::new("metrics", format!("choose 1 to {MOST_METRICS} metrics")));
        }
        for (place, key) in self.metrics.iter().enumerate() {
            if find(known, key).is_none() {
                problems.push(Detail::new("metrics", format!("{key} is not a metric")));
            } else if self.metrics[..place].contains(key) {
                problems.push(Detail::new("metrics", format!("{key} is chosen twice")));
            }
        }
        if !(1..=LONGEST).contains(&self.days) {
            problems.push(Detail::new("days", format!("must be 1 to {LONGEST}")));
        }
        if self.source.as_ref().is_some_and(|source| source.chars().count() > 100) {
            problems.push(Detail::new("source", "must have at most 100 characters"));
        }
        problems
    }

    /// The days it covers when it is made on a day: full ones.
    pub(crate) fn period(&self, day: NaiveDate) -> Period {
        Period::ending(day - Days::new(1), u64::from(self.days))
    }

    fn split(&self) -> Split {
        match self.group {
            ReportGroup::Source => Split::Source,
            ReportGroup::Location => Split::Place,
            _ => Split::Whole,
        }
    }
}

/// The report that a design makes over days.
pub(crate) async fn custom(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    name: &str,
    design: &ReportDesign,
    (day, period): (NaiveDate, Period),
) -> anyhow::Result<Sheet> {
    let org = organisation::of(tx).await?;
    let currency = figures.currency(tx).await?;
    let known = figures.metrics();
    let metrics: Vec<Metric> = design.metrics.iter().filter_map(|key| find(&known, key)).cloned().collect();
    let places = figures.places(tx).await?;
    let asked = Period { from: if design.compare { period.before().from } else { period.from }, to: period.to };
    let ask = Ask {
        metrics: keys_of(&metrics),
        period: asked,
        split: design.split(),
        place: design.location_id,
        source: design.source.clone().filter(|source| !source.is_empty()),
    };
    let names: BTreeMap<String, String> =
        places.iter().map(|place| (place.id.to_string(), place.name.clone())).collect();
    let note = note(design, period, &names);
    let made = Made { metrics, currency, period, readings: Readings::new(figures.sums(tx, &ask).await?) };
    let mut parts = vec![Part::Figures(made.figures(design.compare))];
    let rows = made.rows(design.group, &names);
    if made.readings.rows().is_empty() {
        parts.push(Part::Note("There is no data yet for these metrics in these days.".to_owned()));
    } else {
        parts.extend(made.charts(design, &rows).into_iter().map(Part::Chart));
        parts.push(Part::Table(made.table(design.group, &rows)));
    }
    Ok(Sheet { title: name.to_owned(), org: org.name, note, currency: made.currency, day, parts })
}

fn note(design: &ReportDesign, period: Period, names: &BTreeMap<String, String>) -> String {
    let mut note = period.words();
    if let Some(name) = design.location_id.and_then(|id| names.get(&id.to_string())) {
        note = format!("{note} · {name}");
    }
    if let Some(source) = design.source.as_ref().filter(|source| !source.is_empty()) {
        note = format!("{note} · {source}");
    }
    note
}

/// Sums at hand, read as the chosen metrics.
pub(crate) struct Made {
    pub metrics: Vec<Metric>,
    pub currency: String,
    pub period: Period,
    pub readings: Readings,
}

/// A row: what it is, and the value of each metric.
pub(crate) struct Row {
    head: Value,
    label: String,
    values: Vec<Option<f64>>,
}

impl Made {
    /// The whole of each metric, against the days before where that is asked.
    pub(crate) fn figures(&self, compare: bool) -> Vec<Figure> {
        let before = self.period.before();
        self.metrics
            .iter()
            .map(|metric| {
                let now = self.readings.over(metric, self.period);
                let was = if compare { self.readings.over(metric, before) } else { None };
                let change = now.zip(was).map(|(now, was)| now - was);
                Figure {
                    label: metric.name.clone(),
                    value: Value::of(metric.unit, now),
                    change: Value::of(metric.unit, change),
                    tone: Tone::of(change.unwrap_or_default(), metric.better),
                    note: match (now, was) {
                        (None, _) => "insufficient data".to_owned(),
                        (_, Some(was)) => {
                            format!(
                                "{} in the {} days before",
                                Value::of(metric.unit, Some(was)).words(&self.currency),
                                before.len()
                            )
                        }
                        _ => String::new(),
                    },
                }
            })
            .collect()
    }

    pub(crate) fn rows(&self, group: ReportGroup, names: &BTreeMap<String, String>) -> Vec<Row> {
        let row = |head: Value, label: String, counts: &dyn Fn(&Sum) -> bool| Row {
            head,
            label,
            values: self
                .metrics
                .iter()
                .map(|metric| self.readings.read(metric, |sum| self.period.has(sum.day) && counts(sum)))
                .collect(),
        };
        match group {
            ReportGroup::Total => vec![row(Value::Words("Total".to_owned()), "Total".to_owned(), &|_: &Sum| true)],
            ReportGroup::Source | ReportGroup::Location => {
                let mut keys: Vec<&String> = self.readings.rows().iter().map(|sum| &sum.key).collect();
                keys.sort();
                keys.dedup();
                let mut rows: Vec<Row> = keys
                    .into_iter()
                    .map(|key| {
                        let name = match names.get(key) {
                            Some(name) => name.clone(),
                            None if key.is_empty() => "no place named".to_owned(),
                            None => key.clone(),
                        };
                        row(Value::Words(name.clone()), name, &|sum: &Sum| sum.key == *key)
                    })
                    .collect();
                rows.retain(|row| row.values.iter().any(Option::is_some));
                // The most of the first metric first; names decide between equals.
                let first = |row: &Row| row.values.first().copied().flatten().unwrap_or(f64::NEG_INFINITY);
                rows.sort_by(|a, b| first(b).total_cmp(&first(a)).then_with(|| a.label.cmp(&b.label)));
                rows
            }
            ReportGroup::Day | ReportGroup::Week | ReportGroup::Month => {
                let mut starts: Vec<NaiveDate> = self.period.days().map(|day| start(group, day)).collect();
                starts.dedup();
                starts
                    .into_iter()
                    .map(|first| {
                        let label = first.format(if group == ReportGroup::Month { "%b %Y" } else { "%-d %b" });
                        let head = if group == ReportGroup::Month {
                            Value::Words(first.format("%B %Y").to_string())
                        } else {
                            Value::Day(first.max(self.period.from))
                        };
                        row(head, label.to_string(), &|sum: &Sum| start(group, sum.day) == first)
                    })
                    .collect()
            }
        }
    }

    fn table(&self, group: ReportGroup, rows: &[Row]) -> Table {
        let head = match group {
            ReportGroup::Day => "Day",
            ReportGroup::Week => "Week from",
            ReportGroup::Month => "Month",
            ReportGroup::Source => "Source",
            ReportGroup::Location => "Place",
            ReportGroup::Total => "",
        };
        let mut columns = vec![Column::words(head)];
        columns.extend(self.metrics.iter().map(|metric| Column::of(metric.name.clone(), metric.unit)));
        let cells = |row: &Row| {
            let values = self.metrics.iter().zip(&row.values).map(|(metric, value)| Value::of(metric.unit, *value));
            std::iter::once(row.head.clone()).chain(values).collect()
        };
        Table { name: String::new(), columns, rows: rows.iter().map(cells).collect() }
    }

    /// A chart a metric: two units never share an axis.
    pub(crate) fn charts(&self, design: &ReportDesign, rows: &[Row]) -> Vec<Chart> {
        let by_time = matches!(design.group, ReportGroup::Day | ReportGroup::Week | ReportGroup::Month);
        let kind = match design.chart {
            ReportChart::None => return Vec::new(),
            ReportChart::Line if by_time => ChartKind::Line,
            ReportChart::Line | ReportChart::Bars => ChartKind::Bars,
        };
        if rows.len() < 2 {
            return Vec::new();
        }
        // A bar a row: of many the latest days, or the largest sources and places; the table has them all.
        let rows = match kind {
            ChartKind::Line => rows,
            ChartKind::Bars if by_time => &rows[rows.len().saturating_sub(31)..],
            ChartKind::Bars => &rows[..rows.len().min(15)],
        };
        self.metrics
            .iter()
            .enumerate()
            .take(MOST_CHARTS)
            .map(|(place, metric)| {
                let values: Vec<Option<f64>> =
                    rows.iter().map(|row| row.values.get(place).copied().flatten()).collect();
                Chart {
                    title: metric.name.clone(),
                    unit: unit_words(metric.unit, &self.currency),
                    tone: if metric.better == Some(false) { Tone::Risk } else { Tone::Plain },
                    kind,
                    labels: rows.iter().map(|row| row.label.clone()).collect(),
                    values: chart_values(metric.unit, &self.currency, &values),
                    before: self.before(design, metric),
                }
            })
            .collect()
    }

    /// The same days before, drawn behind the line.
    fn before(&self, design: &ReportDesign, metric: &Metric) -> Vec<Option<f64>> {
        if !design.compare || design.group != ReportGroup::Day || design.chart != ReportChart::Line {
            return Vec::new();
        }
        chart_values(metric.unit, &self.currency, &self.readings.daily(metric, self.period.before()))
    }
}

/// The first day of the group that a day is in.
fn start(group: ReportGroup, day: NaiveDate) -> NaiveDate {
    match group {
        ReportGroup::Week => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
        ReportGroup::Month => day.with_day(1).unwrap_or(day),
        _ => day,
    }
}

/// The metrics offered first: money, leads, and how fast they are answered.
pub(crate) fn first_choice(known: &[Metric]) -> Vec<String> {
    let money = known.iter().filter(|metric| metric.unit == Unit::Money && metric.better == Some(true));
    let counts = known.iter().filter(|metric| metric.unit == Unit::Count);
    let mut keys: Vec<String> = Vec::new();
    keys.extend(counts.take(1).map(|metric| metric.key.clone()));
    keys.extend(money.take(1).map(|metric| metric.key.clone()));
    keys
}
