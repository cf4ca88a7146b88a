//! The gate that a growing answer goes through: what could still become another figure waits behind it.

use super::pieces::{GAPS, SCALES, SHARES, find_in, pieces};
use super::{Allowed, Figure};
use crate::spelled::begins;

/// Lets a growing text through as far as its figures stand.
#[derive(Debug, Default)]
pub struct Gate {
    text: String,
    out: usize,
}

impl Gate {
    /// Takes more text; gives what may be shown of it.
    ///
    /// # Errors
    /// The first figure that does not stand; the text before it may be shown.
    pub fn push(&mut self, piece: &str, allowed: &Allowed) -> Result<String, (String, Figure)> {
        self.text.push_str(piece);
        self.release(settled(&self.text, allowed.comma), allowed)
    }

    /// The rest, once nothing follows.
    ///
    /// # Errors
    /// The first figure that does not stand; the text before it may be shown.
    pub fn finish(&mut self, allowed: &Allowed) -> Result<String, (String, Figure)> {
        self.release(self.text.len(), allowed)
    }

    /// Everything it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn release(&mut self, cut: usize, allowed: &Allowed) -> Result<String, (String, Figure)> {
        let cut = cut.max(self.out);
        let stranger = find_in(&self.text[..cut], allowed.comma)
            .into_iter()
            .find(|figure| figure.end > self.out && !allowed.allows(figure));
        if let Some(figure) = stranger {
            let before = self.text[self.out..figure.start.max(self.out)].to_owned();
            self.out = self.text.len();
            return Err((before, figure));
        }
        let released = self.text[self.out..cut].to_owned();
        self.out = cut;
        Ok(released)
    }
}

/// How much of a growing text can be judged: everything before a figure, or the beginning of one, that could still grow.
fn settled(text: &str, comma: bool) -> usize {
    let mut cut = text.len();
    let found = pieces(text, comma);
    if let Some(last) = found.last() {
        // A scale or another word of the number may follow; what is none of their beginnings cannot become one.
        let rest = text[last.figure.end..].trim_start_matches(GAPS).to_lowercase();
        let word = rest.strip_prefix("and ").unwrap_or(&rest);
        let mut scales = SCALES.iter().map(|(scale, _)| *scale).chain(SHARES).chain(["and ", "m"]);
        if begins(word) || scales.any(|scale| scale.to_lowercase().starts_with(word)) {
            // "12,4" may still become 12,450: what touches it over a comma or a point is judged with it.
            let mut first = last.figure.start;
            for earlier in found.iter().rev().skip(1) {
                if !matches!(&text[earlier.figure.end..first], "," | ".") {
                    break;
                }
                first = earlier.figure.start;
            }
            cut = first;
        }
    }
    let tail = text
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = text[tail..].to_lowercase();
    // A word with digits at its end may become an amount: USD4, or the name of a thing: GA4.
    if !word.is_empty() && (begins(&word) || word.ends_with(|c: char| c.is_ascii_digit())) {
        cut = cut.min(tail);
    }
    // "[1" may become a citation: the bracket is judged with what follows.
    if cut > 0 && text[..cut].ends_with('[') && cut < text.len() {
        cut -= 1;
    }
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_held_back_until_it_cannot_grow() {
        for (text, cut) in [
            ("lost 12", 5),
            ("lost 12,4", 5),
            ("lost 12 ", 5),
            ("lost 12 mill", 5),
            ("lost 12 leads", 13),
            ("lost 12 leads and", 17),
            ("about twel", 6),
            ("about twenty", 6),
            ("about twenty-", 6),
            ("about twenty f", 6),
            ("about twenty of", 15),
            ("for USD9", 4),
            ("lost 12   mill", 5),
            ("see [", 5),
            ("see [2", 4),
        ] {
            assert_eq!(settled(text, false), cut, "{text}");
        }
    }

    proptest! {
        #[test]
        fn judging_piece_by_piece_finds_what_judging_the_whole_finds(words in proptest::collection::vec("[a-z]{1,6}|[0-9]{1,5}|[0-9]{1,3},[0-9]{3}|[0-9]+\\.[0-9]|million|%|eleven", 1..12), step in 1_usize..5) {
            let whole = words.join(" ");
            let mut allowed = Allowed::new();
            allowed.add(&json!({"value": 12_463.2, "share": 0.366, "n": 48, "day": "2026-11-03", "rows": [1, 2, 3]}));
            let (mut gate, mut shown, mut strange) = (Gate::default(), String::new(), false);
            let letters: Vec<char> = whole.chars().collect();
            for piece in letters.chunks(step) {
                match gate.push(&piece.iter().collect::<String>(), &allowed) {
                    Ok(text) => shown.push_str(&text),
                    Err(_) => strange = true,
                }
            }
            match gate.finish(&allowed) {
                Ok(text) => shown.push_str(&text),
                Err(_) => strange = true,
            }
            prop_assert_eq!(strange, allowed.first_stranger(&whole).is_some(), "{}", whole);
            prop_assert!(strange || shown == whole, "{whole} became {shown}");
        }

        #[test]
        fn any_text_is_cut_between_characters(text in "\\PC{0,60}") {
            for comma in [false, true] {
                prop_assert!(text.is_char_boundary(settled(&text, comma)));
            }
        }
    }
}
