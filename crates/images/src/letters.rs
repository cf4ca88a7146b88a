//! Text as outlines: the font the product embeds, measured and drawn a glyph at a time.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};
use tiny_skia::{Path, PathBuilder};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::new(include_bytes!("../../pdf/assets/inter-semibold.ttf"))
        .expect("the font is a part of the program, and a test reads it")
});

/// Whether the font has most of a text: one that it lacks would be a row of boxes.
pub(crate) fn can_write(text: &str) -> bool {
    let map = FONT.charmap();
    let shown = || text.chars().filter(|c| !c.is_whitespace());
    let known = shown().filter(|c| map.map(*c).is_some()).count();
    known * 5 >= shown().count() * 4
}

/// How wide a text is at a size, in pixels.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    let (map, metrics) = (FONT.charmap(), FONT.glyph_metrics(Size::new(size), LocationRef::default()));
    text.chars().filter_map(|c| metrics.advance_width(map.map(c)?)).sum()
}

/// A text as one path, its baseline beginning at a place; none where nothing of it is drawn.
pub(crate) fn outline(text: &str, size: f32, (x, y): (f32, f32)) -> Option<Path> {
    let (map, glyphs) = (FONT.charmap(), FONT.outline_glyphs());
    let metrics = FONT.glyph_metrics(Size::new(size), LocationRef::default());
    let mut pen = Pen { path: PathBuilder::new(), x, y };
    for glyph in text.chars().filter_map(|c| map.map(c)) {
        if let Some(outline) = glyphs.get(glyph) {
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            outline.draw(settings, &mut pen).ok()?;
        }
        pen.x += metrics.advance_width(glyph).unwrap_or_default();
    }
    pen.path.finish()
}

/// A text cut into lines of at most a width; a word that is wider than a line is cut in itself.
pub(crate) fn lines(text: &str, size: f32, widest: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= widest {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if width(&line, size) > widest && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Puts glyphs beside one another; a font counts upwards, a picture downwards.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx0, self.y - cy0, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + cx0, self.y - cy0, self.x + cx1, self.y - cy1, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_of_the_text_is_lost() {
        let text = "What a missed call costs a clinic, and what to do about it";
        for widest in [120.0, 300.0, 900.0] {
            let lines = lines(text, 60.0, widest);
            assert!(lines.iter().all(|line| width(line, 60.0) <= widest), "{lines:?}");
            let (mut whole, mut given) = (lines.concat(), text.to_owned());
            whole.retain(|c| c != ' ');
            given.retain(|c| c != ' ');
            assert_eq!(whole, given);
        }
        assert!(lines(&"x".repeat(300), 60.0, 400.0).len() > 5, "a word without an end is cut");
        assert!(lines("  ", 60.0, 400.0).is_empty());
    }

    #[test]
    fn what_the_font_lacks_is_known_before_it_is_drawn() {
        assert!(can_write("Größe, Łódź, Київ, Αθήνα"));
        assert!(!can_write("見逃した電話のコスト"));
        assert!(outline("Recoup", 40.0, (0.0, 40.0)).is_some());
        assert!(outline(" ", 40.0, (0.0, 40.0)).is_none());
    }
}
