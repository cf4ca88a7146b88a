//! What a reply may lean on: the chunks it was given and the customer's own words.

use crate::local::fold::fold;

/// Folded sources of one reply.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    folded: String,
    digits: String,
}

impl Knowledge {
    /// Takes the chunks the reply may quote, and the customer's messages for what they said themselves.
    pub fn new<'a>(sources: impl IntoIterator<Item = &'a str>) -> Knowledge {
        let mut knowledge = Knowledge::default();
        for source in sources {
            knowledge.folded.push_str(&fold(source));
            knowledge.digits.push(' ');
            knowledge.digits.extend(source.chars().filter(char::is_ascii_digit));
        }
        knowledge
    }

    /// Whether a folded phrase stands in a source.
    pub(super) fn says(&self, folded_phrase: &str) -> bool {
        self.folded.contains(folded_phrase.trim())
    }

    /// Whether these digits stand in a source, whatever separates them.
    pub(super) fn has_digits(&self, digits: &str) -> bool {
        !digits.is_empty() && self.digits.contains(digits)
    }

    /// Whether an amount stands in a source as a number of its own.
    pub(super) fn has_amount(&self, amount: u64) -> bool {
        super::output::amounts(&self.folded).any(|(known, _)| known == amount)
    }
}
