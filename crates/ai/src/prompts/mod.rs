//! The prompts, versioned, with everything that others wrote quoted as data.
//!
//! Rules a newcomer would break: a change of a prompt's text is a new version (a test holds the pairs together); what a
//! customer, a document or a business wrote goes in only as a quotation, a JSON string between marks it cannot know;
//! the mark of a decision (its canary) stands in the system message, and an answer that holds it is thrown away.

use connectors::openai::chat::Message;
use kernel::ids::DecisionId;
use ring::digest::{SHA256, digest};

use crate::answer::{BrandVoice, Tone};
use crate::gateway::Turn;
use crate::retrieval::Chunk;

/// A prompt and its version.
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    /// Stands in decision records.
    pub version: &'static str,
    /// The text, with places to fill in.
    pub text: &'static str,
}

/// Replies to customers.
pub const REPLY: Prompt = Prompt { version: "reply.1", text: include_str!("reply.md") };
/// Readings with a schema.
pub const TASK: Prompt = Prompt { version: "task.1", text: include_str!("task.md") };

/// Advice to the people who run the business.
pub const ADVICE: Prompt = Prompt { version: "advice.1", text: include_str!("advice.md") };

/// The most of one query result that is quoted, in characters.
const LONGEST_RESULT: usize = 12_000;
/// The most words of advice.
const MOST_WORDS: &str = "180";
/// The most of one piece of knowledge that is quoted, in characters.
const LONGEST_CHUNK: usize = 1500;
/// The most of one message that is quoted, in characters.
const LONGEST_MESSAGE: usize = 4000;
/// The most turns of history that are quoted.
const MOST_TURNS: usize = 8;
/// So many words of the instructions in a row are no accident.
const LEAKED_WORDS: usize = 12;

/// What a reply is asked with.
#[derive(Debug)]
pub struct ReplyPrompt<'a> {
    /// How the business sounds.
    pub voice: &'a BrandVoice,
    /// Its guidelines.
    pub guidelines: &'a str,
    /// Of the reply.
    pub language: &'a str,
    /// What was found, best first; the model cites a piece by its place, from 1.
    pub chunks: &'a [&'a Chunk],
    /// What was said before, oldest first.
    pub history: &'a [Turn],
    /// What is asked now.
    pub question: &'a str,
}

/// The marks of one decision: a secret word, and the ends of quotations.
#[derive(Debug, Clone)]
pub struct Canary {
    mark: String,
    open: String,
    close: String,
}

impl Canary {
    /// The marks of a decision: the same for a replay, unknown to whoever wrote the data.
    pub fn of(id: DecisionId) -> Self {
        let bits = digest(&SHA256, format!("canary/{}", id.uuid()).as_bytes());
        let hex = hex::encode(&bits.as_ref()[..9]);
        let (mark, quotation) = hex.split_at(10);
        Self { mark: format!("rc-{mark}"), open: format!("<<{quotation}"), close: format!("{quotation}>>") }
    }

