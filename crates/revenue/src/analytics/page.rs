//! `/analytics/{view}`: a view as a page, and its table as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Days, NaiveDate};
use shell::auth::Permission;
use shell::auth::permission::{Export, View as Sees};
use shell::chart::{Bars, Columns, Heat, Line, Svg, Tone};
use shell::csv::Csv;
use shell::{Allowed, AppError, Frame, Path, Query, Tab, show};

use super::period::{Look, Period};
use super::store;
use super::views::{
    AnalyticsFigure, AnalyticsSeries, AnalyticsShape, AnalyticsTable, AnalyticsView, AnalyticsWeek, VIEWS, make,
};
use crate::pages::{Choice, choices, words};
use crate::people::People;
use crate::read;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[derive(Template)]
#[template(path = "analytics/show.html")]
struct AnalyticsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    views: Vec<Tab>,
    here: String,
    look: Look,
    presets: Vec<Tab>,
    compares: Vec<Choice>,
    places: Vec<Choice>,
    sources: Vec<Choice>,
    period: String,
    before: String,
    of_inbox: bool,
    figures: Vec<Shown>,
    charts: Vec<Svg>,
    drills: Vec<(String, Vec<(String, String)>)>,
    weeks: Vec<Svg>,
    table: Table,
    csv: String,
    pdf: bool,
    empty: bool,
}

/// A figure as it reads.
struct Shown {
    title: String,
    value: String,
    change: String,
    tone: &'static str,
    note: String,
    rows: String,
}

/// The table as it reads.
struct Table {
    of: String,
    heads: Vec<String>,
    rows: Vec<(String, String, Vec<String>)>,
}

/// `/analytics` is its first view.
pub(crate) async fn first(_: Allowed<Sees>, Query(look): Query<Look>) -> Redirect {
    Redirect::to(&format!("/analytics/overview{}", look.query()))
}

pub(crate) async fn page(
    by: Allowed<Sees>,
    State(people): State<Arc<dyn People>>,
    Path(name): Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let today = read::today(&mut tx, None).await?;
    let period = look.read(today)?;
    let view = make(&mut tx, people.as_ref(), &name, &period).await?;
    let view = view.ok_or_else(|| AppError::not_found("view of analytics"))?;
    let places = choices(&read::locations(&mut tx).await?, period.location)?;
    let sources = store::sources(&mut tx, period.from, period.to).await?;
    let query = look.query();
    let title = VIEWS.iter().find(|(word, _)| *word == name).map_or("Analytics", |(_, title)| *title);
    Ok(show(&AnalyticsPage {
        frame: by.frame(format!("Analytics: {title}")),
        tabs: crate::pages::tabs("/analytics"),
        views: VIEWS
            .iter()
            .map(|(word, title)| Tab::new(*title, format!("/analytics/{word}{query}"), *word == name))
            .collect(),
        here: format!("/analytics/{name}"),
        presets: presets(&name, &look, today, &period),
        compares: compares(&look),
        places,
        sources: of_sources(sources, &look),
        period: days(period.from, period.to),
        before: period.before.map(|(from, to)| days(from, to)).unwrap_or_default(),
        of_inbox: view.of_inbox,
        figures: view.figures.iter().map(|figure| shown(figure, &view.currency)).collect(),
        charts: view.series.iter().map(|series| chart(series, &view.currency)).collect(),
        drills: view.series.iter().filter_map(drill).collect(),
        weeks: view.week.iter().map(week).collect(),
        empty: view.table.rows.is_empty(),
        table: table(&view),
        csv: format!("/analytics/{name}/table.csv{query}"),
        pdf: by.may(Permission::Export),
        look: Look { from: period.from.to_string(), to: period.to.to_string(), ..look },
    })?
    .into_response())
}

fn days(from: NaiveDate, to: NaiveDate) -> String {
    format!("{} to {}", from.format("%-d %b %Y"), to.format("%-d %b %Y"))
}

