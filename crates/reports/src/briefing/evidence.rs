//! The second page of a briefing: the figures behind the first.

use super::Facts;
use crate::figures::{AT_RISK, Unit};
use crate::metrics::{chart_values, unit_words};
use crate::period::Period;
use crate::sheet::{Chart, ChartKind, Column, Part, Table, Tone, Value};

pub(super) fn parts(facts: &Facts) -> Vec<Part> {
    let mut parts = Vec::new();
    parts.extend(risk(facts).map(Part::Chart));
    parts.extend(scores(facts).map(Part::Table));
    parts.extend(week(facts).map(Part::Table));
    parts.extend(stages(facts).map(Part::Table));
    parts.extend(plays(facts).map(Part::Table));
    parts.extend(leaked(facts).map(Part::Table));
    if !parts.is_empty() {
        parts.insert(0, Part::Heading("The evidence".to_owned()));
    }
    parts
}

/// The money at risk, day by day.
fn risk(facts: &Facts) -> Option<Chart> {
    let points: Vec<_> = facts.history.iter().filter(|point| point.kind == AT_RISK).collect();
    let known = points.iter().filter(|point| point.value.is_some()).count();
    if known < 2 {
        return None;
    }
    let values: Vec<Option<f64>> = points.iter().map(|point| point.value).collect();
    Some(Chart {
        title: "Revenue at risk a month, 28 days".to_owned(),
        unit: unit_words(Unit::Money, &facts.currency),
        tone: Tone::Risk,
        kind: ChartKind::Line,
        labels: points.iter().map(|point| point.day.format("%-d %b").to_string()).collect(),
        values: chart_values(Unit::Money, &facts.currency, &values),
        before: Vec::new(),
    })
}

fn scores(facts: &Facts) -> Option<Table> {
    let rows: Vec<Vec<Value>> = facts
        .scores
        .iter()
        .map(|score| {
            let words = |value: Option<f64>| Value::Words(Value::of(score.unit, value).words(&facts.currency));
            let change = super::words::change(facts, score);
            let change = crate::sheet::change_words(&Value::of(score.unit, change), &facts.currency);
            vec![
                Value::Words(score.name.clone()),
                if score.value.is_some() { words(score.value) } else { Value::Words("insufficient data".to_owned()) },
                words(facts.earlier(&score.kind).and_then(|score| score.value)),
                Value::Words(if change.is_empty() { "–".to_owned() } else { change }),
                Value::of(Unit::Share, score.coverage),
            ]
        })
        .collect();
    let columns = vec![
        Column::words("Score"),
        Column::words("Now"),
        Column::words("A week ago"),
        Column::words("Change"),
        Column::of("Coverage", Unit::Share),
    ];
    (!rows.is_empty()).then(|| Table { name: "Scores".to_owned(), columns, rows })
}

/// Every metric of the week that has rows.
fn week(facts: &Facts) -> Option<Table> {
    let week = facts.week();
    let rows: Vec<Vec<Value>> = facts
        .metrics
        .iter()
        .filter_map(|metric| {
            let now = facts.readings.over(metric, week);
            let before = facts.readings.over(metric, week.before());
            if now.is_none() && before.is_none() {
                return None;
            }
            let words = |value: Option<f64>| Value::Words(Value::of(metric.unit, value).words(&facts.currency));
            let yesterday = facts.readings.over(metric, facts.yesterday());
            Some(vec![Value::Words(metric.name.clone()), words(yesterday), words(now), words(before)])
        })
        .collect();
    let columns = ["Figure", "Yesterday", "7 days", "7 days before"].map(Column::words).into();
    (!rows.is_empty()).then(|| Table { name: format!("Daily figures, {}", week.words()), columns, rows })
}

fn stages(facts: &Facts) -> Option<Table> {
    let rows: Vec<Vec<Value>> = facts
        .leaks
        .stages
        .iter()
        .filter(|stage| stage.leads > 0)
        .map(|stage| {
            let value = stage.value.map_or(Value::Missing, Value::Money);
            vec![Value::Words(stage.name.clone()), Value::Count(stage.leads), value]
        })
        .collect();
    let columns =
        vec![Column::words("Where leads leak"), Column::of("Leads", Unit::Count), Column::of("Worth", Unit::Money)];
    (!rows.is_empty()).then(|| Table { name: "Leaks of seven days by stage".to_owned(), columns, rows })
}

fn plays(facts: &Facts) -> Option<Table> {
    let rows: Vec<Vec<Value>> = facts
        .experiments
        .iter()
        .map(|experiment| {
            let money = |value: i64| crate::sheet::money(value, &facts.currency);
            let interval = experiment.interval.map(|(low, high)| format!("{} to {}", money(low), money(high)));
            vec![
                Value::Words(experiment.play.clone()),
                Value::Count(experiment.treated),
                Value::Count(experiment.held_out),
                experiment.won.map_or(Value::Missing, Value::Money),
                Value::Words(interval.unwrap_or_else(|| "too few leads yet".to_owned())),
            ]
        })
        .collect();
    let columns = vec![
        Column::words("Play"),
        Column::of("Treated", Unit::Count),
        Column::of("Held out", Unit::Count),
        Column::of("Won back", Unit::Money),
        Column::words("95 % interval"),
    ];
    (!rows.is_empty()).then(|| Table { name: "Recovery plays, measured against a holdout".to_owned(), columns, rows })
}

fn leaked(facts: &Facts) -> Option<Table> {
    let rows: Vec<Vec<Value>> = facts
        .leaks
        .rows
        .iter()
        .map(|row| {
            vec![
                Value::Day(row.leaked),
                Value::Words(row.stage.clone()),
                Value::Words(row.source.clone()),
                Value::Day(row.arrived),
            ]
        })
        .collect();
    let columns = ["Leaked", "Where", "Source", "Arrived"].map(Column::words).into();
    let days = Period { from: facts.week().from, to: facts.week().to };
    (!rows.is_empty()).then(|| Table { name: format!("The latest leaks, {}", days.words()), columns, rows })
}
