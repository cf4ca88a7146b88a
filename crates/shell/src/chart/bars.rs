//! Horizontal bars, the value at the end of each.

use super::scale::Scale;
use super::{Anchor, Drawing, Mark, NARROW, Svg, Tone, WIDE, Words, figure, short};

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

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized = |size: super::Size| {
            self.drawing(size.width).svg(&format!("class=\"{}\"", size.class), &self.title).to_string()
        };
        let drawings = format!("{}{}", sized(WIDE), sized(NARROW));
        let rows: Vec<Vec<String>> = self.rows.iter().map(|(name, value)| vec![name.clone(), short(*value)]).collect();
        figure(&self.title, &drawings, &["", &self.unit], &rows)
    }

    /// The chart alone in a width; its height follows from its rows.
    pub fn drawing(&self, width: f64) -> Drawing {
        let scale = Scale::over(self.rows.iter().map(|(_, value)| *value), 1.0);
        let longest = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
        let left = (longest * 6.8 + 12.0).min(width * 0.4);
        // The longest bar is the highest value, not the next round one: there is no axis to be round on.
        let high =
            self.rows.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).fold(scale.low, f64::max);
        let span = width - left - 64.0;
        let mut marks = Vec::with_capacity(self.rows.len());
        for (n, (name, value)) in self.rows.iter().enumerate() {
            let top = n as f64 * ROW;
            let share = if high > 0.0 && value.is_finite() { (value / high).clamp(0.0, 1.0) } else { 0.0 };
            let length = (span * share).max(2.0);
            let words = |style: Words, x: f64, text: &str| Mark::Words {
                style,
                anchor: Anchor::Start,
                x,
                y: top + 18.0,
                text: text.to_owned(),
            };
            let said = short(*value);
            marks.push(Mark::Group {
                title: format!("{name}: {said} {}", self.unit),
                marks: vec![
                    words(Words::Label, 0.0, name),
                    Mark::Bar { tone: self.tone, x: left, y: top + 6.0, width: length, height: 16.0 },
                    words(Words::Value, left + length + 8.0, &said),
                ],
            });
        }
        Drawing { width, height: self.rows.len() as f64 * ROW, marks }
    }
}
