//! The performance report: every score and every metric of some days against the ones before, in one file.

use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::LocationId;

use crate::briefing::keys_of;
use crate::custom::{Made, ReportChart, ReportDesign, ReportGroup};
use crate::figures::{Ask, Figures, Metric, Split, Unit};
use crate::organisation;
use crate::period::Period;
use crate::readings::Readings;
use crate::sheet::{Column, Figure, Part, Sheet, Table, Tone, Value};

/// Those with a line of their own, at most.
const MOST_LINES: usize = 3;

pub(crate) async fn performance(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    place: Option<LocationId>,
    (day, period): (NaiveDate, Period),
) -> anyhow::Result<Sheet> {
    let org = organisation::of(tx).await?;
    let currency = figures.currency(tx).await?;
    let metrics = figures.metrics();
    let asked = Period { from: period.before().from, to: period.to };
    let ask = Ask { metrics: keys_of(&metrics), period: asked, split: Split::Whole, place, source: None };
    let readings = Readings::new(figures.sums(tx, &ask).await?);
    let known: Vec<Metric> = metrics.into_iter().filter(|metric| readings.over(metric, period).is_some()).collect();
    let made = Made { metrics: known, currency, period, readings };
    let scores = figures.scores(tx, period.to, place).await?;
    let mut parts = Vec::new();
    let top: Vec<Figure> = scores
        .iter()
        .filter(|score| score.value.is_some())
        .map(|score| Figure {
            label: score.name.clone(),
            value: Value::of(score.unit, score.value),
            change: Value::Missing,
            tone: Tone::Plain,
            note: format!("as of {}", score.day.format("%-d %B")),
        })
        .collect();
    if !top.is_empty() {
        parts.push(Part::Figures(top));
    }
    if made.metrics.is_empty() {
        parts.push(Part::Note(
            "Insufficient data: nothing was counted in these days. Connect a channel or bring in your past leads and payments."
                .to_owned(),
        ));
    } else {
        parts.push(Part::Heading("Figures".to_owned()));
        parts.push(Part::Table(against(&made)));
        parts.extend(lines(&made).into_iter().map(Part::Chart));
        parts.extend(leaks(tx, figures, period, place).await?.map(Part::Table));
    }
    let note = place_name(tx, figures, place)
        .await?
        .map_or_else(|| period.words(), |name| format!("{} · {name}", period.words()));
    Ok(Sheet { title: "Performance".to_owned(), org: org.name, note, currency: made.currency, day, parts })
}

async fn place_name(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    place: Option<LocationId>,
) -> anyhow::Result<Option<String>> {
    let Some(place) = place else { return Ok(None) };
    Ok(figures.places(tx).await?.into_iter().find(|one| one.id == place).map(|one| one.name))
}

/// Every metric, with the days before.
fn against(made: &Made) -> Table {
    let before = made.period.before();
    let rows = made
        .metrics
        .iter()
        .map(|metric| {
            let (now, was) = (made.readings.over(metric, made.period), made.readings.over(metric, before));
            let words = |value: Option<f64>| Value::Words(Value::of(metric.unit, value).words(&made.currency));
            let change = now.zip(was).filter(|(_, was)| *was != 0.0).map(|(now, was)| (now - was) / was.abs());
            vec![Value::Words(metric.name.clone()), words(now), words(was), change.map_or(Value::Missing, Value::Share)]
        })
        .collect();
    let columns = vec![
        Column::words("Figure"),
        Column::words("These days"),
        Column::words("The days before"),
        Column::of("Change", Unit::Share),
    ];
    Table { name: String::new(), columns, rows }
}

/// The days of what matters most: counts and money.
fn lines(made: &Made) -> Vec<crate::sheet::Chart> {
    let worth = |metric: &&Metric| matches!(metric.unit, Unit::Count | Unit::Money) && metric.better.is_some();
    let metrics: Vec<Metric> = made.metrics.iter().filter(worth).take(MOST_LINES).cloned().collect();
    let design = ReportDesign {
        metrics: metrics.iter().map(|metric| metric.key.clone()).collect(),
        group: ReportGroup::Day,
        chart: ReportChart::Line,
        compare: true,
        ..ReportDesign::default()
    };
    let made = Made { metrics, currency: made.currency.clone(), period: made.period, readings: made.readings.clone() };
    let rows = made.rows(ReportGroup::Day, &std::collections::BTreeMap::new());
    made.charts(&design, &rows)
}

async fn leaks(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    period: Period,
    place: Option<LocationId>,
) -> anyhow::Result<Option<Table>> {
    let leaks = figures.leaks(tx, period, place, 0).await?;
    let rows: Vec<Vec<Value>> = leaks
        .stages
        .iter()
        .filter(|stage| stage.leads > 0)
        .map(|stage| {
            let worth = stage.value.map_or(Value::Missing, Value::Money);
            vec![Value::Words(stage.name.clone()), Value::Count(stage.leads), worth]
        })
        .collect();
    let columns =
        vec![Column::words("Where leads leak"), Column::of("Leads", Unit::Count), Column::of("Worth", Unit::Money)];
    Ok((!rows.is_empty()).then(|| Table { name: "Leaks by stage".to_owned(), columns, rows }))
}
