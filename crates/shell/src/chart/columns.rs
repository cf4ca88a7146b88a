//! Columns over ordered classes: a histogram.

use super::scale::Scale;
use super::{Anchor, Drawing, Mark, NARROW, Size, Svg, Tone, WIDE, Words, figure, short};

/// Columns side by side, in the order of their classes.
pub struct Columns {
    title: String,
    unit: String,
    tone: Tone,
    rows: Vec<(String, f64)>,
}

const LEFT: f64 = 44.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 26.0;

impl Columns {
    /// An empty chart: what it shows, in which unit.
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), tone: Tone::Accent, rows: Vec::new() }
    }

    /// What the columns mean.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The columns, from left to right.
    #[must_use]
    pub fn rows(mut self, rows: Vec<(String, f64)>) -> Self {
        self.rows = rows;
        self
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized = |size: Size| {
            let drawing = self.drawing(size.width, size.height);
            drawing.svg(&format!("class=\"{}\"", size.class), &self.title).to_string()
        };
        let drawings = format!("{}{}", sized(WIDE), sized(NARROW));
        let rows: Vec<Vec<String>> = self.rows.iter().map(|(name, value)| vec![name.clone(), short(*value)]).collect();
        figure(&self.title, &drawings, &["", &self.unit], &rows)
    }

    /// The chart alone in a space of this size.
    pub fn drawing(&self, width: f64, height: f64) -> Drawing {
        let scale = Scale::over(self.rows.iter().map(|(_, value)| *value), 4.0);
        let (floor, span) = (height - BOTTOM, height - TOP - BOTTOM);
        let y = |value: f64| TOP + span * (1.0 - scale.at(value));
        let words = |anchor: Anchor, x: f64, y: f64, text: &str| Mark::Words {
            style: Words::Axis,
            anchor,
            x,
            y,
            text: text.to_owned(),
        };
        let mut marks = vec![words(Anchor::Start, 0.0, 10.0, &self.unit)];
        for tick in scale.ticks() {
            marks.push(Mark::Grid { from: (LEFT, y(tick)), to: (width, y(tick)) });
            marks.push(words(Anchor::End, LEFT - 8.0, y(tick) + 4.0, &short(tick)));
        }
        let step = (width - LEFT) / self.rows.len().max(1) as f64;
        // A label needs about 7 px a letter.
        let longest = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(1) as f64;
        let every = ((longest * 7.0 + 6.0) / step).ceil().max(1.0) as usize;
        for (n, (name, value)) in self.rows.iter().enumerate() {
            let left = LEFT + step * n as f64;
            let top = if value.is_finite() { y(*value) } else { floor };
            let bar =
                Mark::Bar { tone: self.tone, x: left + 2.0, y: top, width: (step - 4.0).max(1.0), height: floor - top };
            let title = format!("{name}: {} {}", short(*value), self.unit);
            marks.push(Mark::Group { title, marks: vec![bar] });
            if n % every == 0 {
                marks.push(words(Anchor::Middle, left + step / 2.0, height - 6.0, name));
            }
        }
        Drawing { width, height, marks }
    }
}
