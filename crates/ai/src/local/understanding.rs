//! The understanding stage: language, entities, topic, question or not, a summary and key phrases.

use serde::{Deserialize, Serialize};

use super::entities::Entity;
use super::language::Language;
use super::lexicon::List;
use super::reading::Reading;
use super::topic::Topic;
use crate::retrieval::text::{is_stop_word, sentences};

/// The understanding stage's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    pub language: Language,
    pub entities: Vec<Entity>,
    pub topic: Topic,
    /// Calibrated probability of `topic`.
    pub confidence: f32,
    pub is_question: bool,
    /// At most 50 words, all of them the customer's.
    pub summary: String,
    /// At most five.
    pub key_phrases: Vec<String>,
}

const SUMMARY_WORDS: usize = 50;
const KEY_PHRASES: usize = 5;
/// Longer texts are summed up and mined from their first characters; nobody reads further before answering.
const ENOUGH: usize = 6_000;

impl Reading<'_> {
    /// Understands the message; `products` are the names the organisation sells under.
    pub fn understanding(&self, products: &[String]) -> Understanding {
        let (topic, confidence) = self.topic();
        Understanding {
            language: self.language,
            entities: self.entities(products),
            topic,
            confidence,
            is_question: self.is_question(),
            summary: self.summary(),
            key_phrases: self.key_phrases(),
        }
    }

    /// A question mark, or a question word where a question begins.
    pub fn is_question(&self) -> bool {
        if self.folded.contains(['?', '؟']) {
            return true;
        }
        self.hits.of(List::Question).any(|hit| {
            let phrase = &self.folded[hit.start as usize..hit.end as usize];
            hit.start <= 1 || !phrase.is_ascii() && phrase.chars().count() >= 2 || self.after_pause(hit.start as usize)
        })
    }

    /// Whether a clause begins at this byte: after punctuation, or after a greeting.
    fn after_pause(&self, start: usize) -> bool {
        let before = self.folded[..start].trim_end();
        before.ends_with([',', '.', '!', ';', ':', '¿'])
            || self.hits.of(List::Greeting).any(|hit| hit.start <= 1 && before.len() == hit.end as usize)
    }

    /// The message itself up to 50 words; of longer ones the sentences that ask or carry most of the meaning, in order.
    pub fn summary(&self) -> String {
        let text = beginning(self.text);
        let total = text.split_whitespace().count();
        if total <= SUMMARY_WORDS {
            return clean(text, SUMMARY_WORDS);
        }
        let sentences = sentences(text);
        let mut ranked: Vec<(usize, usize)> =
            sentences.iter().enumerate().map(|(i, s)| (self.weight(i, s), i)).collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let (mut chosen, mut words) = (Vec::new(), 0);
        for (_, index) in ranked {
            let length = sentences[index].split_whitespace().count();
            if words + length <= SUMMARY_WORDS {
                chosen.push(index);
                words += length;
            }
        }
        if chosen.is_empty() {
            return clean(text, SUMMARY_WORDS);
        }
        chosen.sort_unstable();
        let picked: Vec<&str> = chosen.into_iter().map(|index| sentences[index]).collect();
        clean(&picked.join(" "), SUMMARY_WORDS)
    }

    /// Questions and numbers weigh most, then meaning words; the first sentences break ties.
    fn weight(&self, index: usize, sentence: &str) -> usize {
        let question = usize::from(sentence.contains(['?', '？', '؟'])) * 6;
        let number = usize::from(sentence.bytes().any(|b| b.is_ascii_digit())) * 2;
        let meaning = sentence
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() > 3 && !is_stop_word(&word.to_lowercase(), self.language.code()))
            .count();
        question + number + meaning.min(10) + usize::from(index == 0) * 3
    }

    /// Up to five runs of words that are no function words, the longest and earliest first.
    pub fn key_phrases(&self) -> Vec<String> {
        let mut phrases: Vec<(usize, usize, String)> = Vec::new();
        let mut current: Vec<&str> = Vec::new();
        let text = beginning(self.text);
        for piece in text.split_inclusive(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-' | '’'))) {
            let word = piece.trim_matches(|c: char| !c.is_alphanumeric());
            let pause = piece.chars().next_back().is_some_and(|c| !c.is_alphanumeric() && c != ' ');
            if word.is_empty() || self.says_little(word) {
                keep_phrase(&mut phrases, &mut current);
            } else {
                current.push(word);
                if pause || current.len() == 3 {
                    keep_phrase(&mut phrases, &mut current);
                }
            }
        }
        keep_phrase(&mut phrases, &mut current);
        phrases.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        phrases.truncate(KEY_PHRASES);
        phrases.sort_by_key(|phrase| phrase.1);
        phrases.into_iter().map(|phrase| phrase.2).collect()
    }

    fn says_little(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        word.chars().count() < 2
            || is_stop_word(&lower, self.language.code())
            || lower.chars().all(|c| c.is_ascii_digit())
    }
}

/// Closes the current run of words and keeps it when it is worth keeping.
fn keep_phrase(phrases: &mut Vec<(usize, usize, String)>, current: &mut Vec<&str>) {
    if current.is_empty() {
        return;
    }
    let phrase = current.join(" ");
    current.clear();
    let length = phrase.chars().count();
    let spaced = !phrase.chars().any(super::fold::runs_together);
    if length > 40 || (spaced && length < 4) || phrases.iter().any(|known| known.2.eq_ignore_ascii_case(&phrase)) {
        return;
    }
    let weight = phrase.split(' ').count() * 4 + length.min(24) / 3;
    let place = phrases.len();
    phrases.push((weight, place, phrase));
}

/// The part of a text that is looked at, cut at a character.
fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(ENOUGH).map_or(text.len(), |(i, _)| i);
    &text[..end]
}

/// One line without control characters, at most `limit` words.
fn clean(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(600));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).take(limit) {
        if !out.is_empty() {
            out.push(' ');
        }
        if out.len() + word.len() > 600 {
            out.extend(word.chars().take(120));
            out.push('…');
            break;
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::local::Local;

    #[test]
    fn key_phrases_have_no_function_words() {
        let phrases = |text: &str| Local::new().read(text, None).key_phrases();
        assert_eq!(phrases("What does the teeth whitening cost at your clinic?"), ["teeth whitening cost", "clinic"]);
        assert_eq!(phrases("Haben Sie am Samstag einen freien Termin?"), ["Samstag", "freien Termin"]);
    }
}