fn presets(name: &str, look: &Look, today: NaiveDate, period: &Period) -> Vec<Tab> {
    [(7, "7 days"), (28, "28 days"), (90, "90 days"), (365, "A year")]
        .into_iter()
        .map(|(days, label)| {
            let from = today - Days::new(days - 1);
            let other = Look { from: from.to_string(), to: today.to_string(), ..look.clone() };
            Tab::new(label, format!("/analytics/{name}{}", other.query()), period.from == from && period.to == today)
        })
        .collect()
}

fn compares(look: &Look) -> Vec<Choice> {
    let chosen = if look.compare.is_empty() { "previous" } else { look.compare.as_str() };
    [("previous", "The days before"), ("year", "A year before"), ("none", "Nothing")]
        .into_iter()
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == chosen })
        .collect()
}

fn of_sources(sources: Vec<String>, look: &Look) -> Vec<Choice> {
    let every = Choice { value: String::new(), label: "Every source".to_owned(), chosen: look.source.is_empty() };
    let each = sources.into_iter().map(|source| Choice {
        chosen: source == look.source,
        label: source.clone(),
        value: source,
    });
    std::iter::once(every).chain(each).collect()
}

fn shown(figure: &AnalyticsFigure, currency: &str) -> Shown {
    let said = |value: f64| words::figure(value, &figure.unit, currency);
    let (change, tone) = match (figure.value, figure.previous) {
        (Some(value), Some(previous)) => changed(value, previous, figure.higher_is_better),
        _ => (String::new(), ""),
    };
    Shown {
        title: figure.title.clone(),
        value: figure.value.map_or_else(|| "–".to_owned(), said),
        change,
        tone,
        note: figure.previous.map(|previous| format!("from {}", said(previous))).unwrap_or_default(),
        rows: figure.rows.clone(),
    }
}

/// A change in per cent; none against nothing.
fn changed(value: f64, previous: f64, better: Option<bool>) -> (String, &'static str) {
    if previous == 0.0 {
        return (String::new(), "");
    }
    let gone = (value - previous) / previous.abs() * 100.0;
    if gone.abs() < 0.5 {
        return ("±0 %".to_owned(), "");
    }
    let tone = match better {
        Some(better) if better == (gone > 0.0) => "won",
        Some(_) => "risk",
        None => "",
    };
    if gone >= 1_000.0 {
        return (format!("{:.0}×", value / previous), tone);
    }
    (format!("{}{:.0} %", if gone > 0.0 { "+" } else { "−" }, gone.abs()), tone)
}

/// How a unit is drawn: its name, and what a value becomes.
fn drawn(unit: &str, currency: &str) -> (String, Box<dyn Fn(f64) -> f64>) {
    match unit {
        "money" => {
            let code = currency.to_owned();
            (currency.to_owned(), Box::new(move |value| words::major(value, &code)))
        }
        "share" => ("%".to_owned(), Box::new(|value| value * 100.0)),
        "seconds" => ("min".to_owned(), Box::new(|value| value / 60.0)),
        "count" => (String::new(), Box::new(|value| value)),
        other => (other.to_owned(), Box::new(|value| value)),
    }
}

fn chart(series: &AnalyticsSeries, currency: &str) -> Svg {
    let (unit, scale) = drawn(&series.unit, currency);
    let value = |value: Option<f64>| value.map_or(f64::NAN, &scale);
    match series.shape {
        AnalyticsShape::Line => {
            let labels = series.points.iter().map(|point| point.label.clone()).collect();
            let mut line = Line::new(series.title.clone(), unit, labels);
            if series.points.iter().any(|point| point.previous.is_some()) {
                line = line.series(
                    "before",
                    Tone::Quiet,
                    series.points.iter().map(|point| value(point.previous)).collect(),
                );
            }
            line.series("now", Tone::Accent, series.points.iter().map(|point| value(point.value)).collect()).draw()
        }
        AnalyticsShape::Columns => {
            let rows = series.points.iter().map(|point| (point.label.clone(), value(point.value)));
            Columns::new(series.title.clone(), unit).rows(rows.collect()).draw()
        }
        AnalyticsShape::Bars => {
            let rows = series.points.iter().map(|point| (point.label.clone(), value(point.value)));
            Bars::new(series.title.clone(), unit).rows(rows.collect()).draw()
        }
    }
}

