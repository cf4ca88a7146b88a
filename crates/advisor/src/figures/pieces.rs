//! The numbers of a text, and what they say.

use super::Figure;
use crate::spelled::{spelled, word_end};

/// Words and letters behind a number, and what they make of it. `m` is left out: it is minutes as often as millions, but for
/// money.
pub(super) const SCALES: [(&str, f64); 25] = [
    ("k", 1e3),
    ("K", 1e3),
    ("M", 1e6),
    ("mn", 1e6),
    ("bn", 1e9),
    ("mio", 1e6),
    ("mln", 1e6),
    ("mrd", 1e9),
    ("hundred", 1e2),
    ("dozen", 12.0),
    ("thousand", 1e3),
    ("tausend", 1e3),
    ("lakh", 1e5),
    ("lakhs", 1e5),
    ("million", 1e6),
    ("millions", 1e6),
    ("millionen", 1e6),
    ("millones", 1e6),
    ("crore", 1e7),
    ("crores", 1e7),
    ("billion", 1e9),
    ("billions", 1e9),
    ("milliarden", 1e9),
    ("milliards", 1e9),
    ("trillion", 1e12),
];

/// What makes a number a share.
pub(super) const SHARES: [&str; 8] =
    ["%", "percentage points", "percentage point", "percent", "per cent", "pct", "prozent", "procent"];

/// Letters before an amount; others that touch digits name things (`B2B`, `GA4`).
const MONEY: [&str; 22] = [
    "usd", "eur", "gbp", "inr", "aud", "cad", "chf", "jpy", "cny", "sek", "nok", "dkk", "pln", "zar", "brl", "mxn",
    "us", "rs", "r", "kr", "fr", "hk",
];

/// Gaps between a number and its scale, or before its next word.
pub(super) const GAPS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '-', ',', '.'];

/// A number of a text, and whether it has to stand.
pub(super) struct Piece {
    pub figure: Figure,
    pub counts: bool,
}

/// Every figure of a text with a point before decimals, in order.
pub(super) fn find(text: &str) -> Vec<Figure> {
    find_in(text, false)
}

pub(super) fn find_in(text: &str, comma: bool) -> Vec<Figure> {
    pieces(text, comma).into_iter().filter(|piece| piece.counts).map(|piece| piece.figure).collect()
}

pub(super) fn pieces(text: &str, comma: bool) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if character.is_ascii_digit() {
            let figure = digits(text, at, comma);
            at = figure.end;
            let counts = !is_mark(text, &figure);
            found.push(Piece { figure, counts });
        } else if character.is_alphabetic() {
            if let Some(number) = spelled(text, at) {
                let share = share_at(text, number.end);
                let end = share.unwrap_or(number.end);
                let figure = Figure {
                    text: text[at..end].to_owned(),
                    value: number.value,
                    tolerance: number.tolerance,
                    start: at,
                    end,
                    share: share.is_some(),
                };
                at = end;
                // Up to ten, words are ways of speaking as often as figures.
                let counts = figure.value > 10.0 || figure.share;
                found.push(Piece { figure, counts });
            } else {
                at = amount_in(text, at).unwrap_or_else(|| word_end(text, at));
            }
        } else {
            at += character.len_utf8();
        }
    }
    found
}

/// Where an amount begins in a word: behind the letters of a currency, or as three digits and more. Fewer name things (`GA4`).
fn amount_in(text: &str, start: usize) -> Option<usize> {
    let word = &text[start..word_end(text, start)];
    let first = word.find(|c: char| !c.is_alphabetic())?;
    let (letters, rest) = word.split_at(first);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_money = MONEY.contains(&letters.to_lowercase().as_str());
    (digits > 2 || (digits > 0 && is_money)).then_some(start + first)
}

