//! Horizontal bars, the value at the end of each.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{NARROW, Svg, Tone, WIDE, escape, figure, short};

/// A bar chart of named amounts.
pub struct Bars {
    title: String,
    unit: String,
    tone: Tone,
    rows: Vec<(String, f64)>,
}

const ROW: f64 = 28.0;

impl Bars {
    /// An empty chart: what it shows, in which unit.
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), tone: Tone::Accent, rows: Vec::new() }
    }

    /// What the bars mean.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The bars, from top to bottom.
    #[must_use]
    pub fn rows(mut self, rows: Vec<(String, f64)>) -> Self {
        self.rows = rows;
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Svg {
        let drawings = format!("{}{}", self.sized(WIDE.class, WIDE.width), self.sized(NARROW.class, NARROW.width));
        let rows: Vec<Vec<String>> = self.rows.iter().map(|(name, value)| vec![name.clone(), short(*value)]).collect();
        figure(&self.title, &drawings, &["", &self.unit], &rows)
    }

    fn sized(&self, class: &str, width: f64) -> String {
        let scale = Scale::over(self.rows.iter().map(|(_, value)| *value), 1.0);
        let longest = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
        let left = (longest * 6.8 + 12.0).min(width * 0.4);
        // The longest bar is the highest value, not the next round one: there is no axis to be round on.
        let high =
            self.rows.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).fold(scale.low, f64::max);
        let span = width - left - 64.0;
        let height = self.rows.len() as f64 * ROW;
        let mut svg = format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
            escape(&self.title)
        );
        for (n, (name, value)) in self.rows.iter().enumerate() {
            let top = n as f64 * ROW;
            let share = if high > 0.0 && value.is_finite() { (value / high).clamp(0.0, 1.0) } else { 0.0 };
            let length = (span * share).max(2.0);
            write!(
                svg,
                "<g><title>{name}: {value} {unit}</title>\
                 <text class=\"chart-label\" x=\"0\" y=\"{text:.1}\">{name}</text>\
                 <rect class=\"chart-bar {tone}\" x=\"{left:.1}\" y=\"{bar:.1}\" width=\"{length:.1}\" height=\"16\" rx=\"3\"/>\
                 <text class=\"chart-value\" x=\"{end:.1}\" y=\"{text:.1}\">{value}</text></g>",
                name = escape(name),
                value = short(*value),
                unit = escape(&self.unit),
                text = top + 18.0,
                bar = top + 6.0,
                end = left + length + 8.0,
                tone = self.tone.class(),
            )
            .unwrap_or_default();
        }
        svg + "</svg>"
    }
}
