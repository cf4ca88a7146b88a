//! Figures in an answer against the figures that tools gave.
//!
//! A figure is a number written in digits, or one above ten in words; with `%`, `K`, `million` and their like it is what they make
//! of it. It stands when a tool gave it, or one that rounds to it at the digits written; a share stands for a share alone: forty
//! leads are not 40 % of them. What is written as a citation (`[2]`) or numbers a list (`2. …`) is no figure. Halves and quarters
//! in words are not looked at.

use serde_json::Value;

use crate::spelled::{begins, spelled, word_end};

/// Languages that write 1.234,5 for 1,234.5.
const COMMA: [&str; 27] = [
    "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "lt", "lv", "nb", "nl", "no", "pl",
    "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk",
];

/// The figures that may be written.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    values: Vec<f64>,
    /// What was given as a percentage, in percent.
    shares: Vec<f64>,
    /// Whether texts are written with a comma before decimals.
    comma: bool,
}

/// A figure found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// As it is written.
    pub text: String,
    /// What it says, signs aside.
    pub value: f64,
    /// Half a unit of its last digit, scaled: what rounding may have moved.
    pub tolerance: f64,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, its scale word included.
    pub end: usize,
    /// Whether it is written as a percentage.
    pub share: bool,
}

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

impl Allowed {
    /// Nothing but what every text may say.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on texts are written in a language, by its ISO 639-1 code: some have a comma before decimals.
    pub fn write_in(&mut self, language: &str) {
        self.comma = COMMA.contains(&language);
    }

