//! Which figures a text about a result may hold: those of the advice and of the score, as they are.
//!
//! Strict on purpose: a figure is known when the same digits stand in the facts, a percentage when it stands there as one; numbers
//! in words above ten, and words that multiply, must stand there too. What a stranger typed is no source.

use std::collections::BTreeSet;

use super::model::{Advice, Outcome};

/// Words that say a number or a multiple of something.
const WORDS: [&str; 33] = [
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "millions",
    "billion",
    "dozen",
    "dozens",
    "double",
    "doubles",
    "doubled",
    "triple",
    "tripled",
    "twice",
    "half",
];

/// The figures that are known.
pub(super) struct Facts {
    figures: BTreeSet<(String, bool)>,
    words: BTreeSet<String>,
}

impl Facts {
    /// The figures of a result's score and of the advice that is worded.
    pub(super) fn of(outcome: &Outcome, advice: &[Advice]) -> Self {
        let mut facts = Self { figures: BTreeSet::new(), words: BTreeSet::new() };
        facts.number(outcome.total);
        for scale in [4, 5, 100] {
            facts.number(scale);
        }
        for level in outcome.dimensions.iter().filter_map(|of| of.level) {
            facts.number(level);
        }
        for Advice { title, why, first, effort_days, effect, feature, .. } in advice {
            facts.number(*effort_days);
            facts.number(*effect);
            for text in [title, why, first, feature] {
                facts.figures.extend(figures(text));
                facts.words.extend(number_words(text));
            }
        }
        facts
    }

    fn number(&mut self, number: u8) {
        self.figures.insert((number.to_string(), false));
    }

    /// The first figure of a text that is not known.
    pub(super) fn first_stranger(&self, text: &str) -> Option<String> {
        // Digits of other scripts, fractions and superscripts are no way around.
        if let Some(odd) = text.chars().find(|c| c.is_numeric() && !c.is_ascii_digit()) {
            return Some(odd.to_string());
        }
        let figure = figures(text).into_iter().find(|figure| !self.figures.contains(figure));
        let figure = figure.map(|(digits, share)| if share { format!("{digits} %") } else { digits });
        figure.or_else(|| number_words(text).into_iter().find(|word| !self.words.contains(word)))
    }
}

/// The figures of a text, without what groups their digits, and whether each is a percentage.
fn figures(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let run = &rest[start..];
        let end = run.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.')).unwrap_or(run.len());
        let digits = run[..end].trim_end_matches([',', '.']).replace(',', "");
        rest = &run[end..];
        let after = rest.trim_start().to_lowercase();
        found.push((digits, after.starts_with('%') || after.starts_with("percent") || after.starts_with("per cent")));
    }
    found
}

fn number_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
    words.filter(|word| WORDS.contains(&word.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> Facts {
        let mut facts = Facts { figures: BTreeSet::new(), words: BTreeSet::new() };
        facts.figures.extend(figures("Answer within 5 minutes; 23 % of 2,241 never did. 1.5 days."));
        facts.words.extend(number_words("Within twenty minutes"));
        facts
    }

    #[test]
    fn figures_are_known_by_their_digits_and_as_what_they_are() {
        for known in
            ["in 5 minutes.", "2241 firms", "23%", "23 percent of them", "1.5 days", "Twenty minutes", "two or three"]
        {
            assert_eq!(facts().first_stranger(known), None, "{known}");
        }
        for (strange, figure) in [
            ("6 minutes", "6"),
            ("5 % more", "5 %"),
            ("23 firms", "23"),
            ("1.6 days", "1.6"),
            ("a thousand calls", "thousand"),
            ("double it", "double"),
            ("x² of it", "²"),
            ("٣ calls", "٣"),
        ] {
            assert_eq!(facts().first_stranger(strange).as_deref(), Some(figure), "{strange}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_a_new_number_is_always_found(text in "\\PC{0,80}", number in 100_000_u32..) {
            facts().first_stranger(&text);
            let with = format!("{text} {number} ");
            prop_assert!(facts().first_stranger(&with).is_some());
        }
    }
}
