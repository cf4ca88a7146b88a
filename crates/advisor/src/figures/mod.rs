//! Figures in an answer against the figures that tools gave.
//!
//! A figure is a number written in digits, or one above ten in words; with `%`, `K`, `million` and their like it is what they make
//! of it. It stands when a tool gave it, or one that rounds to it at the digits written; a share stands for a share alone: forty
//! leads are not 40 % of them. What is written as a citation (`[2]`) or numbers a list (`2. …`) is no figure. Halves and quarters
//! in words are not looked at.

mod gate;
mod pieces;

use serde_json::Value;

use self::pieces::{find, find_in};

pub use gate::Gate;

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

#[cfg(test)]
mod tests {
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
}
