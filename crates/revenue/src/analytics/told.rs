//! A view of analytics for those who make files of it.

use kernel::db::OrgTx;

use super::period::Look;
use super::views::{AnalyticsShape, VIEWS, make};
use crate::brief::{Analysed, AnalysedFigure, AnalysedSeries, Asked};
use crate::people::People;
use crate::read;

/// A view as it is asked for; none for a name that is no view.
pub(crate) async fn analysed(tx: &mut OrgTx, people: &dyn People, asked: &Asked) -> anyhow::Result<Option<Analysed>> {
    let Asked { view, from, to, compare, location, source } = asked.clone();
    let look = Look { from, to, compare, location, source };
    let period = look.read(read::today(tx, None).await?)?;
    let Some(made) = make(tx, people, &view, &period).await? else { return Ok(None) };
    let title = VIEWS.iter().find(|(word, _)| *word == view).map_or(view.clone(), |(_, title)| (*title).to_owned());
    let figures = made.figures.into_iter().map(|figure| AnalysedFigure {
        title: figure.title,
        unit: figure.unit,
        value: figure.value,
        previous: figure.previous,
        higher_is_better: figure.higher_is_better,
    });
    let series = made.series.into_iter().map(|series| AnalysedSeries {
        title: series.title,
        unit: series.unit,
        over_time: series.shape == AnalyticsShape::Line,
        labels: series.points.iter().map(|point| point.label.clone()).collect(),
        values: series.points.iter().map(|point| point.value).collect(),
        previous: series.points.iter().map(|point| point.previous).collect(),
    });
    Ok(Some(Analysed {
        title,
        days: (made.from, made.to),
        before: made.before_from.zip(made.before_to),
        figures: figures.collect(),
        series: series.collect(),
        of: made.table.of,
        columns: made.table.columns.into_iter().map(|column| (column.title, column.unit)).collect(),
        rows: made.table.rows.into_iter().map(|row| (row.name, row.cells)).collect(),
    }))
}
