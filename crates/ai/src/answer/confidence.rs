//! How sure an extracted answer is: logistic regression over a handful of features.
//!
//! `eval/answers/fit.py` fits the weights on the project's own questions (answerable, about something else, or about
//! nothing the knowledge holds), one business held out at a time, and prints the reliability table.

/// Names of the features, in the order of [`Features::to_array`].
pub const FEATURES: [&str; 13] = [
    "covered",
    "missing",
    "covered_quote",
    "missing_quote",
    "expected_there",
    "expected_absent",
    "gist",
    "meaning",
    "faq",
    "focus",
    "lead",
    "brevity",
    "foreign",
];

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
    /// Share of the heading that the question asks for.
    pub focus: f32,
    /// How far the chunk is ahead of the best other one in the search, −1 to 1.
    pub lead: f32,
    /// One over the number of content words: a single word matched says less than five.
    pub brevity: f32,
    /// The strangest word of the question to this knowledge, 0–1.
    pub foreign: f32,
}

impl Features {
    /// The numbers the regression sees.
    pub fn to_array(self) -> [f32; 13] {
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
            self.focus,
            self.lead,
            self.brevity,
            self.foreign * (1.0 - self.covered_quote),
        ]
    }
}

/// Which vectors were there; each has weights of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    Words,
    Gist,
    Meaning,
}

struct Weights {
    bias: f32,
    weights: [f32; 13],
}

/// Which candidate to quote, and how sure to be of it.
struct Model {
    choose: Weights,
    sure: Weights,
}

static WORDS: Model = Model {
    choose: Weights {
        bias: -1.317,
        weights: [1.450, -0.321, 1.691, -0.393, -0.418, -1.741, 0.000, 0.000, -0.633, 1.677, 4.189, -0.908, 1.331],
    },
    sure: Weights {
        bias: -5.597,
        weights: [2.974, 0.216, 3.822, 0.264, 0.559, 0.467, 0.000, 0.000, 0.781, 1.672, 2.233, -0.055, -0.964],
    },
};
static GIST: Model = Model {
    choose: Weights {
        bias: -1.877,
        weights: [1.262, -0.388, 1.495, -0.470, -0.392, -1.478, 1.435, 0.000, -0.507, 1.443, 4.006, -0.851, 1.092],
    },
    sure: Weights {
        bias: -5.971,
        weights: [3.053, -0.390, 3.751, -0.359, 1.375, 0.161, 1.041, 0.000, 1.835, 1.315, 2.937, 0.262, -1.053],
    },
};
static MEANING: Model = Model {
    choose: Weights {
        bias: -2.309,
        weights: [1.159, -0.353, 1.354, -0.421, -0.455, -1.385, 1.350, 1.684, -0.457, 1.042, 4.388, -0.751, 0.917],
    },
    sure: Weights {
        bias: -5.295,
        weights: [2.211, -0.547, 3.000, -0.523, 0.493, 1.247, 1.713, 2.680, 1.169, 0.494, 2.407, -0.031, -0.829],
    },
};
/// Most that an answer without the expected kind of thing can reach: no amount is no answer to "how much".
const ABSENT_MOST: f32 = 0.35;
/// Most when the question names something that the knowledge never mentions and little else of it is covered.
const STRANGER_MOST: f32 = 0.35;
const STRANGER: f32 = 0.95;
const LITTLE: f32 = 0.45;

fn model(basis: Basis) -> &'static Model {
    match basis {
        Basis::Words => &WORDS,
        Basis::Gist => &GIST,
        Basis::Meaning => &MEANING,
    }
}

fn sum(weights: &Weights, features: &Features) -> f32 {
    weights.bias + weights.weights.iter().zip(features.to_array()).map(|(w, x)| w * x).sum::<f32>()
}

/// Orders the candidates of one question; higher is better, and only the order means anything.
pub(super) fn preference(features: &Features, basis: Basis) -> f32 {
    sum(&model(basis).choose, features)
}

/// The calibrated chance, 0–1, that the chosen quote answers the question.
pub(super) fn confidence(features: &Features, basis: Basis) -> f32 {
    let chance = 1.0 / (1.0 + (-sum(&model(basis).sure, features)).exp());
    if features.expected < 0.0 {
        return chance.min(ABSENT_MOST);
    }
    if features.foreign >= STRANGER && features.covered_quote < LITTLE {
        return chance.min(STRANGER_MOST);
    }
    chance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_evidence_is_more_confidence() {
        let weak = Features {
            covered: 0.4,
            missing: 1.0,
            covered_quote: 0.3,
            missing_quote: 1.0,
            gist: 0.3,
            meaning: 0.3,
            ..Features::default()
        };
        let strong = Features {
            covered: 1.0,
            covered_quote: 1.0,
            gist: 0.9,
            meaning: 0.9,
            expected: 1.0,
            faq: true,
            focus: 1.0,
            lead: 0.3,
            ..Features::default()
        };
        for basis in [Basis::Words, Basis::Gist, Basis::Meaning] {
            assert!(confidence(&weak, basis) < super::super::HUMAN_BELOW);
            assert!(confidence(&strong, basis) > 0.8);
            let absent = Features { expected: -1.0, ..strong };
            assert!(confidence(&absent, basis) < confidence(&strong, basis));
        }
    }
}