    /// Every number of a tool's result, those in its texts (dates, amounts) among them.
    pub fn add(&mut self, result: &Value) {
        match result {
            Value::Number(number) => self.values.extend(number.as_f64().map(f64::abs)),
            Value::String(text) => self.add_text(text),
            Value::Array(items) => {
                // "Three places are open" counts a list.
                self.values.push(items.len() as f64);
                for item in items {
                    self.add(item);
                }
            }
            Value::Object(fields) => {
                let of_100 = fields.get("unit").and_then(Value::as_str).is_some_and(|unit| unit.starts_with("points"));
                for (name, item) in fields {
                    self.add(item);
                    if of_100 || name.contains("percent") {
                        self.shares.extend(item.as_f64().map(f64::abs));
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The figures of a text of ours.
    pub fn add_text(&mut self, text: &str) {
        self.take(find(text));
    }

    /// The figures of what was asked: whoever asks about 7 days may be answered about 7 days.
    pub fn add_question(&mut self, text: &str) {
        self.take(find_in(text, self.comma));
    }

    fn take(&mut self, figures: Vec<Figure>) {
        for figure in figures {
            let kept = if figure.share { &mut self.shares } else { &mut self.values };
            kept.push(figure.value);
        }
    }

    /// Whether a figure stands.
    pub fn allows(&self, figure: &Figure) -> bool {
        let close = |value: f64| (value - figure.value).abs() <= figure.tolerance + 1e-9 * value.abs().max(1.0);
        if figure.share {
            // A share is a part of one; a ratio may be above it, a count never is one.
            let part = |value: f64| value <= 1.0 || value.fract() > 0.0;
            return self.shares.iter().any(|&value| close(value))
                || self.values.iter().any(|&value| part(value) && close(value * 100.0));
        }
        self.values.iter().any(|&value| close(value))
    }

    /// The first figure of a text that does not stand.
    pub fn first_stranger(&self, text: &str) -> Option<Figure> {
        find_in(text, self.comma).into_iter().find(|figure| !self.allows(figure))
    }
}

/// Words and letters behind a number, and what they make of it. `m` is left out: it is minutes as often as millions, but for
/// money.
const SCALES: [(&str, f64); 25] = [
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
const SHARES: [&str; 8] =
    ["%", "percentage points", "percentage point", "percent", "per cent", "pct", "prozent", "procent"];

/// Letters before an amount; others that touch digits name things (`B2B`, `GA4`).
const MONEY: [&str; 22] = [
    "usd", "eur", "gbp", "inr", "aud", "cad", "chf", "jpy", "cny", "sek", "nok", "dkk", "pln", "zar", "brl", "mxn",
    "us", "rs", "r", "kr", "fr", "hk",
];

/// Gaps between a number and its scale, or before its next word.
const GAPS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '-', ',', '.'];

/// A number of a text, and whether it has to stand.
struct Piece {
    figure: Figure,
    counts: bool,
}

/// Every figure of a text with a point before decimals, in order.
pub fn find(text: &str) -> Vec<Figure> {
    find_in(text, false)
}

fn find_in(text: &str, comma: bool) -> Vec<Figure> {
    pieces(text, comma).into_iter().filter(|piece| piece.counts).map(|piece| piece.figure).collect()
}

fn pieces(text: &str, comma: bool) -> Vec<Piece> {
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

    fn allowed() -> Allowed {
        let mut allowed = Allowed::new();
        allowed.add(&json!({"value": 12_463.2, "share": 0.366, "n": 48, "day": "2026-11-03", "rows": [1, 2, 3]}));
        allowed
    }

    #[test]
    fn what_a_tool_gave_stands_as_it_is_or_rounded() {
        for text in [
            "12,463.2 lost",
            "$12,463",
            "about 12.5K",
            "12 thousand",
            "37 %",
            "36.6%",
            "48 of them [2]",
            "On 2026-11-03",
            "three rows",
            "GA4 says so",
            "1. Call them\n2. Write",
        ] {
            assert_eq!(allowed().first_stranger(text), None, "{text}");
        }
    }

    #[test]
    fn a_figure_nobody_gave_is_a_stranger() {
        for (text, figure) in [
            ("12,480 lost", "12,480"),
            ("13K", "13K"),
            ("12 million", "12 million"),
            ("38%", "38%"),
            ("fifty leads", "fifty"),
            ("48.5", "48.5"),
            ("in 2025", "2025"),
        ] {
            assert_eq!(allowed().first_stranger(text).map(|found| found.text), Some(figure.to_owned()), "{text}");
        }
    }

    #[test]
    fn holes_that_a_figure_could_slip_through_are_closed() {
        for (text, figure) in [
            // A count is no share, and a share no count.
            ("48 % of them", "48 %"),
            ("48 per cent", "48 per cent"),
            ("37 leads", "37"),
            ("$48m lost", "48m"),
            ("48 Million", "48 Million"),
            ("48 lakh", "48 lakh"),
            ("5 million", "5 million"),
            ("five thousand dollars", "five thousand"),
            ("two million", "two million"),
            ("forty-eight thousand", "forty-eight thousand"),
            ("forty leads", "forty"),
            ("USD97531", "97531"),
            ("Rs97", "97"),
            ("-97", "97"),
            ("48–97", "97"),
            ("| 48 | 97 |", "97"),
            ("the 97th", "97"),
            ("[97531]", "97531"),
        ] {
            assert_eq!(allowed().first_stranger(text).map(|found| found.text), Some(figure.to_owned()), "{text}");
        }
        for text in
            ["forty-eight leads", "USD 12,463", "USD12463.2", "in 2026", "-48", "the 48th", "B2B", "0.366", "48m later"]
        {
            assert_eq!(allowed().first_stranger(text), None, "{text}");
        }
    }

    #[test]
    fn shares_come_from_texts_percentages_and_points() {
        let mut allowed = Allowed::new();
        allowed.add_text("up 12 % on the period before");
        allowed.add(&json!({"coverage_percent": 75, "score": {"unit": "points of 100", "value": 62.4}, "n": 9}));
        for text in ["up 12 percent", "75 % of it", "62.4 of 100", "62 %"] {
            assert_eq!(allowed.first_stranger(text), None, "{text}");
        }
        for text in ["12 leads", "9 %"] {
            assert!(allowed.first_stranger(text).is_some(), "{text}");
        }
    }

    #[test]
    fn other_languages_write_decimals_with_a_comma() {
        let mut allowed = allowed();
        allowed.write_in("de");
        for text in
            ["12.463,2 €", "12.463 €", "12\u{202f}463 €", "12,5 Tausend", "36,6 %", "37 Prozent", "am 3.11.2026"]
        {
            assert_eq!(allowed.first_stranger(text), None, "{text}");
        }
        for (text, figure) in [("12.480 €", "12.480"), ("12,463 €", "12,463"), ("38,1 %", "38,1 %")] {
            assert_eq!(allowed.first_stranger(text).map(|found| found.text), Some(figure.to_owned()), "{text}");
        }
    }

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
            let allowed = allowed();
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
        fn any_text_is_read(text in "\\PC{0,60}") {
            for figure in find(&text) {
                prop_assert!(text[figure.start..figure.end] == figure.text);
            }
            for comma in [false, true] {
                prop_assert!(text.is_char_boundary(settled(&text, comma)));
                prop_assert!(find_in(&text, comma).iter().all(|figure| text[figure.start..figure.end] == figure.text));
            }
        }
    }
}
