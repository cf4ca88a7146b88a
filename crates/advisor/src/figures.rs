//! Figures in an answer against the figures that tools gave.
//!
//! A figure is a number written in digits, or a number word from eleven on; with `%`, `K`, `million` and their like it is what
//! they make of it. It stands when a tool gave it, or one that rounds to it at the digits written. What is written as a citation
//! (`[2]`) or numbers a list (`2. …`) is no figure.

use serde_json::Value;

/// The figures that may be written.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    values: Vec<f64>,
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
}

impl Figure {
    /// Whether it is written as a percentage.
    fn is_share(&self) -> bool {
        self.text.ends_with('%') || self.text.ends_with("percent")
    }
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
        self.release(settled(&self.text), allowed)
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
        let stranger =
            find(&self.text[..cut]).into_iter().find(|figure| figure.end > self.out && !allowed.allows(figure));
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
            Value::Object(fields) => fields.values().for_each(|item| self.add(item)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The figures of a text, such as the question: whoever asks about 7 days may be answered about 7 days.
    pub fn add_text(&mut self, text: &str) {
        self.values.extend(find(text).into_iter().map(|figure| figure.value));
    }

    /// Whether a figure stands.
    pub fn allows(&self, figure: &Figure) -> bool {
        let close = |value: f64| (value - figure.value).abs() <= figure.tolerance + 1e-9 * value.abs().max(1.0);
        self.values.iter().any(|&value| close(value) || (figure.is_share() && close(value * 100.0)))
    }

    /// The first figure of a text that does not stand.
    pub fn first_stranger(&self, text: &str) -> Option<Figure> {
        find(text).into_iter().find(|figure| !self.allows(figure))
    }
}

/// Words from eleven on, and what they are.
const WORDS: [(&str, f64); 19] = [
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("hundred", 100.0),
    ("dozen", 12.0),
];

/// Words and letters behind a number, and what they make of it. `m` is left out: it is minutes as often as millions.
const SCALES: [(&str, f64); 10] = [
    ("k", 1e3),
    ("K", 1e3),
    ("M", 1e6),
    ("bn", 1e9),
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
    ("hundred", 1e2),
    ("%", 1.0),
    ("percent", 1.0),
];

/// Every figure of a text, in order.
pub fn find(text: &str) -> Vec<Figure> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if character.is_ascii_digit() {
            let figure = digits(text, at);
            at = figure.end;
            if !is_mark(text, &figure) {
                found.push(figure);
            }
        } else if character.is_alphabetic() {
            let end = text[at..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| at + length);
            let word = text[at..end].to_lowercase();
            if let Some((_, value)) = WORDS.iter().find(|(name, _)| *name == word) {
                found.push(Figure { text: text[at..end].to_owned(), value: *value, tolerance: 0.0, start: at, end });
            }
            // Digits inside a word (`B2B`, `GA4`) name things.
            at = end;
        } else {
            at += character.len_utf8();
        }
    }
    found
}

/// The figure whose first digit is at `start`.
fn digits(text: &str, start: usize) -> Figure {
    let bytes = text.as_bytes();
    let (mut end, mut decimals, mut whole) = (start, None, String::new());
    while end < bytes.len() {
        let next_is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        match bytes[end] {
            digit @ b'0'..=b'9' => {
                whole.push(char::from(digit));
                decimals = decimals.map(|count: i32| count + 1);
                end += 1;
            }
            // A comma before exactly three digits groups them.
            b',' if decimals.is_none()
                && (1..=3).all(|step| next_is_digit(end + step))
                && !next_is_digit(end + 4) =>
            {
                end += 1;
            }
            b'.' if decimals.is_none() && next_is_digit(end + 1) => {
                whole.push('.');
                decimals = Some(0);
                end += 1;
            }
            _ => break,
        }
    }
    let decimals = decimals.unwrap_or(0);
    let (scale, end) = scale_at(text, end);
    let value = whole.parse::<f64>().unwrap_or(f64::MAX) * scale;
    // 12.5K may be 12,463; 1,200 is 1,200 and nothing else; 37 % may be 36.6 %.
    let rounded = decimals > 0 || scale > 1.0 || text[..end].ends_with(['%', 't']);
    let tolerance = if rounded { 0.5 * 10_f64.powi(-decimals) * scale } else { 0.5 };
    Figure { text: text[start..end].to_owned(), value, tolerance, start, end }
}

/// The scale behind a number, and where it ends.
fn scale_at(text: &str, end: usize) -> (f64, usize) {
    let rest = &text[end..];
    let gap = rest.len() - rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']).len();
    let rest = &rest[gap..];
    for (word, scale) in SCALES {
        let Some(after) = rest.strip_prefix(word) else { continue };
        let is_letter = word.chars().all(char::is_alphabetic);
        // A letter scales only what it touches ("12K"), and no scale is the beginning of a longer word.
        let touches = gap == 0 || word.chars().count() > 2 || word == "%";
        if touches && !(is_letter && after.starts_with(char::is_alphanumeric)) {
            return (scale, end + gap + word.len());
        }
    }
    (1.0, end)
}

/// Whether it is a citation or the number of a list's item.
fn is_mark(text: &str, figure: &Figure) -> bool {
    let (before, after) = (&text[..figure.start], &text[figure.end..]);
    let cites = before.ends_with('[') && after.starts_with(']');
    let numbers = figure.text.len() <= 2
        && (before.is_empty() || before.trim_end_matches(' ').ends_with('\n'))
        && (after.starts_with(". ") || after.starts_with(") "));
    cites || numbers
}

/// How much of a growing text can be judged: everything before a figure, or the beginning of one, that could still grow.
pub fn settled(text: &str) -> usize {
    let mut cut = text.len();
    let figures = find(text);
    if let Some(last) = figures.last() {
        // A scale word may follow after a space; what is longer than any of them cannot become one.
        let after = &text[last.end..];
        let word: String = after.trim_start_matches([' ', '\u{a0}', '\u{202f}', ',', '.']).chars().take(9).collect();
        let could_scale = SCALES.iter().any(|(scale, _)| scale.starts_with(word.as_str()));
        if after.is_empty() || (could_scale && after.len() <= word.len() + 2) {
            // "12,4" may still become 12,450: what touches it over a comma or a point is judged with it.
            let mut first = last;
            for earlier in figures.iter().rev().skip(1) {
                if !matches!(&text[earlier.end..first.start], "," | ".") {
                    break;
                }
                first = earlier;
            }
            cut = first.start;
        }
    }
    let tail = text.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = text[tail..].to_lowercase();
    if !word.is_empty() && WORDS.iter().any(|(name, _)| name.starts_with(&word)) {
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
    fn a_number_is_held_back_until_it_cannot_grow() {
        for (text, cut) in [
            ("lost 12", 5),
            ("lost 12,4", 5),
            ("lost 12 ", 5),
            ("lost 12 mill", 5),
            ("lost 12 leads", 13),
            ("lost 12 leads and", 17),
            ("about twel", 6),
            ("see [", 5),
            ("see [2", 4),
        ] {
            assert_eq!(settled(text), cut, "{text}");
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
            prop_assert!(text.is_char_boundary(settled(&text)));
        }
    }
}