/// The figure whose first digit is at `start`.
fn digits(text: &str, start: usize, comma: bool) -> Figure {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let three = |at: usize| (0..3).all(|step| is_digit(at + step)) && !is_digit(at + 3);
    let (grouping, decimal) = if comma { (b'.', b',') } else { (b',', b'.') };
    let (mut end, mut decimals, mut whole) = (start, None, String::new());
    while end < bytes.len() {
        match bytes[end] {
            digit @ b'0'..=b'9' => {
                whole.push(char::from(digit));
                decimals = decimals.map(|count: i32| count + 1);
                end += 1;
            }
            // What parts thousands stands before exactly three digits.
            sign if sign == grouping && decimals.is_none() && three(end + 1) => end += 1,
            sign if (sign == decimal || sign == b'.')
                && decimals.is_none()
                && is_digit(end + 1)
                && !dotted(bytes, start, end) =>
            {
                whole.push('.');
                decimals = Some(0);
                end += 1;
            }
            _ if comma && decimals.is_none() => {
                let gap = ['\u{a0}', '\u{202f}'].into_iter().find(|gap| text[end..].starts_with(*gap));
                let gap = gap.map_or(0, char::len_utf8);
                if gap == 0 || !three(end + gap) {
                    break;
                }
                end += gap;
            }
            _ => break,
        }
    }
    let decimals = decimals.unwrap_or(0);
    let (scale, scaled) = scale_at(text, start, end);
    let share = share_at(text, scaled);
    let end = share.unwrap_or(scaled);
    let value = whole.parse::<f64>().unwrap_or(f64::MAX) * scale;
    // 12.5K may be 12,463; 1,200 is 1,200 and nothing else; 37 % may be 36.6 %.
    let rounded = decimals > 0 || scale > 1.0 || share.is_some();
    let tolerance = if rounded { 0.5 * 10_f64.powi(-decimals) * scale } else { 0.5 };
    Figure { text: text[start..end].to_owned(), value, tolerance, start, end, share: share.is_some() }
}

/// Whether a point parts the numbers of a date or a version: 27.11.2026.
fn dotted(bytes: &[u8], start: usize, point: usize) -> bool {
    if bytes[point] != b'.' {
        return false;
    }
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let after = point + 1 + bytes[point + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let before = start > 1 && bytes[start - 1] == b'.' && is_digit(start - 2);
    before || (bytes.get(after) == Some(&b'.') && is_digit(after + 1))
}

/// The scale behind a number, and where it ends.
fn scale_at(text: &str, start: usize, end: usize) -> (f64, usize) {
    let (rest, from) = behind(text, end);
    for (word, scale) in SCALES {
        if let Some(length) = begins_with(rest, word) {
            return (scale, from + length);
        }
    }
    let before = text[..start].trim_end();
    let is_money = before.ends_with(['$', '€', '£', '¥', '₹']) || MONEY.iter().any(|code| ends_with_word(before, code));
    match begins_with(rest, "m") {
        Some(length) if is_money => (1e6, from + length),
        _ => (1.0, end),
    }
}

/// Where the word ends that makes a share of a number.
fn share_at(text: &str, end: usize) -> Option<usize> {
    let (rest, from) = behind(text, end);
    SHARES.iter().find_map(|word| begins_with(rest, word)).map(|length| from + length)
}

/// What follows a number behind its gap, and where it begins.
fn behind(text: &str, end: usize) -> (&str, usize) {
    let rest = text[end..].trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    (rest, text.len() - rest.len())
}

/// The length of a word that a text begins with: letters of one or two as they are, longer ones in any case, and none that is the
/// beginning of a longer word.
fn begins_with(text: &str, word: &str) -> Option<usize> {
    let head = text.get(..word.len())?;
    let same = if word.len() > 2 { head.eq_ignore_ascii_case(word) } else { head == word };
    let goes_on = word.ends_with(char::is_alphabetic) && text[word.len()..].starts_with(char::is_alphanumeric);
    (same && !goes_on).then_some(word.len())
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.rsplit(|c: char| !c.is_alphanumeric()).next().is_some_and(|last| last.eq_ignore_ascii_case(word))
}

/// Whether it is a citation or the number of a list's item.
fn is_mark(text: &str, figure: &Figure) -> bool {
    let (before, after) = (&text[..figure.start], &text[figure.end..]);
    let short = figure.text.len() <= 2;
    let cites = short && before.ends_with('[') && after.starts_with(']');
    let numbers = short
        && (before.is_empty() || before.trim_end_matches(' ').ends_with('\n'))
        && (after.starts_with(". ") || after.starts_with(") "));
    cites || numbers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,60}") {
            for figure in find(&text) {
                prop_assert!(text[figure.start..figure.end] == figure.text);
            }
            for comma in [false, true] {
                prop_assert!(find_in(&text, comma).iter().all(|figure| text[figure.start..figure.end] == figure.text));
            }
        }
    }
}
