//! The embedded font: which characters it has and how wide each is, and what stands in for the others.
//!
//! The two files are cut from Inter 4 to the scripts the crate names, without layout features; their digits are the tabular ones,
//! so that columns of figures stand under one another. One glyph a character: nothing here depends on a shaper.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};

/// Stands where the font has no character.
const MISSING: char = '\u{25a1}';

/// How heavy a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Running text.
    Regular,
    /// Headings and figures.
    SemiBold,
}

static REGULAR: LazyLock<Face> = LazyLock::new(|| Face::embedded(include_bytes!("../assets/inter-regular.ttf")));
static SEMI_BOLD: LazyLock<Face> = LazyLock::new(|| Face::embedded(include_bytes!("../assets/inter-semibold.ttf")));

/// One weight of the font.
pub(crate) struct Face {
    data: &'static [u8],
    units: f32,
    /// Character, glyph and advance, in the order of characters.
    glyphs: Vec<(u32, u16, u16)>,
}

impl Weight {
    pub(crate) fn face(self) -> &'static Face {
        match self {
            Self::Regular => &REGULAR,
            Self::SemiBold => &SEMI_BOLD,
        }
    }
}

impl Face {
    fn embedded(data: &'static [u8]) -> Self {
        Self::read(data).expect("the font is a part of the program, and a test reads it")
    }

    fn read(data: &'static [u8]) -> Option<Self> {
        let units = f32::from(short(table(data, *b"head")?, 18)?);
        let (cmap, hhea, hmtx) = (table(data, *b"cmap")?, table(data, *b"hhea")?, table(data, *b"hmtx")?);
        let metrics = usize::from(short(hhea, 34)?);
        let advance = |glyph: u16| short(hmtx, usize::from(glyph).min(metrics.checked_sub(1)?) * 4);
        let mut glyphs: Vec<(u32, u16, u16)> = Vec::new();
        for (character, glyph) in characters(cmap)? {
            glyphs.push((character, glyph, advance(glyph)?));
        }
        Some(Self { data, units, glyphs })
    }

    /// The font as a file embeds it.
    pub(crate) fn font(&self) -> Option<Font> {
        Font::new(self.data.into(), 0)
    }

    fn find(&self, character: char) -> Option<(u16, u16)> {
        let place = self.glyphs.binary_search_by_key(&u32::from(character), |(code, ..)| *code).ok()?;
        self.glyphs.get(place).map(|(_, glyph, advance)| (*glyph, *advance))
    }

    /// The width of a text that went through [`Face::shown`].
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let units: u32 = text.chars().filter_map(|c| self.find(c)).map(|(_, advance)| u32::from(advance)).sum();
        units as f32 / self.units * size
    }

    /// The glyphs of a text that went through [`Face::shown`].
    pub(crate) fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .filter_map(|(start, character)| {
                let (glyph, advance) = self.find(character)?;
                let range = start..start + character.len_utf8();
                let advance = f32::from(advance) / self.units;
                Some(KrillaGlyph::new(GlyphId::new(u32::from(glyph)), advance, 0.0, 0.0, 0.0, range, None))
            })
            .collect()
    }

    /// The text with what the font lacks replaced: by a space, by nothing where it has no width, by `□` otherwise.
    pub(crate) fn shown(&self, text: &str) -> String {
        text.chars()
            .filter_map(|c| if self.find(c).is_some() && !c.is_control() { Some(c) } else { instead(c) })
            .collect()
    }

    /// Whether every character is drawn as it is.
    pub(crate) fn has_all(&self, text: &str) -> bool {
        text.chars().all(|c| c.is_whitespace() || self.find(c).is_some())
    }
}

/// What is drawn for a character that the font lacks.
fn instead(character: char) -> Option<char> {
    match character {
        c if c.is_whitespace() || c.is_control() => Some(' '),
        // Marks on the letter before, joiners, signs of direction and selectors of a form have no width of their own.
        '\u{0300}'..='\u{036f}'
        | '\u{00ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => None,
        _ => Some(MISSING),
    }
}

/// A table of the font file.
fn table(data: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let count = usize::from(short(data, 4)?);
    (0..count).map(|n| 12 + n * 16).find(|at| data.get(*at..at + 4) == Some(&name[..])).and_then(|at| {
        let (start, length) = (long(data, at + 8)? as usize, long(data, at + 12)? as usize);
        data.get(start..start.checked_add(length)?)
    })
}

/// The characters of a `cmap` table and their glyphs, in order: its subtable of format 4, which holds the basic plane.
fn characters(cmap: &[u8]) -> Option<Vec<(u32, u16)>> {
    let count = usize::from(short(cmap, 2)?);
    let format4 = (0..count)
        .filter_map(|n| cmap.get(long(cmap, 4 + n * 8 + 4)? as usize..))
        .find(|subtable| short(subtable, 0) == Some(4))?;
    let doubled = usize::from(short(format4, 6)?);
    let mut found = Vec::new();
    for segment in (0..doubled).step_by(2) {
        let end = short(format4, 14 + segment)?;
        let start = short(format4, 16 + doubled + segment)?;
        let delta = short(format4, 16 + doubled * 2 + segment)?;
        let place = 16 + doubled * 3 + segment;
        let offset = usize::from(short(format4, place)?);
        for code in start..=end {
            let glyph = if offset == 0 {
                code.wrapping_add(delta)
            } else {
                match short(format4, place + offset + usize::from(code - start) * 2)? {
                    0 => 0,
                    glyph => glyph.wrapping_add(delta),
                }
            };
            if glyph != 0 && code != u16::MAX {
                found.push((u32::from(code), glyph));
            }
        }
    }
    found.sort_unstable();
    Some(found)
}

fn short(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn long(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_weights_have_the_scripts_the_crate_names_and_digits_of_one_width() {
        for weight in [Weight::Regular, Weight::SemiBold] {
            let face = weight.face();
            for text in ["Revenue £€$¥₽₹₺", "Größe Łódź Çağrı", "Việt Nam", "Αθήνα ώ", "Київ Ёж", "… – — “” → ↑ ↓ ✓ □"]
            {
                assert!(face.has_all(text), "{text}");
                assert_eq!(face.shown(text), text);
            }
            let widths: Vec<u32> = ('0'..='9').map(|c| face.width(&c.to_string(), 1000.0).round() as u32).collect();
            assert!(widths.iter().all(|width| *width == widths[0] && *width > 0), "{widths:?}");
        }
    }

    #[test]
    fn what_the_font_lacks_is_marked_and_never_lost_silently() {
        let face = Weight::Regular.face();
        assert_eq!(face.shown("田中 Dana\tX\u{200b}"), "□□ Dana X");
        assert!(!face.has_all("田中"));
        assert_eq!(face.glyphs(&face.shown("🦷")).len(), 1);
    }
}
