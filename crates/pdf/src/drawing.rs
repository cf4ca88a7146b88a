//! What is drawn: lines, shapes and text, in points, from the top left corner.

use crate::font::Weight;

/// A colour by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// The main text.
    Text,
    /// Text of less weight.
    Soft,
    /// Notes and axes.
    Faint,
    /// Hairlines.
    Line,
    /// What a mark runs along.
    Track,
    /// Ours; act here.
    Accent,
    /// Won, recovered, good.
    Won,
    /// Waiting, compared, before.
    Wait,
    /// At risk, lost.
    Risk,
}

impl Ink {
    /// Red, green and blue: the light side of the pages' own colours. Text in each has a contrast of at least 4.5 on white.
    pub(crate) fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Text => (22, 32, 36),
            Self::Soft => (73, 85, 89),
            Self::Faint => (100, 110, 114),
            Self::Line => (222, 226, 227),
            Self::Track => (229, 232, 234),
            Self::Accent => (0, 105, 116),
            Self::Won => (29, 114, 62),
            Self::Wait => (144, 92, 22),
            Self::Risk => (186, 49, 44),
        }
    }

    /// A tint of it on white: for areas under lines.
    pub(crate) fn tint(self) -> (u8, u8, u8) {
        let (red, green, blue) = self.rgb();
        let pale = |part: u8| u8::try_from(255 - (255 - u16::from(part)) / 6).unwrap_or(u8::MAX);
        (pale(red), pale(green), pale(blue))
    }
}

/// Where a text's place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At its left end.
    Left,
    /// In its middle.
    Middle,
    /// At its right end.
    Right,
}

/// One thing that is drawn. Lengths are points, angles radians clockwise from the right.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A straight line.
    Line { from: (f32, f32), to: (f32, f32), width: f32, ink: Ink },
    /// A line through points.
    Path { points: Vec<(f32, f32)>, width: f32, dashed: bool, ink: Ink },
    /// A shaded area, from corner to corner: a tint of its ink.
    Area { points: Vec<(f32, f32)>, ink: Ink },
    /// A filled rectangle.
    Rect { x: f32, y: f32, width: f32, height: f32, radius: f32, ink: Ink },
    /// A filled circle.
    Dot { x: f32, y: f32, radius: f32, ink: Ink },
    /// A part of a circle.
    Arc { x: f32, y: f32, radius: f32, from: f32, to: f32, width: f32, ink: Ink },
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, size: f32, weight: Weight, align: Align, ink: Ink, text: String },
}

impl Mark {
    /// The same, scaled and then moved.
    #[must_use]
    pub(crate) fn placed(&self, scale: f32, dx: f32, dy: f32) -> Self {
        let at = |(x, y): (f32, f32)| (x * scale + dx, y * scale + dy);
        match self.clone() {
            Self::Line { from, to, width, ink } => Self::Line { from: at(from), to: at(to), width: width * scale, ink },
            Self::Path { points, width, dashed, ink } => {
                Self::Path { points: points.into_iter().map(at).collect(), width: width * scale, dashed, ink }
            }
            Self::Area { points, ink } => Self::Area { points: points.into_iter().map(at).collect(), ink },
            Self::Rect { x, y, width, height, radius, ink } => {
                let (x, y) = at((x, y));
                Self::Rect { x, y, width: width * scale, height: height * scale, radius: radius * scale, ink }
            }
            Self::Dot { x, y, radius, ink } => {
                let (x, y) = at((x, y));
                Self::Dot { x, y, radius: radius * scale, ink }
            }
            Self::Arc { x, y, radius, from, to, width, ink } => {
                let (x, y) = at((x, y));
                Self::Arc { x, y, radius: radius * scale, from, to, width: width * scale, ink }
            }
            Self::Text { x, y, size, weight, align, ink, text } => {
                let (x, y) = at((x, y));
                Self::Text { x, y, size: size * scale, weight, align, ink, text }
            }
        }
    }
}

/// A chart as it is drawn, with what it shows in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// What it shows, in a sentence: read aloud in its place.
    pub alt: String,
    /// What is drawn, from back to front.
    pub marks: Vec<Mark>,
}
