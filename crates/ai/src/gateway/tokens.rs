//! How many tokens a text can have at most, without the model's own tokeniser.
//!
//! The bound is for setting budgets aside, so it must not be low: common words count half their letters (real models
//! take about a quarter), anything else — digits, code, other scripts — a token a byte, which no byte-level tokeniser passes.

use connectors::openai::chat::{Message, Tool};

/// What a message costs around its text: role, separators.
const PER_MESSAGE: usize = 12;
/// What every request costs around its messages.
const PER_REQUEST: usize = 16;
/// Longer runs of letters are rarely words.
const LONGEST_WORD: usize = 20;

/// The most tokens a text can have.
pub fn bound(text: &str) -> usize {
    text.split([' ', '\n']).map(|word| word_bound(word) + 1).sum::<usize>().saturating_sub(1)
}

fn word_bound(word: &str) -> usize {
    let letters = word.trim_matches(|c: char| c.is_ascii_punctuation());
    if letters.len() > LONGEST_WORD || !letters.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return word.len();
    }
    // The space before a word belongs to it, so it is counted with the word and not again.
    (word.len() - letters.len()) + letters.len().div_ceil(2)
}

/// The most tokens a request's question can have.
pub fn bound_of(messages: &[Message], tools: &[Tool], schema: Option<&serde_json::Value>) -> usize {
    let messages: usize = messages.iter().map(|message| bound(message.text()) + calls_of(message) + PER_MESSAGE).sum();
    let tools: usize = tools.iter().map(|tool| tool.function.parameters.to_string().len() + 64).sum();
    messages + tools + schema.map_or(0, |schema| schema.to_string().len()) + PER_REQUEST
}

fn calls_of(message: &Message) -> usize {
    match message {
        Message::Assistant { tool_calls, .. } => {
            tool_calls.iter().map(|call| call.function.name.len() + call.function.arguments.len() + PER_MESSAGE).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cost_half_their_letters_and_the_rest_a_token_a_byte() {
        assert_eq!(bound(""), 0);
        assert_eq!(bound("opening hours"), 4 + 1 + 3);
        assert_eq!(bound("hours?"), 4);
        assert_eq!(bound("2026-11-20"), 10);
        assert_eq!(bound("Öffnungszeiten"), "Öffnungszeiten".len());
        assert_eq!(bound(&"a".repeat(500)), 500);
    }

    #[test]
    fn the_schema_and_tools_are_counted() {
        let message = [Message::user("hi")];
        let schema = serde_json::json!({"type": "object"});
        assert!(bound_of(&message, &[], Some(&schema)) > bound_of(&message, &[], None));
        let tool = Tool::function("slots", "", schema);
        assert!(bound_of(&message, &[tool], None) > bound_of(&message, &[], None) + 64);
    }
}
