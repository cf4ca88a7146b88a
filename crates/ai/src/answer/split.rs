//! A message as the questions in it: customers ask two things in one breath, and greet in the same line.

use crate::retrieval::text::{head, sentences};

use super::smalltalk::without_smalltalk;

/// Questions answered in one reply at most; a longer list is a human's work.
pub(super) const MAX_QUESTIONS: usize = 3;
/// A message is read up to this many bytes when it is split.
const MAX_MESSAGE: usize = 4_000;

const ENGLISH_STARTS: &[&str] = &[
    "do", "does", "are", "is", "can", "could", "what", "how", "where", "when", "which", "who", "will", "would", "may",
];

/// The questions of a message; a message without a question mark is one question, greeting and thanks left out.
pub(super) fn questions(message: &str, language: &str) -> Vec<String> {
    let message = head(message, MAX_MESSAGE);
    let parts: Vec<String> = sentences(message)
        .into_iter()
        .map(|s| without_smalltalk(s, language).to_owned())
        .filter(|s| !s.is_empty())
        .collect();
    let asking = |s: &String| s.ends_with(['?', '？', '؟']);
    let marked: Vec<String> = parts.iter().filter(|s| asking(s)).cloned().collect();
    let mut out: Vec<String> = Vec::new();
    if marked.len() > 1 || marked.len() == 1 && parts.len() == 1 {
        for part in &marked {
            out.extend(halves(part, language));
        }
    } else if !parts.is_empty() {
        // What stands around a single question says what it is about: "I'm scared of needles. Do you offer sedation?"
        out.extend(halves(&parts.join(" "), language));
    }
    out
}

/// "What are your hours and do you take cards?" is two questions.
fn halves(question: &str, language: &str) -> Vec<String> {
    if language == "en" {
        let lower = question.to_ascii_lowercase();
        for (at, joint) in lower.match_indices(" and ") {
            let rest = &lower[at + joint.len()..];
            let starts = rest.split_whitespace().next().is_some_and(|w| ENGLISH_STARTS.contains(&w));
            if starts && rest.split_whitespace().count() >= 3 && lower[..at].split_whitespace().count() >= 3 {
                return vec![question[..at].to_owned(), question[at + joint.len()..].to_owned()];
            }
        }
    }
    vec![question.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::questions;

    #[test]
    fn two_questions_are_two() {
        assert_eq!(
            questions("Hi there! What are your hours and do you take cards?", "en"),
            ["What are your hours", "do you take cards?"]
        );
        assert_eq!(questions("Where are you? Is there parking?", "en").len(), 2);
        assert_eq!(questions("Do you sell rods and reels?", "en").len(), 1);
    }

    #[test]
    fn context_stays_with_a_single_question() {
        assert_eq!(
            questions("I'm scared of needles. Do you offer sedation? Thanks!", "en"),
            ["I'm scared of needles. Do you offer sedation?"]
        );
        assert!(questions("hello!", "en").is_empty() && questions("", "en").is_empty());
    }
}
