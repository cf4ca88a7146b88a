//! Lines over time, each labelled at its end.

use super::scale::Scale;
use super::{Anchor, Drawing, Mark, NARROW, Size, Svg, Tone, WIDE, Words, figure, short};

/// A line chart. Every series has one value for each label; a value that is not a number is a gap.
pub struct Line {
    title: String,
    unit: String,
    labels: Vec<String>,
    series: Vec<Series>,
    band: Option<Band>,
    notes: Vec<(usize, String)>,
}

/// What lies between two lines, such as an interval around a third.
struct Band {
    name: String,
    tone: Tone,
    low: Vec<f64>,
    high: Vec<f64>,
}

struct Series {
    name: String,
    tone: Tone,
    values: Vec<f64>,
}

const LEFT: f64 = 44.0;
/// Room for the unit, which stands over the axis.
const TOP: f64 = 26.0;
const BOTTOM: f64 = 26.0;

impl Line {
    /// An empty chart: what it shows, in which unit, at which points.
    pub fn new(title: impl Into<String>, unit: impl Into<String>, labels: Vec<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), labels, series: Vec::new(), band: None, notes: Vec::new() }
    }

    /// Adds a line.
    #[must_use]
    pub fn series(mut self, name: impl Into<String>, tone: Tone, values: Vec<f64>) -> Self {
        self.series.push(Series { name: name.into(), tone, values });
        self
    }

    /// Shades what lies between two ends, each with one value for each label.
    #[must_use]
    pub fn band(mut self, name: impl Into<String>, tone: Tone, low: Vec<f64>, high: Vec<f64>) -> Self {
        self.band = Some(Band { name: name.into(), tone, low, high });
        self
    }

    /// Marks a point, counted from 0, with a word or two: from here on something is different.
    #[must_use]
    pub fn note(mut self, point: usize, text: impl Into<String>) -> Self {
        self.notes.push((point, text.into()));
        self
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized = |size: Size| {
            let drawing = self.drawing(size.width, size.height);
            drawing.svg(&format!("class=\"{}\"", size.class), &self.title).to_string()
        };
        let drawings = format!("{}{}", sized(WIDE), sized(NARROW));
        let mut head = vec![""];
        head.extend(self.series.iter().map(|series| series.name.as_str()));
        head.extend(self.band.iter().map(|band| band.name.as_str()));
        let rows: Vec<Vec<String>> = self
            .labels
            .iter()
            .enumerate()
            .map(|(n, label)| {
                let values = self.series.iter().map(|series| self.said(series.values.get(n).copied()));
                let note = self.notes.iter().find(|(point, _)| *point == n).map(|(_, text)| text);
                let label = note.map_or_else(|| label.clone(), |text| format!("{label}: {text}"));
                std::iter::once(label)
                    .chain(values)
                    .chain(self.band.iter().map(|band| band.said(n, &self.unit)))
                    .collect()
            })
            .collect();
        figure(&self.title, &drawings, &head, &rows)
    }

    fn said(&self, value: Option<f64>) -> String {
        match value {
            Some(value) if value.is_finite() => format!("{} {}", short(value), self.unit),
            _ => "–".to_owned(),
        }
    }

    /// The chart alone in a space of this size.
    pub fn drawing(&self, width: f64, height: f64) -> Drawing {
        let ends = self.band.iter().flat_map(|band| band.low.iter().chain(&band.high).copied());
        let scale = Scale::over(self.series.iter().flat_map(|series| series.values.iter().copied()).chain(ends), 4.0);
        let plot = Plot { width, height, scale, points: self.labels.len(), right: self.label_room() };
        let mut marks = plot.axes(&self.labels, &self.unit);
        if let Some(band) = &self.band {
            marks.extend(band.areas(&plot));
        }
        for (point, text) in &self.notes {
            let x = plot.x(*point);
            marks.push(Mark::Grid { from: (x, TOP), to: (x, height - BOTTOM) });
            let text = text.clone();
            marks.push(Mark::Words { style: Words::Axis, anchor: Anchor::Middle, x, y: TOP - 4.0, text });
        }
        let mut taken = Vec::new();
        for series in &self.series {
            self.draw_series(&mut marks, &plot, series, &mut taken);
        }
        Drawing { width, height, marks }
    }

    /// Room at the right for the longest name.
    fn label_room(&self) -> f64 {
        let longest = self.series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0);
        (longest as f64 * 6.6 + 14.0).clamp(14.0, 130.0)
    }

    fn draw_series(&self, marks: &mut Vec<Mark>, plot: &Plot, series: &Series, taken: &mut Vec<f64>) {
        let tone = series.tone;
        let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut pen_down = false;
        for (n, value) in series.values.iter().enumerate() {
            if !value.is_finite() {
                pen_down = false;
                continue;
            }
            let point = (plot.x(n), plot.y(*value));
            match pieces.last_mut() {
                Some(piece) if pen_down => piece.push(point),
                _ => pieces.push(vec![point]),
            }
            pen_down = true;
        }
        marks.push(Mark::Line { tone, pieces });
        for (n, value) in series.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let label = self.labels.get(n).map_or("", String::as_str);
            let title = format!("{}, {label}: {}", series.name, self.said(Some(*value)));
            marks.push(Mark::Hit { tone, x: plot.x(n), y: plot.y(*value), title });
        }
        if let Some((n, last)) = series.values.iter().enumerate().rfind(|(_, value)| value.is_finite()) {
            let y = free_place(plot.y(*last), taken) + 4.0;
            let (style, x) = (Words::Name(tone), plot.x(n) + 8.0);
            marks.push(Mark::Words { style, anchor: Anchor::Start, x, y, text: series.name.clone() });
        }
    }
}

