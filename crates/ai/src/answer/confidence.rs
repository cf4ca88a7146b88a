//! How sure an extracted answer is: logistic regression over a handful of features.
//!
//! `eval/answers/fit.py` fits the weights on the project's own questions (answerable, about something else, or about
//! nothing the knowledge holds), one business held out at a time, and prints the reliability table.

/// Names of the features, in the order of [`Features::to_array`].
pub const FEATURES: [&str; 9] =
    ["covered", "missing", "covered_quote", "missing_quote", "expected_there", "expected_absent", "gist", "meaning", "faq"];

/// What speaks for and against one quote.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Features {
    /// Share of the question's weight found in the whole chunk.
    pub covered: f32,
    /// The heaviest word not found in the chunk.
    pub missing: f32,
    /// The same for the quote with its headings.
    pub covered_quote: f32,
    /// The same for the quote with its headings.
    pub missing_quote: f32,
    /// 1 when the expected kind of answer is in the quote, −1 when it is absent, 0 when none is expected.
    pub expected: f32,
    /// Cosine of the static vectors of question and quote (or FAQ question).
    pub gist: f32,
    /// Cosine of the sentence vectors of question and chunk.
    pub meaning: f32,
    /// Whether the chunk is a FAQ.
    pub faq: bool,
}

impl Features {
    /// The numbers the regression sees.
    pub fn to_array(self) -> [f32; 9] {
        [
            self.covered,
            self.missing,
            self.covered_quote,
            self.missing_quote,
            f32::from(u8::from(self.expected > 0.0)),
            f32::from(u8::from(self.expected < 0.0)),
            self.gist,
            self.meaning,
            f32::from(u8::from(self.faq)),
        ]
    }
}

/// Which vectors were there; each has weights of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Words,
    Gist,
    Meaning,
}

struct Weights {
    bias: f32,
    weights: [f32; 9],
}

const WORDS: Weights = Weights { bias: -4.0, weights: [3.0, -1.5, 5.0, -1.0, 0.6, -2.0, 0.0, 0.0, 0.3] };
const GIST: Weights = Weights { bias: -5.0, weights: [3.0, -1.5, 4.5, -1.0, 0.6, -2.0, 3.0, 0.0, 0.3] };
const MEANING: Weights = Weights { bias: -6.0, weights: [2.0, -1.5, 4.0, -1.0, 0.6, -2.0, 0.0, 6.0, 0.3] };

/// The calibrated chance, 0–1, that the quote answers the question.
pub(super) fn confidence(features: &Features, basis: Basis) -> f32 {
    let model = match basis {
        Basis::Words => &WORDS,
        Basis::Gist => &GIST,
        Basis::Meaning => &MEANING,
    };
    let sum: f32 = model.weights.iter().zip(features.to_array()).map(|(w, x)| w * x).sum();
    1.0 / (1.0 + (-(sum + model.bias)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_is_more_confidence() {
        let weak = Features { covered: 0.4, missing: 1.0, covered_quote: 0.3, missing_quote: 1.0, gist: 0.3, meaning: 0.3, ..Features::default() };
        let strong = Features { covered: 1.0, covered_quote: 1.0, gist: 0.9, meaning: 0.9, expected: 1.0, faq: true, ..Features::default() };
        for basis in [Basis::Words, Basis::Gist, Basis::Meaning] {
            assert!(confidence(&weak, basis) < super::super::HUMAN_BELOW);
            assert!(confidence(&strong, basis) > 0.8);
            let absent = Features { expected: -1.0, ..strong };
            assert!(confidence(&absent, basis) < confidence(&strong, basis));
        }
    }
}
