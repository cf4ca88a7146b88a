//! A site's colours: one hue, from which the accent of both themes is made so that words in it can be read.
//!
//! The organisation chooses hue and chroma; how light the colour is follows from what it stands on. Contrast is that of WCAG 2.

use std::sync::LazyLock;

use axum::http::HeaderValue;

use crate::sites::Look;

/// WCAG asks for 4.5; a little more, because browsers round colours.
const CONTRAST: f64 = 4.7;
/// How light the darkest ground of the light theme is, and the lightest of the dark one: a soft accent on its surface.
const LIGHT_GROUND: f64 = 0.93;
const DARK_GROUND: f64 = 0.33;

/// A colour of oklch: lightness, chroma, hue in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Colour {
    lightness: f64,
    chroma: f64,
    hue: f64,
}

/// The style sheet that all sites share, as it stands in their pages: a file of its own would cost a phone another trip before it
/// shows anything.
pub(super) fn shared() -> &'static str {
    static SHARED: LazyLock<String> = LazyLock::new(|| shell::assets::words("site.css"));
    &SHARED
}

/// What pages of forms, results and posts need besides.
pub(super) fn more() -> &'static str {
    static MORE: LazyLock<String> = LazyLock::new(|| shell::assets::words("site-more.css"));
    &MORE
}

/// The font of headings.
pub(super) fn font() -> &'static str {
    static FONT: LazyLock<String> = LazyLock::new(|| shell::assets::words("site-font.css"));
    &FONT
}

/// What a site's own colours add to it; none where they are those of the sheet itself.
pub(super) fn own(look: &Look) -> Option<String> {
    (version(look) != version(&Look::default())).then(|| css(look))
}

/// The script that stands in every page: the colours somebody chose are there before anything is shown, and the other scripts come
/// after it.
pub(super) fn first_script() -> &'static str {
    static SCRIPT: LazyLock<String> = LazyLock::new(|| {
        let words = shell::assets::words("site-first.js");
        words.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n")
    });
    &SCRIPT
}

/// The content policy of the site's pages: these style sheets, this script and no other.
pub(super) fn policy(look: &Look) -> HeaderValue {
    static USUAL: LazyLock<HeaderValue> =
        LazyLock::new(|| shell::policy_with(first_script(), &[shared(), more(), font()]));
    match own(look) {
        Some(own) => shell::policy_with(first_script(), &[shared(), more(), font(), &own]),
        None => USUAL.clone(),
    }
}

/// What names the colours.
pub(super) fn version(look: &Look) -> String {
    format!("{}-{}", look.hue % 360, (clamped(look.chroma) * 1000.0).round())
}

/// The colour of the mark: the light theme's accent, in hexadecimal.
pub(super) fn mark(look: &Look) -> String {
    on_light(look).hexadecimal()
}

/// The accent of a theme, as the desk shows it. Colours are hexadecimal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Swatch {
    pub theme: &'static str,
    pub accent: String,
    /// The ground on which it is hardest to read.
    pub ground: String,
    /// Between the two, by WCAG 2.
    pub contrast: f64,
}

/// The accents of both themes.
pub(crate) fn swatches(look: &Look) -> [Swatch; 2] {
    [("Light", on_light(look), LIGHT_GROUND), ("Dark", on_dark(look), DARK_GROUND)].map(|(theme, accent, ground)| {
        let ground = Colour::grey(ground);
        let contrast = contrast(accent.luminance(), ground.luminance());
        Swatch { theme, accent: accent.hexadecimal(), ground: ground.hexadecimal(), contrast }
    })
}

fn css(look: &Look) -> String {
    let (light, dark) = (on_light(look), on_dark(look));
    let (stronger, lighter) = (light.at(light.lightness - 0.06), dark.at(dark.lightness + 0.06));
    let deep = Colour { lightness: 0.27, chroma: clamped(look.chroma) * 0.6, hue: light.hue }.shown();
    let soft = |colour: Colour, part: f64| {
        format!("oklch({:.3} {:.4} {:.0} / {part})", colour.lightness, colour.chroma, colour.hue)
    };
    format!(
        ":root {{\n--accent: light-dark({light}, {dark});\n--accent-strong: light-dark({stronger}, {lighter});\n\
         --on-accent: light-dark(oklch(0.995 0 0), oklch(0.2 0.03 {hue:.0}));\n\
         --accent-soft: light-dark({}, {});\n--deep: {deep};\n--on-deep: oklch(0.97 0.01 {hue:.0});\n}}\n",
        soft(light, 0.085),
        soft(dark, 0.13),
        hue = light.hue,
    )
}

/// The accent on light ground: as light as can be read on it, and never lighter than the product's own.
fn on_light(look: &Look) -> Colour {
    let ground = Colour::grey(LIGHT_GROUND).luminance();
    let wanted = Colour { lightness: 0.5, chroma: clamped(look.chroma), hue: f64::from(look.hue % 360) };
    let mut steps = (0..40).map(|step| wanted.at(0.5 - f64::from(step) * 0.005));
    steps.find(|colour| contrast(colour.luminance(), ground) >= CONTRAST).unwrap_or_else(|| wanted.at(0.3))
}

