//! The first stages: guardrail, language, understanding, sentiment, intent and lead signals, all local.

use ai::local::{
    Guardrail, IntentDecision, Language, LeadWeights, Marks, Reading, SenderHistory, Sentiment, Understanding,
};
use serde::Serialize;

/// The version of the local stages in a record.
pub const LOCAL: &str = "local/1";
/// The version of the understanding: from the second on, key phrases and the weight of a sentence leave out function words.
pub const UNDERSTANDING: &str = "local/2";

/// What the local stages found in one text.
#[derive(Clone, Debug, Serialize)]
pub struct Read {
    /// ISO 639-1, or the conversation's when the text is too short to tell.
    pub language: String,
    /// The input guardrail.
    pub guard: Guardrail,
    /// Topic, entities, key phrases.
    pub understanding: Understanding,
    /// Tone and urgency.
    pub sentiment: Sentiment,
    /// What the contact wants, and the lead signals of this message.
    pub intent: IntentDecision,
    /// What the message asks of the conversation itself.
    pub marks: Marks,
}

/// Runs every local stage on a text.
pub fn understand(reading: &Reading<'_>, history: SenderHistory) -> Read {
    Read {
        language: reading.language.code().to_owned(),
        guard: reading.guard_input(),
        understanding: reading.understanding(&[]),
        sentiment: reading.sentiment(),
        intent: reading.intent(history, &LeadWeights::default()),
        marks: reading.marks(),
    }
}

/// Detects a text's language, keeping the conversation's when it cannot tell.
pub fn language_of(text: &str, conversation: Option<&str>) -> Language {
    ai::local::language::detect(text, conversation.and_then(Language::from_code))
}
