//! Charts of a report: drawn by the shell, as SVG on pages and as marks on paper.

use shell::chart::{Anchor, Bars, Drawing, Line, Mark, Svg, Tone as Meaning, Words};

use crate::sheet::{Chart, ChartKind, Tone};

/// On paper: the width of what is between the margins, a little larger, so that words come out at 9 points.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 210.0;

pub(super) fn svg(chart: &Chart) -> Svg {
    match chart.kind {
        ChartKind::Line => line(chart).draw(),
        ChartKind::Bars => bars(chart).draw(),
    }
}

pub(super) fn drawing(chart: &Chart) -> pdf::Drawing {
    let drawn = match chart.kind {
        ChartKind::Line => line(chart).drawing(WIDTH, HEIGHT),
        ChartKind::Bars => bars(chart).drawing(WIDTH),
    };
    let Drawing { width, height, marks } = drawn;
    let mut found = Vec::new();
    for mark in &marks {
        paint(mark, &mut found);
    }
    pdf::Drawing { width: width as f32, height: height as f32, alt: alt(chart), marks: found }
}

fn line(chart: &Chart) -> Line {
    let values = |values: &[Option<f64>]| values.iter().map(|value| value.unwrap_or(f64::NAN)).collect::<Vec<f64>>();
    let mut line = Line::new(chart.title.clone(), chart.unit.clone(), chart.labels.clone());
    if !chart.before.is_empty() {
        line = line.series("before", Meaning::Quiet, values(&chart.before));
    }
    line.series("now", meaning(chart.tone), values(&chart.values))
}

fn bars(chart: &Chart) -> Bars {
    let rows = chart.labels.iter().cloned().zip(chart.values.iter().map(|value| value.unwrap_or(f64::NAN))).collect();
    Bars::new(chart.title.clone(), chart.unit.clone()).tone(meaning(chart.tone)).rows(rows)
}

fn meaning(tone: Tone) -> Meaning {
    match tone {
        Tone::Won => Meaning::Won,
        Tone::Risk => Meaning::Risk,
        Tone::Plain => Meaning::Accent,
    }
}

/// What a chart shows, for whoever does not see it.
fn alt(chart: &Chart) -> String {
    let known: Vec<(&String, f64)> =
        chart.labels.iter().zip(&chart.values).filter_map(|(label, value)| Some((label, (*value)?))).collect();
    match (known.first(), known.last()) {
        (Some((first, from)), Some((last, to))) if chart.kind == ChartKind::Line && known.len() > 1 => {
            format!("{}: from {from:.0} on {first} to {to:.0} on {last}, in {}", chart.title, chart.unit)
        }
        (Some(_), Some(_)) => {
            let all: Vec<String> = known.iter().map(|(label, value)| format!("{label} {value:.0}")).collect();
            format!("{}, in {}: {}", chart.title, chart.unit, all.join(", "))
        }
        _ => format!("{}: no values yet", chart.title),
    }
}

fn at((x, y): (f64, f64)) -> (f32, f32) {
    (x as f32, y as f32)
}

fn ink(tone: Meaning) -> pdf::Ink {
    match tone {
        Meaning::Accent => pdf::Ink::Accent,
        Meaning::Won => pdf::Ink::Won,
        Meaning::Wait => pdf::Ink::Wait,
        Meaning::Risk => pdf::Ink::Risk,
        Meaning::Quiet => pdf::Ink::Faint,
    }
}

/// A mark of the shell as marks on paper; what only a pointer shows is left out.
fn paint(mark: &Mark, into: &mut Vec<pdf::Mark>) {
    match mark {
        Mark::Grid { from, to } => {
            into.push(pdf::Mark::Line { from: at(*from), to: at(*to), width: 0.8, ink: pdf::Ink::Line });
        }
        Mark::Line { tone, pieces } => {
            for piece in pieces {
                let points = piece.iter().copied().map(at).collect();
                let dashed = *tone == Meaning::Quiet;
                into.push(pdf::Mark::Path { points, width: 2.0, dashed, ink: ink(*tone) });
            }
        }
        Mark::Area { tone, points } => {
            into.push(pdf::Mark::Area { points: points.iter().copied().map(at).collect(), ink: ink(*tone) });
        }
        Mark::Bar { tone, x, y, width, height } => {
            let ((x, y), (width, height)) = (at((*x, *y)), at((*width, *height)));
            into.push(pdf::Mark::Rect { x, y, width, height, radius: 3.0, ink: ink(*tone) });
        }
        Mark::Hit { .. } => {}
        Mark::End { tone, x, y } => {
            let (x, y) = at((*x, *y));
            into.push(pdf::Mark::Dot { x, y, radius: 2.5, ink: ink(*tone) });
        }
        Mark::Arc { tone, x, y, radius, from, to } => {
            let ((x, y), (from, to)) = (at((*x, *y)), at((*from, *to)));
            let ink = tone.map_or(pdf::Ink::Track, ink);
            into.push(pdf::Mark::Arc { x, y, radius: *radius as f32, from, to, width: 7.0, ink });
        }
        Mark::Words { style, anchor, x, y, text } => into.push(words(*style, *anchor, at((*x, *y)), text)),
        Mark::Group { marks, .. } => marks.iter().for_each(|mark| paint(mark, into)),
    }
}

fn words(style: Words, anchor: Anchor, (x, y): (f32, f32), text: &str) -> pdf::Mark {
    use pdf::Weight::{Regular, SemiBold};
    let (size, weight, ink) = match style {
        Words::Axis => (11.0, Regular, pdf::Ink::Faint),
        Words::Label | Words::DialName => (12.0, Regular, pdf::Ink::Soft),
        Words::Value => (12.0, SemiBold, pdf::Ink::Text),
        Words::Name(tone) => (12.0, SemiBold, ink(tone)),
        Words::DialValue => (24.0, SemiBold, pdf::Ink::Text),
        Words::DialText => (17.0, SemiBold, pdf::Ink::Text),
    };
    let align = match anchor {
        Anchor::Start => pdf::Align::Left,
        Anchor::Middle => pdf::Align::Middle,
        Anchor::End => pdf::Align::Right,
    };
    pdf::Mark::Text { x, y, size, weight, align, ink, text: text.to_owned() }
}
