//! The picture that stands beside a shared link: a title, whose it is, and one colour.

use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use crate::letters;

/// What the platforms ask for.
const WIDTH: u32 = 1200;
const HEIGHT: u32 = 630;
const MARGIN: f32 = 88.0;
/// Sizes of the title with the lines it may have in each, from the largest.
const SIZES: [(f32, usize); 5] = [(86.0, 2), (74.0, 3), (64.0, 4), (54.0, 4), (46.0, 5)];
/// The most characters of a title that are looked at.
const LONGEST: usize = 240;

/// A picture of 1200 × 630 as PNG: the title, the site's name, and its colour by hue in degrees and chroma of oklch. The same words
/// give the same bytes. A title in a script that the font lacks is left out. None where there is no memory for it.
pub fn share_card(title: &str, site: &str, hue: u16, chroma: f64) -> Option<Vec<u8>> {
    let chroma = if chroma.is_finite() { chroma.clamp(0.0, 0.2) } else { 0.0 };
    let tone = |lightness: f64, share: f64| oklch(lightness, chroma * share, f64::from(hue));
    let mut page = Pixmap::new(WIDTH, HEIGHT)?;
    page.fill(tone(0.984, 0.09));
    ring(&mut page, tone(0.925, 0.45), tone(0.56, 1.0));
    let (ink, quiet, accent) = (tone(0.24, 0.25), tone(0.45, 0.35), tone(0.56, 1.0));
    let site = short(site, 40.0, 700.0);
    fill(&mut page, letters::outline(&site, 40.0, (MARGIN, 128.0)), quiet);
    let title = clean(title);
    let bottom = HEIGHT as f32 - MARGIN;
    if letters::can_write(&title) {
        let (size, lines) = fitted(&title);
        let step = size * 1.16;
        let first = bottom - step * (lines.len() as f32 - 1.0);
        for (n, line) in lines.iter().enumerate() {
            fill(&mut page, letters::outline(line, size, (MARGIN, first + step * n as f32)), ink);
        }
        bar(&mut page, first - size - 34.0, accent);
    } else {
        bar(&mut page, bottom, accent);
    }
    page.encode_png().ok()
}

/// The largest size in which a title fits, and its lines; what is too long for the smallest ends in an ellipsis.
fn fitted(title: &str) -> (f32, Vec<String>) {
    let widest = WIDTH as f32 - MARGIN * 2.0;
    let (smallest, most) = SIZES[SIZES.len() - 1];
    for (size, most) in SIZES {
        let lines = letters::lines(title, size, widest);
        if lines.len() <= most {
            return (size, lines);
        }
    }
    let mut lines = letters::lines(title, smallest, widest);
    lines.truncate(most);
    if let Some(last) = lines.last_mut() {
        let cut = format!("{last}…");
        *last = short(&cut, smallest, widest);
    }
    (smallest, lines)
}

/// A text in one line; what is too wide ends in an ellipsis.
fn short(text: &str, size: f32, widest: f32) -> String {
    let mut text = clean(text);
    if letters::width(&text, size) <= widest {
        return text;
    }
    while !text.is_empty() && letters::width(&format!("{text}…"), size) > widest {
        text.pop();
    }
    format!("{}…", text.trim_end_matches([' ', '…', ',', '.', '–', '-']))
}

fn clean(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was lost comes around again: a ring at the edge, a part of it in full colour.
fn ring(page: &mut Pixmap, pale: Color, full: Color) {
    let (x, y, radius) = (1070.0, 96.0, 150.0);
    let stroke = Stroke { width: 38.0, ..Stroke::default() };
    if let Some(circle) = PathBuilder::from_circle(x, y, radius) {
        page.stroke_path(&circle, &paint(pale), &stroke, Transform::identity(), None);
    }
    // A quarter, from the right to the bottom; the usual distance of a curve's handles.
    let handle = radius * 0.552_284_8;
    let mut arc = PathBuilder::new();
    arc.move_to(x + radius, y);
    arc.cubic_to(x + radius, y + handle, x + handle, y + radius, x, y + radius);
    if let Some(arc) = arc.finish() {
        page.stroke_path(&arc, &paint(full), &stroke, Transform::identity(), None);
    }
}

fn bar(page: &mut Pixmap, y: f32, color: Color) {
    if let Some(bar) = Rect::from_xywh(MARGIN, y, 96.0, 8.0) {
        page.fill_rect(bar, &paint(color), Transform::identity(), None);
    }
}

fn fill(page: &mut Pixmap, path: Option<Path>, color: Color) {
    if let Some(path) = path {
        page.fill_path(&path, &paint(color), FillRule::Winding, Transform::identity(), None);
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color);
    paint
}

/// A colour of oklch in the space of screens; what it cannot show is cut. Björn Ottosson's matrices.
fn oklch(lightness: f64, chroma: f64, hue: f64) -> Color {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let cube = |x: f64| x * x * x;
    let long = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let middle = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let short = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let red = 4.076_741_662_1 * long - 3.307_711_591_3 * middle + 0.230_969_929_2 * short;
    let green = -1.268_438_004_6 * long + 2.609_757_401_1 * middle - 0.341_319_396_5 * short;
    let blue = -0.004_196_086_3 * long - 0.703_418_614_7 * middle + 1.707_614_701_0 * short;
    let [red, green, blue] = [red, green, blue].map(shown);
    Color::from_rgba8(red, green, blue, u8::MAX)
}

/// A linear share of light as a screen's value.
fn shown(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let value = if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_has_the_size_that_is_asked_for_and_the_same_words_give_the_same_bytes() {
        let card = share_card("What a missed call costs", "Northwind", 207, 0.085).expect("drawn");
        assert_eq!(card, share_card("What a missed call costs", "Northwind", 207, 0.085).expect("drawn"));
        assert_ne!(card, share_card("What a missed call cost", "Northwind", 207, 0.085).expect("drawn"));
        let read = image::load_from_memory(&card).expect("a PNG").to_rgb8();
        assert_eq!(read.dimensions(), (WIDTH, HEIGHT));
        let dark = read.pixels().filter(|pixel| pixel.0.iter().all(|part| *part < 90)).count();
        assert!(dark > 4_000, "the title is there: {dark}");
    }

    #[test]
    fn no_text_breaks_a_card() {
        let long = "every week ".repeat(80);
        for title in ["", "見逃した電話", "<script>alert(1)</script>", "\0\u{202e}x", &"W".repeat(4000), &long] {
            assert!(share_card(title, title, 400, f64::NAN).is_some(), "{title}");
        }
    }

    #[test]
    fn a_title_is_as_large_as_fits_and_cut_with_a_mark() {
        assert_eq!(fitted("Short").0.to_bits(), SIZES[0].0.to_bits());
        let (size, lines) = fitted(&clean(&"measured ".repeat(90)));
        assert_eq!((size.to_bits(), lines.len()), (46.0_f32.to_bits(), 5));
        assert!(lines[4].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| letters::width(line, size) <= WIDTH as f32 - MARGIN * 2.0));
    }

    #[test]
    fn colours_are_those_of_the_space() {
        let white = oklch(1.0, 0.0, 0.0).to_color_u8();
        assert_eq!((white.red(), white.green(), white.blue()), (255, 255, 255));
        let red = oklch(0.627_955, 0.257_683, 29.234_9).to_color_u8();
        assert_eq!((red.red(), red.green() <= 1, red.blue() <= 1), (255, true, true));
    }
}
