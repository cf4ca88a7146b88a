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

fn said(value: f64) -> String {
    format!("{:.0}", value.clamp(0.0, 100.0))
}
