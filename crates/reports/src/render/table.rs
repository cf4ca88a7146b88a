//! The tables of a report as CSV: one under another, an empty line between, each with its name first where there are several.

use shell::csv::Csv;

use crate::figures::Unit;
use crate::sheet::{Column, Sheet, Table, Value};

/// The file. Figures are plain numbers; words that a spreadsheet would take for a formula are guarded.
pub(super) fn csv(sheet: &Sheet) -> String {
    let tables: Vec<Table> = tables(sheet);
    let several = tables.len() > 1;
    let mut whole = String::new();
    for table in &tables {
        let heads: Vec<String> = table.columns.iter().map(|column| head(column, &sheet.currency)).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let mut csv = if several {
            let mut csv = Csv::new(&[&table.name]);
            csv.row(&heads);
            csv
        } else {
            Csv::new(&heads)
        };
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(|cell| cell.plain(&sheet.currency)).collect();
            csv.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
        // Only the first begins with the mark that makes spreadsheets read it as UTF-8.
        let text = csv.text();
        if whole.is_empty() {
            whole.push_str(text);
        } else {
            whole.push_str("\r\n");
            whole.push_str(text.trim_start_matches('\u{feff}'));
        }
    }
    whole
}

/// Every table; the key figures are one too, because a file without them would say less than the page.
pub(super) fn tables(sheet: &Sheet) -> Vec<Table> {
    let figures: Vec<Vec<Value>> = sheet
        .parts
        .iter()
        .filter_map(|part| if let crate::sheet::Part::Figures(figures) = part { Some(figures) } else { None })
        .flatten()
        .map(|figure| {
            vec![
                Value::Words(figure.label.clone()),
                figure.value.clone(),
                figure.change.clone(),
                Value::Words(figure.note.clone()),
            ]
        })
        .collect();
    let mut tables = Vec::new();
    if !figures.is_empty() {
        let columns = ["Figure", "Value", "Change", "Note"].map(Column::words).into();
        tables.push(Table { name: "Figures".to_owned(), columns, rows: figures });
    }
    tables.extend(sheet.tables().cloned());
    if tables.is_empty() {
        tables.push(Table { name: sheet.title.clone(), columns: vec![Column::words("No rows")], rows: Vec::new() });
    }
    tables
}

/// A column's head with its unit.
pub(super) fn head(column: &Column, currency: &str) -> String {
    match column.unit {
        Some(Unit::Money) => format!("{} ({currency})", column.name),
        Some(Unit::Seconds) => format!("{} (s)", column.name),
        _ => column.name.clone(),
    }
}
