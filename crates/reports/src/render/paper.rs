//! A report on paper.

use chrono::Datelike;

use super::chart;
use crate::sheet::{Figure, Part, Points, Sheet, Table, Tone, change_words};

/// A long table on paper ends here and says so; its file has every row.
const MOST_ROWS: usize = 400;

pub(super) fn pdf(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let mut blocks = vec![pdf::Block::Title { text: sheet.title.clone(), note: sheet.note.clone() }];
    blocks.extend(sheet.parts.iter().flat_map(|part| block(sheet, part)));
    let document = pdf::Document {
        title: sheet.title.clone(),
        author: sheet.org.clone(),
        language: "en".to_owned(),
        date: pdf::Date {
            year: u16::try_from(sheet.day.year()).unwrap_or_default(),
            month: sheet.day.month() as u8,
            day: sheet.day.day() as u8,
        },
        paper: if sheet.currency == "USD" { pdf::Paper::Letter } else { pdf::Paper::A4 },
        footer: format!("{} · {}", sheet.org, sheet.title),
        blocks,
    };
    Ok(document.render()?)
}

fn block(sheet: &Sheet, part: &Part) -> Vec<pdf::Block> {
    vec![match part {
        Part::Lead(text) => pdf::Block::Lead(text.clone()),
        Part::Heading(text) => pdf::Block::Heading(text.clone()),
        Part::Note(text) => pdf::Block::Note(text.clone()),
        Part::Points(Points { numbered, items }) => pdf::Block::List(pdf::List {
            numbered: *numbered,
            items: items.iter().map(|point| point.text.clone()).collect(),
        }),
        Part::Figures(figures) => {
            pdf::Block::Figures(figures.iter().map(|figure| key(figure, &sheet.currency)).collect())
        }
        Part::Table(table) => return rows(table, &sheet.currency),
        Part::Chart(chart) => pdf::Block::Chart { caption: chart.title.clone(), drawing: chart::drawing(chart) },
        Part::Break => pdf::Block::Break,
    }]
}

fn key(figure: &Figure, currency: &str) -> pdf::KeyFigure {
    pdf::KeyFigure {
        label: figure.label.clone(),
        value: figure.value.words(currency),
        change: change_words(&figure.change, currency),
        tone: match figure.tone {
            Tone::Won => pdf::Ink::Won,
            Tone::Risk => pdf::Ink::Risk,
            Tone::Plain => pdf::Ink::Soft,
        },
        note: figure.note.clone(),
    }
}

fn rows(table: &Table, currency: &str) -> Vec<pdf::Block> {
    let columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let widest = table.rows.iter().take(60).filter_map(|row| row.get(place));
            let longest = widest.map(|cell| cell.words(currency).chars().count()).max().unwrap_or(0);
            let longest = longest.max(column.name.chars().count().min(14)).clamp(6, 48);
            pdf::Column {
                name: column.name.clone(),
                align: if column.unit.is_some() { pdf::Align::Right } else { pdf::Align::Left },
                share: longest as f32,
            }
        })
        .collect();
    let cells = |row: &Vec<crate::sheet::Value>| row.iter().map(|cell| cell.words(currency)).collect();
    let shown = pdf::Table {
        caption: table.name.clone(),
        columns,
        rows: table.rows.iter().take(MOST_ROWS).map(cells).collect(),
    };
    let mut blocks = vec![pdf::Block::Table(shown)];
    if table.rows.len() > MOST_ROWS {
        let rest = table.rows.len() - MOST_ROWS;
        blocks.push(pdf::Block::Note(format!("{rest} more rows are in the CSV and Excel files.")));
    }
    blocks
}
