//! A line the size of a word, its last value marked.

use std::fmt::Write as _;

use super::{Svg, escape, short};

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;

/// A small line; it begins at the lowest value, because it shows a shape and not an amount.
pub fn sparkline(title: &str, values: &[f64]) -> Svg {
    let points: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let low = points.iter().copied().fold(f64::INFINITY, f64::min);
    let high = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = if high > low { high - low } else { 1.0 };
    let steps = points.len().saturating_sub(1).max(1) as f64;
    let place = |n: usize, value: f64| {
        let x = 3.0 + (WIDTH - 6.0) * n as f64 / steps;
        (x, 3.0 + (HEIGHT - 6.0) * (1.0 - (value - low) / spread))
    };
    let mut path = String::new();
    for (n, value) in points.iter().enumerate() {
        let (x, y) = place(n, *value);
        write!(path, "{}{x:.1} {y:.1}", if n == 0 { 'M' } else { 'L' }).unwrap_or_default();
    }
    let mut svg = format!(
        "<svg class=\"sparkline\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape(&summary(title, &points))
    );
    if let Some(last) = points.last() {
        let (x, y) = place(points.len() - 1, *last);
        write!(
            svg,
            "<path class=\"chart-line c-accent\" d=\"{path}\"/><circle class=\"chart-end c-accent\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
        )
        .unwrap_or_default();
    }
    Svg(svg + "</svg>")
}

fn summary(title: &str, points: &[f64]) -> String {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!("{title}: from {} to {}", short(*first), short(*last)),
        _ => format!("{title}: no values yet"),
    }
}
