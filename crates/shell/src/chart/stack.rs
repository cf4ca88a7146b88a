//! Horizontal bars of parts, each part in its colour.

use super::{Anchor, Drawing, Mark, NARROW, Svg, Tone, WIDE, Words, figure, short};

/// Bars that are made of the same parts.
pub struct Stack {
    title: String,
    unit: String,
    parts: Vec<(String, Tone)>,
    rows: Vec<(String, Vec<f64>)>,
}

const ROW: f64 = 28.0;
/// Room for the names of the parts, which stand over the first bar.
const TOP: f64 = 24.0;

impl Stack {
    /// An empty chart: what it shows, in which unit, of which parts.
    pub fn new(title: impl Into<String>, unit: impl Into<String>, parts: &[(&str, Tone)]) -> Self {
        let parts = parts.iter().map(|(name, tone)| ((*name).to_owned(), *tone)).collect();
        Self { title: title.into(), unit: unit.into(), parts, rows: Vec::new() }
    }

    /// The bars, from top to bottom, with one value for each part.
    #[must_use]
    pub fn rows(mut self, rows: Vec<(String, Vec<f64>)>) -> Self {
        self.rows = rows;
        self
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized = |size: super::Size| {
            self.drawing(size.width).svg(&format!("class=\"{}\"", size.class), &self.title).to_string()
        };
        let drawings = format!("{}{}", sized(WIDE), sized(NARROW));
        let mut head = vec![""];
        head.extend(self.parts.iter().map(|(name, _)| name.as_str()));
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|(name, values)| {
                std::iter::once(name.clone()).chain(values.iter().map(|value| short(*value))).collect()
            })
            .collect();
        figure(&self.title, &drawings, &head, &rows)
    }

    /// The chart alone in a width; its height follows from its rows.
    pub fn drawing(&self, width: f64) -> Drawing {
        let sum =
            |values: &[f64]| values.iter().filter(|value| value.is_finite()).map(|value| value.max(0.0)).sum::<f64>();
        let high = self.rows.iter().map(|(_, values)| sum(values)).fold(0.0_f64, f64::max);
        let longest = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
        let left = (longest * 6.8 + 12.0).min(width * 0.4);
        let span = width - left - 64.0;
        let words = |style: Words, x: f64, y: f64, text: &str| Mark::Words {
            style,
            anchor: Anchor::Start,
            x,
            y,
            text: text.to_owned(),
        };
        let mut marks = Vec::new();
        let mut x = left;
        for (name, tone) in &self.parts {
            marks.push(words(Words::Name(*tone), x, 12.0, name));
            x += name.chars().count() as f64 * 7.0 + 16.0;
        }
        for (n, (name, values)) in self.rows.iter().enumerate() {
            let top = TOP + n as f64 * ROW;
            marks.push(words(Words::Label, 0.0, top + 18.0, name));
            let mut x = left;
            for (value, (part, tone)) in values.iter().zip(&self.parts) {
                let length = if high > 0.0 && value.is_finite() { span * value.max(0.0) / high } else { 0.0 };
                if length > 0.0 {
                    let bar = Mark::Bar { tone: *tone, x, y: top + 6.0, width: length.max(1.0), height: 16.0 };
                    let title = format!("{name}, {part}: {} {}", short(*value), self.unit);
                    marks.push(Mark::Group { title, marks: vec![bar] });
                }
                x += length;
            }
            marks.push(words(Words::Value, x + 8.0, top + 18.0, &short(sum(values))));
        }
        Drawing { width, height: TOP + self.rows.len() as f64 * ROW, marks }
    }
}
