//! A chart before it is a picture: lines, bars and words at their places. Pages make SVG of it, files their own marks.

use std::fmt::Write as _;

use super::{Svg, Tone, escape};

/// What is drawn, from back to front, in a space of this size. Lengths are pixels, from the top left corner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What is drawn.
    pub marks: Vec<Mark>,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line of the grid.
    Grid { from: (f64, f64), to: (f64, f64) },
    /// A line over time; after a gap it goes on in another piece.
    Line { tone: Tone, pieces: Vec<Vec<(f64, f64)>> },
    /// A shaded area, from corner to corner.
    Area { tone: Tone, points: Vec<(f64, f64)> },
    /// A bar.
    Bar { tone: Tone, x: f64, y: f64, width: f64, height: f64 },
    /// What says a point's value when the pointer is on it; not drawn on paper.
    Hit { tone: Tone, x: f64, y: f64, title: String },
    /// The last point of a small line.
    End { tone: Tone, x: f64, y: f64 },
    /// A part of a circle, clockwise from an angle to another, in radians from the right. Without a tone it is what the other one
    /// runs along.
    Arc { tone: Option<Tone>, x: f64, y: f64, radius: f64, from: f64, to: f64 },
    /// Words; `y` is their baseline.
    Words { style: Words, anchor: Anchor, x: f64, y: f64, text: String },
    /// Marks with one title.
    Group { title: String, marks: Vec<Mark> },
}

/// How words look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Along an axis: 11 px.
    Axis,
    /// Before a bar: 12.5 px.
    Label,
    /// After a bar: 12.5 px, heavier.
    Value,
    /// At the end of a line, in its colour: 12 px, heavier.
    Name(Tone),
    /// In a dial: 24 px, heavier.
    DialValue,
    /// In a dial, where it is longer than a number: 17 px, heavier.
    DialText,
    /// Under a dial: 12 px.
    DialName,
}

/// Which part of words is at their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Their beginning.
    Start,
    /// Their middle.
    Middle,
    /// Their end.
    End,
}

impl Words {
    fn class(self) -> String {
        match self {
            Self::Axis => "chart-axis".to_owned(),
            Self::Label => "chart-label".to_owned(),
            Self::Value => "chart-value".to_owned(),
            Self::Name(tone) => format!("chart-name {}", tone.class()),
            Self::DialValue => "dial-value".to_owned(),
            Self::DialText => "dial-value dial-text".to_owned(),
            Self::DialName => "dial-name".to_owned(),
        }
    }
}

impl Drawing {
    /// The picture; `attributes` stand in its first tag, `about` says what it shows.
    pub(super) fn svg(&self, attributes: &str, about: &str) -> Svg {
        let (width, height) = (place(self.width), place(self.height));
        let mut svg = format!(
            "<svg {attributes} viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
            escape(about)
        );
        for mark in &self.marks {
            mark.write(&mut svg);
        }
        Svg(svg + "</svg>")
    }
}

impl Mark {
    fn write(&self, svg: &mut String) {
        let written = match self {
            Self::Grid { from, to } => write!(
                svg,
                "<line class=\"chart-grid\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
                place(from.0),
                place(from.1),
                place(to.0),
                place(to.1)
            ),
            Self::Line { tone, pieces } => {
                write!(svg, "<path class=\"chart-line {}\" d=\"{}\"/>", tone.class(), path(pieces))
            }
            Self::Area { tone, points } => {
                let corners = path(std::slice::from_ref(points));
                write!(svg, "<path class=\"chart-area {}\" d=\"{corners}Z\"/>", tone.class())
            }
            Self::Bar { tone, x, y, width, height } => write!(
                svg,
                "<rect class=\"chart-bar {}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
                tone.class(),
                place(*x),
                place(*y),
                place(*width),
                place(*height)
            ),
            Self::Hit { tone, x, y, title } => write!(
                svg,
                "<circle class=\"chart-hit {}\" cx=\"{}\" cy=\"{}\" r=\"3\"><title>{}</title></circle>",
                tone.class(),
                place(*x),
                place(*y),
                escape(title)
            ),
            Self::End { tone, x, y } => write!(
                svg,
                "<circle class=\"chart-end {}\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/>",
                tone.class(),
                place(*x),
                place(*y)
            ),
            Self::Arc { tone, x, y, radius, from, to } => {
                let class = tone.map_or_else(|| "dial-track".to_owned(), |tone| format!("dial-mark {}", tone.class()));
                write!(svg, "<path class=\"{class}\" d=\"{}\"/>", arc((*x, *y), *radius, *from, *to))
            }
            Self::Words { style, anchor, x, y, text } => {
                let end = match anchor {
                    Anchor::Start => "",
                    Anchor::Middle => " middle",
                    Anchor::End => " end",
                };
                write!(
                    svg,
                    "<text class=\"{}{end}\" x=\"{}\" y=\"{}\">{}</text>",
                    style.class(),
                    place(*x),
                    place(*y),
                    escape(text)
                )
            }
            Self::Group { title, marks } => {
                svg.push_str("<g>");
                if !title.is_empty() {
                    svg.push_str(&format!("<title>{}</title>", escape(title)));
                }
                for mark in marks {
                    mark.write(svg);
                }
                svg.push_str("</g>");
                Ok(())
            }
        };
        written.unwrap_or_default();
    }
}

/// A number as an attribute: to a tenth of a pixel, whole where it is whole.
fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn path(pieces: &[Vec<(f64, f64)>]) -> String {
    let mut path = String::new();
    for piece in pieces {
        for (n, (x, y)) in piece.iter().enumerate() {
            let command = if n == 0 { 'M' } else { 'L' };
            write!(path, "{command}{} {}", place(*x), place(*y)).unwrap_or_default();
        }
    }
    path
}

fn arc((middle_x, middle_y): (f64, f64), radius: f64, from: f64, to: f64) -> String {
    let (x, y) = (middle_x + radius * from.cos(), middle_y + radius * from.sin());
    let (end_x, end_y) = (middle_x + radius * to.cos(), middle_y + radius * to.sin());
    let large = i32::from(to - from > std::f64::consts::PI);
    format!("M{x:.2} {y:.2}A{radius} {radius} 0 {large} 1 {end_x:.2} {end_y:.2}")
}
