//! A report on a page: inside the frame, or alone for whoever it was sent to.

use askama::Template;
use shell::chart::Svg;

use super::chart;
use crate::sheet::{Column, Part, Point, Sheet, Tone, Value, change_words};

/// What is shown of a report, in order.
#[derive(Template)]
#[template(path = "reports/_sheet.html")]
pub(crate) struct View {
    parts: Vec<Shown>,
}

/// What a page needs that stands alone, in the colours of the product. It is a file: no content policy of ours reaches it.
const STYLE: &str = "<style>\
:root{color-scheme:light dark;--ink:light-dark(#162024,#eceff0);--soft:light-dark(#495559,#b4bcbf);--line:light-dark(#dee2e3,#343c40);\
--accent:light-dark(#006974,#5cc9cf);--won:light-dark(#1d723e,#6fd394);--wait:light-dark(#905c16,#e3b65c);--risk:light-dark(#ba312c,#f08d83)}\
body{max-width:860px;margin:40px auto;padding:0 20px;background:light-dark(#fff,#111619);color:var(--ink);\
font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}h1{margin:0}p{color:var(--soft)}.headline{color:var(--ink);font-size:19px}\
a{color:inherit}hr{border:0;border-top:1px solid var(--line);margin:32px 0}section{margin:20px 0}\
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:16px}.stat{display:grid;border-top:1px solid var(--line);padding-top:8px}\
.stat-label,.stat-note{color:var(--soft);font-size:13px}.stat-value{font-size:26px}.won{color:var(--won)}.risk{color:var(--risk)}\
.table-wrap{overflow-x:auto}table{width:100%;border-collapse:collapse}th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:left}\
th{color:var(--soft);font-weight:500}.num{text-align:right}figure{margin:0}svg{width:100%;height:auto}.narrow{display:none}\
.chart-grid{stroke:var(--line)}.chart-line{fill:none;stroke:var(--tone);stroke-width:2}.chart-hit{fill:none}.chart-bar,.chart-name{fill:var(--tone)}\
.chart text{fill:var(--soft);font-size:12px}.middle{text-anchor:middle}.end{text-anchor:end}\
.c-accent{--tone:var(--accent)}.c-won{--tone:var(--won)}.c-wait{--tone:var(--wait)}.c-risk{--tone:var(--risk)}.c-quiet{--tone:var(--soft)}\
</style>";

/// A report as a page that stands alone: no script, nothing to load.
#[derive(Template)]
#[template(path = "reports/alone.html")]
struct Alone<'a> {
    sheet: &'a Sheet,
    view: View,
    style: &'static str,
}

/// A part as the template writes it.
enum Shown {
    Lead(String),
    Heading(String),
    Note(String),
    Steps(Vec<Point>),
    Points(Vec<Point>),
    Figures(Vec<Stat>),
    Table(Grid),
    Chart(Svg),
    Break,
}

struct Stat {
    label: String,
    value: String,
    change: String,
    tone: &'static str,
    note: String,
}

struct Grid {
    name: String,
    heads: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    more: String,
}

/// A cell; figures stand at the right.
struct Cell {
    text: String,
    right: bool,
}

/// More rows are in the files.
const MOST_ROWS: usize = 200;

impl View {
    pub(crate) fn of(sheet: &Sheet) -> Self {
        Self { parts: sheet.parts.iter().map(|part| shown(sheet, part)).collect() }
    }
}

pub(super) fn alone(sheet: &Sheet) -> anyhow::Result<String> {
    Ok(Alone { sheet, view: View::of(sheet), style: STYLE }.render()?)
}

fn shown(sheet: &Sheet, part: &Part) -> Shown {
    let currency = &sheet.currency;
    match part {
        Part::Lead(text) => Shown::Lead(text.clone()),
        Part::Heading(text) => Shown::Heading(text.clone()),
        Part::Note(text) => Shown::Note(text.clone()),
        Part::Points(points) if points.numbered => Shown::Steps(points.items.clone()),
        Part::Points(points) => Shown::Points(points.items.clone()),
        Part::Figures(figures) => Shown::Figures(
            figures
                .iter()
                .map(|figure| Stat {
                    label: figure.label.clone(),
                    value: figure.value.words(currency),
                    change: change_words(&figure.change, currency),
                    tone: match figure.tone {
                        Tone::Won => "won",
                        Tone::Risk => "risk",
                        Tone::Plain => "",
                    },
                    note: figure.note.clone(),
                })
                .collect(),
        ),
        Part::Table(table) => {
            let cell = |text: String, column: &Column| Cell { text, right: column.unit.is_some() };
            let cells = |row: &Vec<Value>| {
                row.iter().zip(&table.columns).map(|(value, column)| cell(value.words(currency), column)).collect()
            };
            let rest = table.rows.len().saturating_sub(MOST_ROWS);
            Shown::Table(Grid {
                name: table.name.clone(),
                heads: table.columns.iter().map(|column| cell(column.name.clone(), column)).collect(),
                rows: table.rows.iter().take(MOST_ROWS).map(cells).collect(),
                more: if rest > 0 { format!("{rest} more rows are in the files.") } else { String::new() },
            })
        }
        Part::Chart(chart) => Shown::Chart(chart::svg(chart)),
        Part::Break => Shown::Break,
    }
}