/// The rows behind the points of a series: its title, and each point with its address.
fn drill(series: &AnalyticsSeries) -> Option<(String, Vec<(String, String)>)> {
    let points =
        series.points.iter().filter(|point| !point.rows.is_empty() && point.value.is_some_and(|value| value > 0.0));
    let links: Vec<(String, String)> = points.map(|point| (point.label.clone(), point.rows.clone())).collect();
    (!links.is_empty()).then(|| (series.title.clone(), links))
}

fn week(week: &AnalyticsWeek) -> Svg {
    let waits = week.unit == "seconds";
    let (unit, tone) = if waits { ("minutes on average", Tone::Risk) } else { ("messages", Tone::Accent) };
    let hours = (0..24).map(|hour| hour.to_string()).collect();
    let mut heat = Heat::new(week.title.clone(), unit, tone, hours);
    for (day, cells) in WEEKDAYS.into_iter().zip(&week.hours) {
        let cell = |value: &f64| {
            let value = if waits { value / 60.0 } else { *value };
            let text = if waits && value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
            (value, text)
        };
        heat = heat.row(day, cells.iter().map(|value| value.as_ref().map(cell)).collect());
    }
    heat.draw()
}

fn table(view: &AnalyticsView) -> Table {
    let AnalyticsTable { of, columns, rows } = &view.table;
    let cells = |cells: &[Option<f64>]| -> Vec<String> {
        let each = cells.iter().zip(columns);
        each.map(|(value, column)| {
            value.map_or_else(|| "–".to_owned(), |value| words::figure(value, &column.unit, &view.currency))
        })
        .collect()
    };
    Table {
        of: of.clone(),
        heads: columns.iter().map(|column| column.title.clone()).collect(),
        rows: rows.iter().map(|row| (row.name.clone(), row.rows.clone(), cells(&row.cells))).collect(),
    }
}

/// The figures and the table as a file: plain numbers, money in minor units.
pub(crate) async fn csv(
    by: Allowed<Export>,
    State(people): State<Arc<dyn People>>,
    Path(name): Path<String>,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let period = look.read(read::today(&mut tx, None).await?)?;
    let view = make(&mut tx, people.as_ref(), &name, &period).await?;
    let view = view.ok_or_else(|| AppError::not_found("view of analytics"))?;
    let mut heads = vec![view.table.of.clone()];
    heads.extend(view.table.columns.iter().map(|column| match column.unit.as_str() {
        "money" => format!("{} ({}, minor units)", column.title, view.currency),
        unit => format!("{} ({unit})", column.title),
    }));
    let mut table = Csv::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &view.table.rows {
        let cells = row.cells.iter().map(|value| value.map(|value| value.to_string()).unwrap_or_default());
        let cells: Vec<String> = std::iter::once(row.name.clone()).chain(cells).collect();
        table.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Ok(table.download(&format!("{name}-{}-{}.csv", view.from, view.to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_in_per_cent_and_none_against_nothing() {
        assert_eq!(changed(120.0, 100.0, Some(true)), ("+20 %".to_owned(), "won"));
        assert_eq!(changed(120.0, 100.0, Some(false)), ("+20 %".to_owned(), "risk"));
        assert_eq!(changed(100.2, 100.0, None), ("±0 %".to_owned(), ""));
        assert_eq!(changed(5.0, 0.0, Some(true)), (String::new(), ""));
        assert_eq!(changed(25.0, 1.0, Some(false)), ("25×".to_owned(), "risk"));
    }
}