    /// True when an answer repeats the mark, or a run of words of the instructions.
    pub fn leaked_in(&self, answer: &str) -> bool {
        let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        if bare(answer).contains(&bare(&self.mark)) {
            return true;
        }
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
        };
        let answer = format!(" {} ", words(answer).join(" "));
        [REPLY, TASK, ADVICE].iter().any(|prompt| {
            let ours = words(prompt.text);
            ours.windows(LEAKED_WORDS).any(|run| answer.contains(&format!(" {} ", run.join(" "))))
        })
    }

    /// The result of a query as quoted data, for a model that asked for it.
    pub fn quoted_result(&self, name: &str, text: &str) -> String {
        self.quote(name, text, LONGEST_RESULT)
    }

    fn quote(&self, name: &str, text: &str, longest: usize) -> String {
        let cut: String = text.chars().filter(|c| *c != '\0').take(longest).collect();
        let json = serde_json::Value::from(cut.replace(&self.open, "").replace(&self.close, "")).to_string();
        format!("{name}: {} {json} {}\n", self.open, self.close)
    }

    fn fill(&self, prompt: Prompt, places: &[(&str, &str)]) -> String {
        // One pass over the prompt: what is filled in is never searched for places again.
        let ours = [("open", self.open.as_str()), ("close", self.close.as_str()), ("canary", self.mark.as_str())];
        let mut text = String::with_capacity(prompt.text.len() + 256);
        let mut rest = prompt.text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(places.iter().chain(&ours).find(|(place, _)| *place == name).map_or("", |(_, value)| value));
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// The messages that ask for a reply.
pub fn reply(prompt: &ReplyPrompt<'_>, canary: &Canary) -> Vec<Message> {
    let voice = prompt.voice;
    let tone = match voice.tone {
        Tone::Friendly => "warm and informal",
        Tone::Professional => "polite and neutral",
        Tone::Concise => "as short as can be",
    };
    let emoji = if voice.emoji { "Emoji are welcome, sparingly." } else { "No emoji." };
    let longest = if voice.max_chars == 0 { 1000 } else { voice.max_chars }.to_string();
    // The business's name is its own text: one line of it, and quoted like all data.
    let business = if voice.business.is_empty() {
        "the business".to_owned()
    } else {
        serde_json::Value::from(voice.business.as_str()).to_string()
    };
    let places = [
        ("business", business.as_str()),
        ("language", language_code(prompt.language)),
        ("tone", tone),
        ("emoji", emoji),
        ("max_chars", &longest),
    ];
    let mut known = String::new();
    if !prompt.guidelines.is_empty() {
        known.push_str(&canary.quote("Guidelines of the business", prompt.guidelines, LONGEST_CHUNK));
    }
    for (at, chunk) in prompt.chunks.iter().enumerate() {
        known.push_str(&canary.quote(&format!("Knowledge {}", at + 1), &chunk.embedding_text(), LONGEST_CHUNK));
    }
    for turn in &prompt.history[prompt.history.len().saturating_sub(MOST_TURNS)..] {
        let who = if turn.customer { "Earlier, the customer" } else { "Earlier, the business" };
        known.push_str(&canary.quote(who, &turn.text, LONGEST_MESSAGE / 4));
    }
    let mut messages = vec![Message::system(canary.fill(REPLY, &places))];
    if !known.is_empty() {
        messages.push(Message::user(known));
    }
    messages.push(Message::user(canary.quote("The customer's message to reply to", prompt.question, LONGEST_MESSAGE)));
    messages
}

/// The messages that ask for advice: results by name, what was said before (oldest first), and the question.
pub fn advice(
    question: &str,
    language: &str,
    history: &[Turn],
    results: &[(&str, &str)],
    canary: &Canary,
) -> Vec<Message> {
    let places = [("language", language_code(language)), ("max_words", MOST_WORDS)];
    let mut known = String::new();
    for turn in &history[history.len().saturating_sub(MOST_TURNS)..] {
        let who = if turn.customer { "Earlier, the member asked" } else { "Earlier, you answered" };
        known.push_str(&canary.quote(who, &turn.text, LONGEST_MESSAGE / 2));
    }
    for (name, result) in results {
        known.push_str(&canary.quote(name, result, LONGEST_RESULT));
    }
    let mut messages = vec![Message::system(canary.fill(ADVICE, &places))];
    if !known.is_empty() {
        messages.push(Message::user(known));
    }
    messages.push(Message::user(canary.quote("The question", question, LONGEST_MESSAGE)));
    messages
}

/// The messages that ask for a reading.
pub fn task(task: &str, data: &[(&str, &str)], canary: &Canary) -> Vec<Message> {
    let quoted = data.iter().map(|(name, text)| canary.quote(name, text, LONGEST_MESSAGE)).collect::<String>();
    vec![Message::system(canary.fill(TASK, &[("task", task)])), Message::user(quoted)]
}

/// What a model is told whose answer does not meet its schema.
pub fn repair(wrong: &str) -> String {
    format!(
        "Your answer does not meet the schema: {wrong}\nAnswer again with one JSON object that does, and with nothing else."
    )
}

/// A language code goes into the instructions, so only what can be one may.
fn language_code(code: &str) -> &str {
    if (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase()) { code } else { "en" }
}
