//! The tables of a report as a workbook: a sheet each, figures as numbers with their format.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::table::{head, tables};
use crate::sheet::{Sheet, Table, Value};

/// The most characters of a sheet's name.
const LONGEST_NAME: usize = 31;
/// The most rows of a sheet, its head included.
const MOST_ROWS: usize = 1_048_576;

pub(super) fn xlsx(sheet: &Sheet) -> anyhow::Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    // The date comes from the report, so that the same report gives the same bytes.
    let date = ExcelDateTime::parse_from_str(&sheet.day.to_string())?;
    let properties = DocProperties::new().set_title(&sheet.title).set_author(&sheet.org).set_creation_datetime(&date);
    workbook.set_properties(&properties);
    let mut taken = Vec::new();
    for table in tables(sheet) {
        let name = name(&table.name, &mut taken);
        let page = workbook.add_worksheet();
        page.set_name(name)?;
        fill(page, &table, &sheet.currency)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn fill(page: &mut Worksheet, table: &Table, currency: &str) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (place, column) in table.columns.iter().enumerate() {
        let place = place as u16;
        page.write_string_with_format(0, place, head(column, currency), &bold)?;
        page.set_column_width(place, if column.unit.is_some() { 14.0 } else { 28.0 })?;
    }
    page.set_freeze_panes(1, 0)?;
    let digits = crate::sheet::Value::Money(0).plain(currency).split('.').nth(1).map_or(0, str::len);
    let money = if digits == 0 { "#,##0".to_owned() } else { format!("#,##0.{}", "0".repeat(digits)) };
    let formats = Formats {
        money: Format::new().set_num_format(money),
        whole: Format::new().set_num_format("#,##0"),
        points: Format::new().set_num_format("0.0"),
        share: Format::new().set_num_format("0.0%"),
        day: Format::new().set_num_format("yyyy-mm-dd"),
        one: 10_f64.powi(digits as i32),
    };
    for (row, cells) in table.rows.iter().take(MOST_ROWS - 1).enumerate() {
        for (place, cell) in cells.iter().enumerate() {
            formats.cell(page, row as u32 + 1, place as u16, cell)?;
        }
    }
    Ok(())
}

struct Formats {
    money: Format,
    whole: Format,
    points: Format,
    share: Format,
    day: Format,
    /// Minor units of one.
    one: f64,
}

impl Formats {
    fn cell(&self, page: &mut Worksheet, row: u32, column: u16, cell: &Value) -> Result<(), XlsxError> {
        match cell {
            Value::Missing => return Ok(()),
            // Words are written as words: no cell of ours is a formula.
            Value::Words(text) => page.write_string(row, column, text)?,
            Value::Day(day) => {
                let day = ExcelDateTime::parse_from_str(&day.to_string())?;
                page.write_with_format(row, column, &day, &self.day)?
            }
            Value::Count(value) => page.write_number_with_format(row, column, *value as f64, &self.whole)?,
            Value::Money(value) => page.write_number_with_format(row, column, *value as f64 / self.one, &self.money)?,
            Value::Seconds(value) => page.write_number_with_format(row, column, value.round(), &self.whole)?,
            Value::Points(value) | Value::Rating(value) => {
                page.write_number_with_format(row, column, *value, &self.points)?
            }
            Value::Share(value) => page.write_number_with_format(row, column, *value, &self.share)?,
        };
        Ok(())
    }
}

/// A name that a workbook takes: short, without the signs it uses for references, and not there yet.
fn name(wanted: &str, taken: &mut Vec<String>) -> String {
    let clean =
        |c: char| if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') || c.is_control() { ' ' } else { c };
    let words: String = wanted.chars().map(clean).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let base = if words.is_empty() { "Sheet".to_owned() } else { words };
    let mut number = 1;
    loop {
        let end = if number == 1 { String::new() } else { format!(" {number}") };
        let start: String = base.chars().take(LONGEST_NAME - end.len()).collect();
        let name = format!("{}{end}", start.trim_end());
        if !taken.contains(&name.to_lowercase()) {
            taken.push(name.to_lowercase());
            return name;
        }
        number += 1;
    }
}
