//! Unwanted mass messages.
//!
//! Words of spam differ by country and fashion, so words alone never block: a rule needs two kinds of evidence, and the
//! pipeline adds what only it knows (repeats, how fast the sender writes).

use super::{Flag, Guardrail};
use crate::local::lexicon::List;
use crate::local::reading::Reading;

/// Shorter messages are never suspected.
const ENOUGH_WORDS: usize = 4;

impl Reading<'_> {
    pub(super) fn guard_spam(&self, guard: &mut Guardrail) {
        let suspected = self.spam_suspected();
        if self.spam_by_rule() && suspected.is_some() {
            guard.block(Flag::Spam, 0.8);
        } else if let Some(risk) = suspected {
            guard.flag(Flag::SpamSuspected, risk * 0.6);
        } else if self.spam_by_rule() {
            guard.flag(Flag::SpamSuspected, 0.5);
        }
    }

    /// Two kinds of evidence: telling phrases, a shortened link, repeats, a premium number beside a prize.
    pub fn spam_by_rule(&self) -> bool {
        let phrases = self.hits.count(List::SpamPhrase);
        let link = self.folded.contains("http") || self.folded.contains("www.");
        let short_link = self.has(List::Shortener);
        let repeats = repeats(&self.folded);
        usize::from(phrases >= 1)
            + usize::from(phrases >= 3)
            + usize::from(link)
            + usize::from(short_link)
            + usize::from(repeats)
            >= 2
    }

    /// The model's probability where it exceeds the threshold for at most 1 % false alarms.
    ///
    /// A bare number or three words are no evidence, whatever the model makes of them.
    pub fn spam_suspected(&self) -> Option<f32> {
        if self.words < ENOUGH_WORDS && !self.folded.contains("http") {
            return None;
        }
        let verdict = self.verdict("spam")?;
        verdict.over_threshold().first().map(|(_, p)| *p)
    }

    /// The model's probability of spam.
    pub fn spam_probability(&self) -> f32 {
        self.verdict("spam").map_or(0.0, |verdict| verdict.probabilities()[0])
    }
}

/// Whether one word makes up most of a longer message.
fn repeats(folded: &str) -> bool {
    let words: Vec<&str> = folded.split_ascii_whitespace().take(200).collect();
    if words.len() < 8 {
        return false;
    }
    let mut sorted = words.clone();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(<[&str]>::len).max().is_some_and(|most| most * 2 >= words.len())
}
