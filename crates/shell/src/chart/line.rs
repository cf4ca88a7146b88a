//! Lines over time, each labelled at its end.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{NARROW, Size, Svg, Tone, WIDE, escape, figure, short};

/// A line chart. Every series has one value for each label; a value that is not a number is a gap.
pub struct Line {
    title: String,
    unit: String,
    labels: Vec<String>,
    series: Vec<Series>,
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
        Self { title: title.into(), unit: unit.into(), labels, series: Vec::new() }
    }

    /// Adds a line.
    #[must_use]
    pub fn series(mut self, name: impl Into<String>, tone: Tone, values: Vec<f64>) -> Self {
        self.series.push(Series { name: name.into(), tone, values });
        self
    }

    /// The drawing.
    pub fn draw(&self) -> Svg {
        let drawings = format!("{}{}", self.sized(WIDE), self.sized(NARROW));
        let mut head = vec![""];
        head.extend(self.series.iter().map(|series| series.name.as_str()));
        let rows: Vec<Vec<String>> = self
            .labels
            .iter()
            .enumerate()
            .map(|(n, label)| {
                let values = self.series.iter().map(|series| self.said(series.values.get(n).copied()));
                std::iter::once(label.clone()).chain(values).collect()
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

    fn sized(&self, size: Size) -> String {
        let scale = Scale::over(self.series.iter().flat_map(|series| series.values.iter().copied()), 4.0);
        let plot = Plot { size, scale, points: self.labels.len(), right: self.label_room() };
        let mut svg = format!(
            "<svg class=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            size.class,
            size.width,
            size.height,
            escape(&self.title)
        );
        plot.axes(&mut svg, &self.labels, &self.unit);
        let mut taken = Vec::new();
        for series in &self.series {
            self.draw_series(&mut svg, &plot, series, &mut taken);
        }
        svg + "</svg>"
    }

    /// Room at the right for the longest name.
    fn label_room(&self) -> f64 {
        let longest = self.series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0);
        (longest as f64 * 6.6 + 14.0).clamp(14.0, 130.0)
    }

    fn draw_series(&self, svg: &mut String, plot: &Plot, series: &Series, taken: &mut Vec<f64>) {
        let class = series.tone.class();
        let mut path = String::new();
        let mut pen_down = false;
        for (n, value) in series.values.iter().enumerate() {
            if !value.is_finite() {
                pen_down = false;
                continue;
            }
            let command = if pen_down { 'L' } else { 'M' };
            write!(path, "{command}{:.1} {:.1}", plot.x(n), plot.y(*value)).unwrap_or_default();
            pen_down = true;
        }
        write!(svg, "<path class=\"chart-line {class}\" d=\"{path}\"/>").unwrap_or_default();
        for (n, value) in series.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let label = self.labels.get(n).map_or("", String::as_str);
            write!(
                svg,
                "<circle class=\"chart-hit {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>{}, {}: {}</title></circle>",
                plot.x(n),
                plot.y(*value),
                escape(&series.name),
                escape(label),
                escape(&self.said(Some(*value)))
            )
            .unwrap_or_default();
        }
        if let Some((n, last)) = series.values.iter().enumerate().rfind(|(_, value)| value.is_finite()) {
            let y = free_place(plot.y(*last), taken);
            write!(
                svg,
                "<text class=\"chart-name {class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                plot.x(n) + 8.0,
                y + 4.0,
                escape(&series.name)
            )
            .unwrap_or_default();
        }
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
    size: Size,
    scale: Scale,
    points: usize,
    right: f64,
}

impl Plot {
    fn x(&self, n: usize) -> f64 {
        let span = self.size.width - LEFT - self.right;
        let steps = self.points.saturating_sub(1).max(1) as f64;
        LEFT + span * n as f64 / steps
    }

    fn y(&self, value: f64) -> f64 {
        let span = self.size.height - TOP - BOTTOM;
        TOP + span * (1.0 - self.scale.at(value))
    }

    fn axes(&self, svg: &mut String, labels: &[String], unit: &str) {
        let right = self.size.width - self.right;
        write!(svg, "<text class=\"chart-axis\" x=\"0\" y=\"10\">{}</text>", escape(unit)).unwrap_or_default();
        for tick in self.scale.ticks() {
            let y = self.y(tick);
            write!(
                svg,
                "<line class=\"chart-grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"chart-axis end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                short(tick)
            )
            .unwrap_or_default();
        }
        // First, last and evenly between, as many as have room.
        let room = if self.size.width > 500.0 { 6 } else { 3 };
        let every = labels.len().saturating_sub(1).div_ceil(room).max(1);
        for (n, label) in labels.iter().enumerate().step_by(every) {
            let y = self.size.height - 6.0;
            write!(svg, "<text class=\"chart-axis middle\" x=\"{:.1}\" y=\"{y}\">{}</text>", self.x(n), escape(label))
                .unwrap_or_default();
        }
    }
}
