//! Breaking text into lines.

use crate::font::Weight;

/// A line as it is drawn, with the text it stands for where the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What is drawn.
    pub(crate) shown: String,
    /// What is meant, where the font lacks some of it.
    pub(crate) meant: Option<String>,
}

impl Line {
    pub(crate) fn new(weight: Weight, text: &str) -> Self {
        let face = weight.face();
        let meant = (!face.has_all(text)).then(|| text.chars().filter(|c| !c.is_control()).collect());
        Self { shown: face.shown(text), meant }
    }
}

/// The lines of a text in a width. Breaks at spaces and line ends; a word that is longer than the width is broken inside.
pub(crate) fn wrap(text: &str, weight: Weight, size: f32, width: f32) -> Vec<Line> {
    let face = weight.face();
    let wide = |text: &str| face.width(&face.shown(text), size);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split([' ', '\t']).filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if wide(&longer) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = broken(word, &wide, width, &mut lines);
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines.iter().map(|line| Line::new(weight, line)).collect()
}

/// Cuts a word into pieces that fit; the full ones become lines, the last is given back.
fn broken(word: &str, wide: &impl Fn(&str) -> f32, width: f32, lines: &mut Vec<String>) -> String {
    if wide(word) <= width {
        return word.to_owned();
    }
    let mut piece = String::new();
    for character in word.chars() {
        piece.push(character);
        if wide(&piece) > width && piece.chars().count() > 1 {
            piece.pop();
            lines.push(std::mem::take(&mut piece));
            piece.push(character);
        }
    }
    piece
}

/// The text on one line, cut with an ellipsis where it is too long.
pub(crate) fn fit(text: &str, weight: Weight, size: f32, width: f32) -> Line {
    let face = weight.face();
    let wide = |text: &str| face.width(&face.shown(text), size);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if wide(&text) <= width {
        return Line::new(weight, &text);
    }
    let mut kept = text.clone();
    while kept.pop().is_some() {
        let cut = format!("{}…", kept.trim_end());
        if wide(&cut) <= width {
            return Line { shown: face.shown(&cut), meant: Some(text) };
        }
    }
    Line { shown: "…".to_owned(), meant: Some(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_it_may_be_and_no_word_is_lost() {
        let text =
            "Seven leads waited longer than an hour, and Donaudampfschifffahrtsgesellschaftskapitänsmützen sold well.";
        for width in [40.0, 90.0, 300.0] {
            let lines = wrap(text, Weight::Regular, 10.0, width);
            let face = Weight::Regular.face();
            assert!(lines.iter().all(|line| face.width(&line.shown, 10.0) <= width), "{lines:?}");
            let joined: String = lines.iter().map(|line| line.shown.replace(' ', "")).collect();
            assert_eq!(joined, text.replace(' ', ""));
        }
    }

    #[test]
    fn a_long_name_is_cut_and_kept_for_readers() {
        let line = fit("Northwind Dental & Aesthetics of Greater Manchester", Weight::Regular, 10.0, 90.0);
        assert!(line.shown.ends_with('…') && line.shown.len() < 30, "{line:?}");
        assert_eq!(line.meant.as_deref(), Some("Northwind Dental & Aesthetics of Greater Manchester"));
        assert_eq!(wrap("", Weight::Regular, 10.0, 50.0).len(), 1);
    }
}
