//! The sides of a result around a middle: as a picture for pages and as marks for paper.

use shell::chart::{Anchor, Drawing, Mark, Radar, Tone, Words};

use crate::audit::model::Outcome;

/// On paper: the width of what is between the margins, a little larger, so that words come out at 9 points.
const SIZE: (f64, f64) = (600.0, 250.0);
/// The highest level.
const MOST: f64 = 4.0;
/// Points of 100 in a level.
const POINTS: f64 = 25.0;

/// The radar of a result: its levels, and those of similar businesses.
pub(crate) fn radar(outcome: &Outcome) -> Radar {
    let axes = outcome.dimensions.iter().map(|of| of.name.clone()).collect();
    let own = outcome.dimensions.iter().map(|of| of.level.map_or(f64::NAN, f64::from)).collect();
    let radar = Radar::new("Level of each area, 0 to 4", MOST, axes).series("This business", Tone::Accent, own);
    match &outcome.peers {
        Some(peers) => {
            let levels = peers.scores.iter().map(|points| f64::from(*points) / POINTS).collect();
            radar.series("Similar businesses", Tone::Quiet, levels)
        }
        None => radar,
    }
}

/// The same on paper.
pub(super) fn drawing(outcome: &Outcome) -> pdf::Drawing {
    let radar = radar(outcome);
    let Drawing { width, height, marks } = radar.drawing(SIZE.0, SIZE.1);
    let mut found = Vec::new();
    for mark in &marks {
        paint(mark, &mut found);
    }
    pdf::Drawing { width: width as f32, height: height as f32, alt: radar.about(), marks: found }
}

fn at((x, y): (f64, f64)) -> (f32, f32) {
    (x as f32, y as f32)
}

fn ink(tone: Tone) -> pdf::Ink {
    match tone {
        Tone::Accent => pdf::Ink::Accent,
        Tone::Won => pdf::Ink::Won,
        Tone::Wait => pdf::Ink::Wait,
        Tone::Risk => pdf::Ink::Risk,
        Tone::Quiet => pdf::Ink::Faint,
    }
}

/// A mark of a radar on paper; what only a pointer shows is left out.
fn paint(mark: &Mark, into: &mut Vec<pdf::Mark>) {
    match mark {
        Mark::Grid { from, to } => {
            into.push(pdf::Mark::Line { from: at(*from), to: at(*to), width: 0.8, ink: pdf::Ink::Line });
        }
        Mark::Line { tone, pieces } => {
            let dashed = *tone == Tone::Quiet;
            into.extend(pieces.iter().map(|piece| {
                let points = piece.iter().copied().map(at).collect();
                pdf::Mark::Path { points, width: 2.0, dashed, ink: ink(*tone) }
            }));
        }
        Mark::Area { tone, points } => {
            into.push(pdf::Mark::Area { points: points.iter().copied().map(at).collect(), ink: ink(*tone) });
        }
        Mark::Words { style, anchor, x, y, text } => into.push(words(*style, *anchor, at((*x, *y)), text)),
        Mark::Group { marks, .. } => marks.iter().for_each(|mark| paint(mark, into)),
        Mark::End { tone, x, y } => {
            let (x, y) = at((*x, *y));
            into.push(pdf::Mark::Dot { x, y, radius: 3.5, ink: ink(*tone) });
        }
        Mark::Bar { .. } | Mark::Hit { .. } | Mark::Arc { .. } => {}
    }
}

fn words(style: Words, anchor: Anchor, (x, y): (f32, f32), text: &str) -> pdf::Mark {
    use pdf::Weight::{Regular, SemiBold};
    let (size, weight, ink) = match style {
        Words::Axis => (11.0, Regular, pdf::Ink::Faint),
        Words::Name(tone) => (12.0, SemiBold, ink(tone)),
        _ => (12.0, Regular, pdf::Ink::Text),
    };
    let align = match anchor {
        Anchor::Start => pdf::Align::Left,
        Anchor::Middle => pdf::Align::Middle,
        Anchor::End => pdf::Align::Right,
    };
    pdf::Mark::Text { x, y, size, weight, align, ink, text: text.to_owned() }
}
