//! A line the size of a word, its last value marked.

use super::{Drawing, Mark, Svg, Tone, short};

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;

/// A small line; it begins at the lowest value, because it shows a shape and not an amount.
pub fn sparkline(title: &str, values: &[f64]) -> Svg {
    let points: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let attributes = format!("class=\"sparkline\" width=\"{WIDTH}\" height=\"{HEIGHT}\"");
    drawing(&points).svg(&attributes, &summary(title, &points))
}

fn drawing(points: &[f64]) -> Drawing {
    let low = points.iter().copied().fold(f64::INFINITY, f64::min);
    let high = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = if high > low { high - low } else { 1.0 };
    let steps = points.len().saturating_sub(1).max(1) as f64;
    let places: Vec<(f64, f64)> = points
        .iter()
        .enumerate()
        .map(|(n, value)| {
            let x = 3.0 + (WIDTH - 6.0) * n as f64 / steps;
            (x, 3.0 + (HEIGHT - 6.0) * (1.0 - (value - low) / spread))
        })
        .collect();
    let mut marks = Vec::new();
    if let Some((x, y)) = places.last().copied() {
        marks.push(Mark::Line { tone: Tone::Accent, pieces: vec![places] });
        marks.push(Mark::End { tone: Tone::Accent, x, y });
    }
    Drawing { width: WIDTH, height: HEIGHT, marks }
}

fn summary(title: &str, points: &[f64]) -> String {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!("{title}: from {} to {}", short(*first), short(*last)),
        _ => format!("{title}: no values yet"),
    }
}
