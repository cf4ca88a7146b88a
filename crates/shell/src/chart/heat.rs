//! A table whose cells are tinted by their values: for hours of a week.

use super::{Svg, Tone, escape};

/// A value that tints and the text that is read.
type Cell = Option<(f64, String)>;

/// A heat table. It is its own table: each cell says its value.
pub struct Heat {
    title: String,
    unit: String,
    tone: Tone,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
}

/// How many tints there are besides none.
const TINTS: f64 = 5.0;

impl Heat {
    /// An empty table: what it shows, in which unit, what the tint means, and its columns.
    pub fn new(title: impl Into<String>, unit: impl Into<String>, tone: Tone, columns: Vec<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), tone, columns, rows: Vec::new() }
    }

    /// Adds a row: for each column the value that tints and the text that is read, or nothing.
    #[must_use]
    pub fn row(mut self, name: impl Into<String>, cells: Vec<Option<(f64, String)>>) -> Self {
        self.rows.push((name.into(), cells));
        self
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let known = self.rows.iter().flat_map(|(_, cells)| cells.iter().flatten()).map(|(value, _)| *value);
        let high = known.filter(|value| value.is_finite()).fold(0.0_f64, f64::max);
        let heads = self
            .columns
            .iter()
            .fold(String::from("<th></th>"), |all, name| format!("{all}<th scope=\"col\">{}</th>", escape(name)));
        let mut body = String::new();
        for (name, cells) in &self.rows {
            body.push_str(&format!("<tr><th scope=\"row\">{}</th>", escape(name)));
            for (column, cell) in self.columns.iter().zip(cells) {
                body.push_str(&match cell {
                    Some((value, text)) => {
                        let title = escape(&format!("{name}, {column}: {text}"));
                        format!("<td class=\"heat-{}\" title=\"{title}\">{}</td>", tint(*value, high), escape(text))
                    }
                    None => "<td class=\"heat-0\"></td>".to_owned(),
                });
            }
            body.push_str("</tr>");
        }
        Svg(format!(
            "<figure class=\"chart\"><figcaption>{}<small class=\"quiet\"> {}</small></figcaption>\
             <div class=\"table-wrap\"><table class=\"heat {}\"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>\
             </figure>",
            escape(&self.title),
            escape(&self.unit),
            self.tone.class(),
        ))
    }
}

fn tint(value: f64, high: f64) -> u8 {
    if !value.is_finite() || value <= 0.0 || high <= 0.0 {
        return 0;
    }
    (value / high * TINTS).ceil().clamp(1.0, TINTS) as u8
}
