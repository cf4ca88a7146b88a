//! Messages that are nothing but a greeting, thanks or a goodbye.

use std::sync::LazyLock;

use super::lists::list;
use crate::retrieval::text::{WordSet, words};

/// What kind of small talk a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smalltalk {
    /// "Hi!", "Guten Tag".
    Greeting,
    /// "Thanks a lot", "¡gracias!".
    Thanks,
    /// "Bye", "see you".
    Goodbye,
}

/// Longest message that can be small talk, in words.
const MAX_WORDS: usize = 7;

/// The kind of small talk a message is, when it is nothing else.
pub fn smalltalk(message: &str, language: &str) -> Option<Smalltalk> {
    if message.len() > 400 || message.contains('؟') {
        return None;
    }
    let text = lower_words(message);
    let known = &*PHRASES;
    // A word that no phrase has and that is no filler is never taken away.
    if text.split(' ').count() > MAX_WORDS || !text.split(' ').all(|w| known.words.contains(w)) {
        return None;
    }
    if message.trim_end().ends_with('?') && !format!(" {text} ").contains(" how are you ") {
        return None;
    }
    let mut rest = format!(" {text} ");
    let mut kinds = Vec::new();
    for (kind, phrases) in &known.by_kind {
        for phrase in phrases {
            while let Some(at) = rest.find(phrase.as_str()) {
                rest.replace_range(at..at + phrase.len(), "  ");
                kinds.push(*kind);
            }
        }
    }
    if rest.split_whitespace().any(|w| !known.fillers.contains(w)) {
        return None;
    }
    let count = words(message, language).count();
    if count == 0 || count > MAX_WORDS * 2 {
        return None;
    }
    // "Thanks, bye" is thanks; "hi, thanks" too: what deserves the fuller answer wins.
    [Smalltalk::Thanks, Smalltalk::Goodbye, Smalltalk::Greeting].into_iter().find(|k| kinds.contains(k))
}

/// The lists as they are searched.
struct Phrases {
    /// Each phrase between spaces, the longest first.
    by_kind: [(Smalltalk, Vec<String>); 3],
    fillers: WordSet<&'static str>,
    /// Every word of a phrase, and the fillers.
    words: WordSet<&'static str>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    // Goodbyes before greetings: "ciao" alone greets, "bye bye" must not leave a "bye".
    let by_kind = [(Smalltalk::Thanks, "thanks"), (Smalltalk::Goodbye, "goodbyes"), (Smalltalk::Greeting, "greetings")];
    let fillers = list("fillers");
    let said = by_kind.iter().flat_map(|(_, name)| list(name)).flat_map(|phrase| phrase.split_whitespace());
    Phrases {
        words: said.chain(fillers.iter().copied()).collect(),
        fillers: fillers.iter().copied().collect(),
        by_kind: by_kind.map(|(kind, name)| {
            let mut phrases: Vec<String> = list(name).iter().map(|phrase| format!(" {phrase} ")).collect();
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
            (kind, phrases)
        }),
    }
});

/// A sentence without a greeting or thanks in front: "Hi there, do you park?" → "do you park?"; nothing when only that.
pub(super) fn without_smalltalk<'a>(sentence: &'a str, language: &str) -> &'a str {
    if smalltalk(sentence, language).is_some() {
        return "";
    }
    if let Some((head, rest)) = sentence.split_once([',', '!', '-', '–', '.'])
        && smalltalk(head, language).is_some()
    {
        return rest.trim();
    }
    sentence.trim()
}

fn lower_words(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '’' | '\'' => out.push('\''),
            c if c.is_alphanumeric() || is_mark(c) => out.extend(c.to_lowercase()),
            _ => out.push(' '),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Vowel signs of Devanagari and Arabic belong to their word.
fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F | 0x0900..=0x097F | 0x064B..=0x065F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_talk_in_many_languages() {
        for (message, kind) in [
            ("Hi", Smalltalk::Greeting),
            ("hello there 👋", Smalltalk::Greeting),
            ("Good morning team!", Smalltalk::Greeting),
            ("Guten Tag!", Smalltalk::Greeting),
            ("¡Hola, buenas tardes!", Smalltalk::Greeting),
            ("merhaba", Smalltalk::Greeting),
            ("你好", Smalltalk::Greeting),
            ("नमस्ते", Smalltalk::Greeting),
            ("Thank you so much!!", Smalltalk::Thanks),
            ("thx, bye", Smalltalk::Thanks),
            ("Vielen Dank für die schnelle Antwort", Smalltalk::Thanks),
            ("bye bye", Smalltalk::Goodbye),
        ] {
            assert_eq!(smalltalk(message, "en"), Some(kind), "{message}");
        }
    }

    #[test]
    fn a_question_is_not_small_talk() {
        for message in [
            "Hi, how much is Botox?",
            "thanks but it still hurts",
            "hello?? anyone there to help with my order",
            "",
            "👍",
            "ok",
        ] {
            assert_eq!(smalltalk(message, "en"), None, "{message}");
        }
    }

    #[test]
    fn greetings_in_front_are_left_out() {
        assert_eq!(without_smalltalk("Hi there, do you park?", "en"), "do you park?");
        assert_eq!(without_smalltalk("Thanks a lot!", "en"), "");
        assert_eq!(without_smalltalk("Root canals, do you do them?", "en"), "Root canals, do you do them?");
    }
}