impl Band {
    fn said(&self, n: usize, unit: &str) -> String {
        match (self.low.get(n), self.high.get(n)) {
            (Some(low), Some(high)) if low.is_finite() && high.is_finite() => {
                format!("{} to {} {unit}", short(*low), short(*high))
            }
            _ => "–".to_owned(),
        }
    }

    /// One area for each run of points at which both ends are known.
    fn areas(&self, plot: &Plot) -> Vec<Mark> {
        let mut runs: Vec<Vec<usize>> = vec![Vec::new()];
        for (n, (low, high)) in self.low.iter().zip(&self.high).enumerate() {
            match runs.last_mut() {
                Some(run) if low.is_finite() && high.is_finite() => run.push(n),
                _ => runs.push(Vec::new()),
            }
        }
        let area = |run: Vec<usize>| {
            let above = run.iter().map(|n| (plot.x(*n), plot.y(self.high[*n])));
            let below = run.iter().rev().map(|n| (plot.x(*n), plot.y(self.low[*n])));
            Mark::Area { tone: self.tone, points: above.chain(below).collect() }
        };
        runs.into_iter().filter(|run| run.len() > 1).map(area).collect()
    }
}

/// Moves a label up until it stands on no other.
fn free_place(wanted: f64, taken: &mut Vec<f64>) -> f64 {
    let mut place = wanted;
    while let Some(other) = taken.iter().find(|other| (**other - place).abs() < 13.0) {
        place = other - 13.0;
    }
    taken.push(place);
    place
}

struct Plot {
    width: f64,
    height: f64,
    scale: Scale,
    points: usize,
    right: f64,
}

impl Plot {
    fn x(&self, n: usize) -> f64 {
        let span = self.width - LEFT - self.right;
        let steps = self.points.saturating_sub(1).max(1) as f64;
        LEFT + span * n as f64 / steps
    }

    fn y(&self, value: f64) -> f64 {
        let span = self.height - TOP - BOTTOM;
        TOP + span * (1.0 - self.scale.at(value))
    }

    fn axes(&self, labels: &[String], unit: &str) -> Vec<Mark> {
        let right = self.width - self.right;
        let words = |anchor: Anchor, x: f64, y: f64, text: &str| Mark::Words {
            style: Words::Axis,
            anchor,
            x,
            y,
            text: text.to_owned(),
        };
        let mut marks = vec![words(Anchor::Start, 0.0, 10.0, unit)];
        for tick in self.scale.ticks() {
            let y = self.y(tick);
            marks.push(Mark::Grid { from: (LEFT, y), to: (right, y) });
            marks.push(words(Anchor::End, LEFT - 8.0, y + 4.0, &short(tick)));
        }
        // First, last and evenly between, as many as have room.
        let room = if self.width > 500.0 { 6 } else { 3 };
        let every = labels.len().saturating_sub(1).div_ceil(room).max(1);
        for (n, label) in labels.iter().enumerate().step_by(every) {
            marks.push(words(Anchor::Middle, self.x(n), self.height - 6.0, label));
        }
        marks
    }
}
