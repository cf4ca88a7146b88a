//! An estimate with its interval and nought on one line: whether the line crosses nought is what it shows.

use super::{Anchor, Drawing, Mark, Svg, Tone, Words, figure};

/// Room at both ends.
const SIDE: f64 = 24.0;
const HEIGHT: f64 = 92.0;
const MIDDLE: f64 = 48.0;

/// An estimate between the ends of its interval.
pub struct Interval {
    title: String,
    tone: Tone,
    /// Low, estimate, high: value and words.
    points: [(f64, String); 3],
}

impl Interval {
    /// What it shows, and the three values with their words: the lower end, the estimate, the upper end.
    pub fn new(title: impl Into<String>, tone: Tone, points: [(f64, String); 3]) -> Self {
        Self { title: title.into(), tone, points }
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized =
            |class: &str, width: f64| self.drawing(width).svg(&format!("class=\"{class}\""), &self.title).to_string();
        let drawings = format!("{}{}", sized("wide", 720.0), sized("narrow", 340.0));
        let names = ["Lower end", "Estimate", "Upper end"];
        let rows: Vec<Vec<String>> =
            names.iter().zip(&self.points).map(|(name, (_, words))| vec![(*name).to_owned(), words.clone()]).collect();
        figure(&self.title, &drawings, &["", "Value"], &rows)
    }

    /// The line alone in a space this wide.
    pub fn drawing(&self, width: f64) -> Drawing {
        let values = self.points.iter().map(|(value, _)| *value).filter(|value| value.is_finite()).chain([0.0]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let spread = if high > low { high - low } else { 1.0 };
        let place = |value: f64| SIDE + (width - 2.0 * SIDE) * ((value - low) / spread).clamp(0.0, 1.0);
        let ends = (place(self.points[0].0), place(self.points[2].0));
        let nought = place(0.0);
        let mut marks = vec![
            Mark::Grid { from: (nought, 14.0), to: (nought, HEIGHT - 22.0) },
            Mark::Words {
                style: Words::Axis,
                anchor: Anchor::Middle,
                x: nought,
                y: HEIGHT - 4.0,
                text: "0".to_owned(),
            },
            Mark::Bar { tone: self.tone, x: ends.0, y: MIDDLE - 4.0, width: (ends.1 - ends.0).max(2.0), height: 8.0 },
        ];
        for (n, (value, words)) in self.points.iter().enumerate() {
            let anchor = [Anchor::Start, Anchor::Middle, Anchor::End][n];
            let (style, y) = if n == 1 { (Words::Value, 26.0) } else { (Words::Axis, MIDDLE + 22.0) };
            let x = place(*value);
            if n == 1 {
                marks.push(Mark::Hit { tone: self.tone, x, y: MIDDLE, title: words.clone() });
                marks.push(Mark::End { tone: self.tone, x, y: MIDDLE });
            }
            marks.push(Mark::Words { style, anchor, x, y, text: words.clone() });
        }
        Drawing { width, height: HEIGHT, marks }
    }
}

#[cfg(test)]
mod tests {
    use super::{Interval, Mark, Tone};

    #[test]
    fn nought_lies_inside_what_crosses_it_and_words_are_safe() {
        let points = [(-50.0, "−$50".to_owned()), (20.0, "$20".to_owned()), (90.0, "<$90>".to_owned())];
        let interval = Interval::new("Effect", Tone::Quiet, points);
        let drawing = interval.drawing(340.0);
        let bar = drawing.marks.iter().find_map(|mark| match mark {
            Mark::Bar { x, width, .. } => Some((*x, x + width)),
            _ => None,
        });
        let nought = drawing.marks.iter().find_map(|mark| match mark {
            Mark::Grid { from, .. } => Some(from.0),
            _ => None,
        });
        let ((from, to), nought) = (bar.expect("a bar"), nought.expect("nought"));
        assert!(from < nought && nought < to, "{from} {nought} {to}");
        assert!(!interval.draw().to_string().contains("<$90>"));
    }
}