/// The accent on dark ground: as dark as can be read on it, and never darker than the product's own.
fn on_dark(look: &Look) -> Colour {
    let ground = Colour::grey(DARK_GROUND).luminance();
    let wanted = Colour { lightness: 0.78, chroma: clamped(look.chroma), hue: f64::from(look.hue % 360) };
    let mut steps = (0..40).map(|step| wanted.at(0.78 + f64::from(step) * 0.005));
    steps.find(|colour| contrast(colour.luminance(), ground) >= CONTRAST).unwrap_or_else(|| wanted.at(0.95))
}

fn clamped(chroma: f64) -> f64 {
    if chroma.is_finite() { chroma.clamp(0.0, 0.2) } else { 0.0 }
}

impl Colour {
    fn grey(lightness: f64) -> Self {
        Self { lightness, chroma: 0.0, hue: 0.0 }
    }

    /// The same colour in another lightness.
    fn at(self, lightness: f64) -> Self {
        Self { lightness, ..self }.shown()
    }

    /// The colour as a screen can show it: as colourful as its lightness allows.
    fn shown(self) -> Self {
        let fits = |colour: Self| colour.linear().iter().all(|channel| (-0.0005..=1.0005).contains(channel));
        let mut paler = (0..=40).map(|step| Self { chroma: self.chroma * (1.0 - f64::from(step) / 40.0), ..self });
        paler.find(|colour| fits(*colour)).unwrap_or(Self { chroma: 0.0, ..self })
    }

    /// Linear sRGB, by Björn Ottosson's matrices.
    fn linear(self) -> [f64; 3] {
        let angle = self.hue.to_radians();
        let (a, b) = (self.chroma * angle.cos(), self.chroma * angle.sin());
        let long = (self.lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let medium = (self.lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let short = (self.lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701 * short,
        ]
    }

    fn channels(self) -> [f64; 3] {
        self.linear().map(|channel| channel.clamp(0.0, 1.0))
    }

    fn hexadecimal(self) -> String {
        format!("#{}", hex::encode(self.channels().map(|channel| (encoded(channel) * 255.0).round() as u8)))
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.channels();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "oklch({:.3} {:.4} {:.0})", self.lightness, self.chroma, self.hue)
    }
}

/// The transfer function of sRGB.
fn encoded(linear: f64) -> f64 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

fn contrast(one: f64, other: f64) -> f64 {
    let (light, dark) = if one > other { (one, other) } else { (other, one) };
    (light + 0.05) / (dark + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(hue: u16, chroma: f64) -> Look {
        Look { hue, chroma, logo: None }
    }

    #[test]
    fn every_colour_can_be_read_on_every_ground() {
        for hue in (0..360).step_by(3) {
            for chroma in [0.0, 0.04, 0.085, 0.14, 0.2] {
                let look = look(hue, chroma);
                let (light, dark) = (on_light(&look), on_dark(&look));
                for (colour, ground) in [(light, LIGHT_GROUND), (light, 1.0), (dark, DARK_GROUND), (dark, 0.178)] {
                    let seen = contrast(colour.luminance(), Colour::grey(ground).luminance());
                    assert!(seen >= 4.5, "{colour} on {ground}: {seen}");
                }
                let on_accent = Colour { lightness: 0.2, chroma: 0.03, hue: dark.hue }.shown();
                assert!(contrast(on_accent.luminance(), dark.luminance()) >= 4.5, "words on {dark}");
                let deep = Colour { lightness: 0.27, chroma: chroma * 0.6, hue: f64::from(hue) }.shown();
                assert!(contrast(deep.luminance(), Colour::grey(0.97).luminance()) >= 7.0, "words on {deep}");
            }
        }
    }

    #[test]
    fn colours_are_those_of_the_screen() {
        assert_eq!(Colour::grey(1.0).channels().map(|channel| (encoded(channel) * 255.0).round() as u8), [255; 3]);
        let red = Colour { lightness: 0.628, chroma: 0.2577, hue: 29.23 };
        let [r, g, b] = red.channels().map(|channel| (encoded(channel) * 255.0).round());
        assert!(r >= 254.0 && g <= 3.0 && b <= 3.0, "{r} {g} {b}");
        assert!((Colour::grey(0.0).luminance()).abs() < 1e-9);
    }

    #[test]
    fn colours_that_are_not_the_usual_ones_are_added() {
        assert_eq!(version(&look(207, 0.085)), "207-85");
        assert!(own(&Look::default()).is_none() && own(&look(20, 0.085)).is_some());
        assert_eq!(version(&look(367, f64::NAN)), "7-0");
        assert!(css(&look(120, 0.1)).contains("--accent: light-dark(oklch("));
        for text in [shared(), more(), font(), first_script()] {
            assert!(!text.is_empty() && !text.contains("</") && !text.contains("\"./"), "it can stand in a page");
        }
        assert_ne!(policy(&look(120, 0.1)), policy(&look(121, 0.1)));
        assert!(mark(&look(120, 0.1)).len() == 7);
    }
}
