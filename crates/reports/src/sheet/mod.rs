//! A report as content, before it is a page, a file or a letter.
//!
//! Everything that is shown is in here, so that all forms of a report say the same and the same sheet always gives the same bytes.
//! It is kept as it was made: reading a report again asks nobody for figures.

mod value;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::figures::Unit;
pub(crate) use value::{Value, change_words, money};

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    /// What it is.
    pub title: String,
    /// Whose it is.
    pub org: String,
    /// What it covers, in a line.
    pub note: String,
    /// The currency of its money, such as `EUR`.
    pub currency: String,
    /// The day it was made for: the date files carry.
    pub day: NaiveDate,
    /// What is in it, in order.
    pub parts: Vec<Part>,
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// What the report says in a sentence or two.
    Lead(String),
    /// The head of a section.
    Heading(String),
    /// A note.
    Note(String),
    /// Points.
    Points(Points),
    /// Figures beside one another.
    Figures(Vec<Figure>),
    /// Rows and columns.
    Table(Table),
    /// A chart.
    Chart(Chart),
    /// What follows is evidence: a new page on paper.
    Break,
}

/// Points, one under another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Points {
    pub numbered: bool,
    pub items: Vec<Point>,
}

/// One point; its link leads into Recoup and may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub text: String,
    pub href: String,
}

impl Point {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: String::new() }
    }

    #[must_use]
    pub(crate) fn at(mut self, href: impl Into<String>) -> Self {
        self.href = href.into();
        self
    }
}

/// What a change means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// Good.
    Won,
    /// Bad.
    Risk,
    /// Neither.
    #[default]
    Plain,
}

impl Tone {
    /// What a change means where more is good, bad or neither.
    pub(crate) fn of(change: f64, better: Option<bool>) -> Self {
        match better {
            Some(more) if change != 0.0 => {
                if (change > 0.0) == more {
                    Self::Won
                } else {
                    Self::Risk
                }
            }
            _ => Self::Plain,
        }
    }
}

/// One figure: what, how much, compared with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub label: String,
    pub value: Value,
    /// How it changed, with its sign; missing for nothing to compare with.
    pub change: Value,
    pub tone: Tone,
    /// What it is compared with, or why there is nothing.
    pub note: String,
}

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

/// A column; without a unit its cells are words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub name: String,
    pub unit: Option<Unit>,
}

impl Column {
    pub(crate) fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), unit: None }
    }

    pub(crate) fn of(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit: Some(unit) }
    }
}

/// A chart. Its numbers are already in the unit it names: whole units of money, minutes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chart {
    pub title: String,
    pub unit: String,
    pub tone: Tone,
    pub kind: ChartKind,
    /// One name a value.
    pub labels: Vec<String>,
    /// None is a gap.
    pub values: Vec<Option<f64>>,
    /// The same of the period before, drawn behind; may be empty.
    pub before: Vec<Option<f64>>,
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChartKind {
    /// A line over time.
    Line,
    /// Bars of named amounts.
    Bars,
}

impl Sheet {
    /// The report for a program: words as they are, figures as numbers in their unit (money in minor units).
    pub(crate) fn json(&self) -> Json {
        let parts: Vec<Json> = self.parts.iter().filter_map(part_json).collect();
        json!({ "title": self.title, "organisation": self.org, "note": self.note, "currency": self.currency, "day": self.day,
            "parts": parts })
    }

    /// Its tables, in order.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.parts.iter().filter_map(|part| if let Part::Table(table) = part { Some(table) } else { None })
    }

    /// The same without links into Recoup: for whoever reads it outside.
    #[must_use]
    pub(crate) fn outside(mut self) -> Self {
        for part in &mut self.parts {
            if let Part::Points(points) = part {
                points.items.iter_mut().for_each(|point| point.href.clear());
            }
        }
        self
    }
}

fn part_json(part: &Part) -> Option<Json> {
    Some(match part {
        Part::Lead(text) => json!({ "type": "lead", "text": text }),
        Part::Heading(text) => json!({ "type": "heading", "text": text }),
        Part::Note(text) => json!({ "type": "note", "text": text }),
        Part::Points(points) => json!({ "type": "points", "numbered": points.numbered, "items": points.items }),
        Part::Figures(figures) => {
            let figures: Vec<Json> = figures
                .iter()
                .map(|figure| {
                    json!({ "label": figure.label, "value": figure.value.json(), "unit": figure.value.unit(),
                        "change": figure.change.json(), "note": figure.note })
                })
                .collect();
            json!({ "type": "figures", "figures": figures })
        }
        Part::Table(table) => {
            let rows: Vec<Json> = table
                .rows
                .iter()
                .map(|row| {
                    let cells = table.columns.iter().zip(row).map(|(column, cell)| (column.name.clone(), cell.json()));
                    Json::Object(cells.collect::<Map<String, Json>>())
                })
                .collect();
            json!({ "type": "table", "name": table.name, "columns": table.columns, "rows": rows })
        }
        Part::Chart(chart) => {
            json!({ "type": "chart", "title": chart.title, "unit": chart.unit, "labels": chart.labels,
            "values": chart.values, "before": chart.before })
        }
        Part::Break => return None,
    })
}
