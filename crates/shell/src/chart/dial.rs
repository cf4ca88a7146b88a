//! A score from 0 to 100 as three quarters of a circle.

use super::{Anchor, Drawing, Mark, Svg, Tone, Words};

const RADIUS: f64 = 42.0;

/// A dial. A value that is not a number reads "no score yet".
pub fn dial(name: &str, value: f64) -> Svg {
    let about =
        if value.is_finite() { format!("{name}: {} of 100", said(value)) } else { format!("{name}: no score yet") };
    let drawing = dial_drawing(name, value);
    let whole = Drawing { marks: vec![Mark::Group { title: about.clone(), marks: drawing.marks }], ..drawing };
    whole.svg("class=\"dial\" width=\"104\" height=\"112\"", &about)
}

/// The dial alone: 104 by 112.
pub fn dial_drawing(name: &str, value: f64) -> Drawing {
    let known = value.is_finite();
    let value = if known { value.clamp(0.0, 100.0) } else { 0.0 };
    let tone = match value {
        _ if !known => Tone::Quiet,
        70.0.. => Tone::Won,
        40.0.. => Tone::Wait,
        _ => Tone::Risk,
    };
    let turn = |share: f64| (135.0 + 270.0 * share).to_radians();
    let arc = |tone: Option<Tone>, share: f64| Mark::Arc {
        tone,
        x: 52.0,
        y: 52.0,
        radius: RADIUS,
        from: turn(0.0),
        to: turn(share),
    };
    let words = |style: Words, y: f64, text: String| Mark::Words { style, anchor: Anchor::Middle, x: 52.0, y, text };
    let mut marks = vec![arc(None, 1.0)];
    if value > 0.0 {
        marks.push(arc(Some(tone), value / 100.0));
    }
    let text = if known { said(value) } else { "–".to_owned() };
    marks.extend([words(Words::DialValue, 58.0, text), words(Words::DialName, 106.0, name.to_owned())]);
    Drawing { width: 104.0, height: 112.0, marks }
}

/// A dial of whatever has a share: the arc shows the share, the text in it says the value.
#[derive(Clone, Debug)]
pub struct Dial {
    /// What it shows, under it.
    pub name: String,
    /// How far round the arc goes, 0–1; none draws no arc.
    pub share: Option<f64>,
    /// What stands in it, at most 7 characters; empty for what is not known yet.
    pub text: String,
    /// What the value means.
    pub tone: Tone,
}

impl Dial {
    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let about = match self.text.as_str() {
            "" => format!("{}: not enough data yet", self.name),
            text => format!("{}: {text}", self.name),
        };
        let drawing = self.drawing();
        let whole = Drawing { marks: vec![Mark::Group { title: about.clone(), marks: drawing.marks }], ..drawing };
        whole.svg("class=\"dial\" width=\"104\" height=\"112\"", &about)
    }

    /// The dial alone: 104 by 112.
    pub fn drawing(&self) -> Drawing {
        let Drawing { width, height, mut marks } = dial_drawing(&self.name, f64::NAN);
        marks.retain(|mark| !matches!(mark, Mark::Words { style: Words::DialValue, .. }));
        let share = self.share.filter(|share| share.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0);
        if share > 0.0 {
            let turn = |share: f64| (135.0 + 270.0 * share).to_radians();
            let (from, to) = (turn(0.0), turn(share));
            marks.insert(1, Mark::Arc { tone: Some(self.tone), x: 52.0, y: 52.0, radius: RADIUS, from, to });
        }
        let (style, text) = match self.text.as_str() {
            "" => (Words::DialValue, "–"),
            text if text.chars().count() <= 3 => (Words::DialValue, text),
            text => (Words::DialText, text),
        };
        marks.push(Mark::Words { style, anchor: Anchor::Middle, x: 52.0, y: 58.0, text: text.to_owned() });
        Drawing { width, height, marks }
    }
}

fn said(value: f64) -> String {
    format!("{:.0}", value.clamp(0.0, 100.0))
}
