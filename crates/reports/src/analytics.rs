//! A view of analytics as a sheet: figures, charts and the table, for files.

use kernel::db::OrgTx;

use crate::figures::{Figures, Look, View, ViewFigure, ViewSeries};
use crate::metrics::{chart_values, unit_words};
use crate::organisation;
use crate::sheet::{Chart, ChartKind, Column, Figure, Part, Sheet, Table, Tone, Value};

/// Bars beyond these are in the table.
const MOST_BARS: usize = 15;

/// The sheet of a view; none for a name that is no view.
pub(crate) async fn analytics(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    name: &str,
    look: &Look,
) -> anyhow::Result<Option<Sheet>> {
    let Some(view) = figures.view(tx, name, look).await? else { return Ok(None) };
    let org = organisation::of(tx).await?;
    let day = org.day(tx.clock().now());
    let currency = figures.currency(tx).await?;
    let mut parts = vec![Part::Figures(view.figures.iter().map(figure).collect())];
    parts.extend(view.series.iter().filter_map(|series| chart(series, &currency)).map(Part::Chart));
    if view.rows.is_empty() {
        parts.push(Part::Note("Insufficient data: nothing was counted in these days.".to_owned()));
    } else {
        parts.push(Part::Table(table(&view)));
    }
    let before = view.before.map_or(String::new(), |before| format!(", against {}", before.words()));
    let note = format!("{}{before}", view.period.words());
    Ok(Some(Sheet { title: format!("Analytics: {}", view.name), org: org.name, note, currency, day, parts }))
}

fn figure(figure: &ViewFigure) -> Figure {
    let change = figure.value.zip(figure.previous).map(|(now, was)| now - was);
    Figure {
        label: figure.name.clone(),
        value: Value::of(figure.unit, figure.value),
        change: Value::of(figure.unit, change),
        tone: Tone::of(change.unwrap_or_default(), figure.better),
        note: if figure.value.is_none() { "insufficient data".to_owned() } else { String::new() },
    }
}

fn chart(series: &ViewSeries, currency: &str) -> Option<Chart> {
    if series.labels.len() < 2 || series.values.iter().all(Option::is_none) {
        return None;
    }
    let most = if series.over_time { series.labels.len() } else { MOST_BARS };
    let compared = series.over_time && series.previous.iter().any(Option::is_some);
    let values: Vec<Option<f64>> = series.values.iter().take(most).copied().collect();
    Some(Chart {
        title: series.name.clone(),
        unit: unit_words(series.unit, currency),
        tone: Tone::Plain,
        kind: if series.over_time { ChartKind::Line } else { ChartKind::Bars },
        labels: series.labels.iter().take(most).cloned().collect(),
        values: chart_values(series.unit, currency, &values),
        before: if compared { chart_values(series.unit, currency, &series.previous) } else { Vec::new() },
    })
}

fn table(view: &View) -> Table {
    let mut columns = vec![Column::words(view.of.clone())];
    columns.extend(view.columns.iter().map(|(name, unit)| Column::of(name.clone(), *unit)));
    let row = |(name, cells): &(String, Vec<Option<f64>>)| {
        let cells = cells.iter().zip(&view.columns).map(|(cell, (_, unit))| Value::of(*unit, *cell));
        std::iter::once(Value::Words(name.clone())).chain(cells).collect()
    };
    Table { name: String::new(), columns, rows: view.rows.iter().map(row).collect() }
}
