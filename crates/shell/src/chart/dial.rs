//! A score from 0 to 100 as three quarters of a circle.

use super::{Svg, Tone, escape};

const RADIUS: f64 = 42.0;

/// A dial. A value that is not a number reads "no score yet".
pub fn dial(name: &str, value: f64) -> Svg {
    let known = value.is_finite();
    let value = if known { value.clamp(0.0, 100.0) } else { 0.0 };
    let tone = match value {
        _ if !known => Tone::Quiet,
        70.0.. => Tone::Won,
        40.0.. => Tone::Wait,
        _ => Tone::Risk,
    };
    let said = if known { format!("{value:.0}") } else { "–".to_owned() };
    let about = if known { format!("{name}: {said} of 100") } else { format!("{name}: no score yet") };
    let turn = |share: f64| (135.0 + 270.0 * share).to_radians();
    Svg(format!(
        "<svg class=\"dial\" viewBox=\"0 0 104 112\" width=\"104\" height=\"112\" role=\"img\" aria-label=\"{about}\">\
         <title>{about}</title><path class=\"dial-track\" d=\"{track}\"/>{mark}\
         <text class=\"dial-value\" x=\"52\" y=\"58\">{said}</text><text class=\"dial-name\" x=\"52\" y=\"106\">{name}</text></svg>",
        about = escape(&about),
        name = escape(name),
        track = arc(turn(0.0), turn(1.0)),
        mark = if value > 0.0 {
            format!("<path class=\"dial-mark {}\" d=\"{}\"/>", tone.class(), arc(turn(0.0), turn(value / 100.0)))
        } else {
            String::new()
        },
    ))
}

fn arc(from: f64, to: f64) -> String {
    let (x, y) = (52.0 + RADIUS * from.cos(), 52.0 + RADIUS * from.sin());
    let (end_x, end_y) = (52.0 + RADIUS * to.cos(), 52.0 + RADIUS * to.sin());
    let large = i32::from(to - from > std::f64::consts::PI);
    format!("M{x:.2} {y:.2}A{RADIUS} {RADIUS} 0 {large} 1 {end_x:.2} {end_y:.2}")
}
