//! The thinking: words, overlap, quotation. Pure functions of the prompt.

use std::collections::{BTreeMap, HashSet};

use ring::digest;

/// One message of a prompt, reduced to its role and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub role: String,
    pub text: String,
}

/// Words too common to mean anything, in the languages the demo's customers write.
const COMMON: &str = "the and for you your are with that this have can what how when where who why not but any our all was will \
    from has its they them his her does did would could should there here about into than then also just only \
    les des une est que pour vous avec dans pas sur nous der die das und ist nicht ein eine mit auf für wie los las \
    una por para con como del qué cómo";

/// The last thing the person said.
pub(super) fn question(said: &[Said]) -> &str {
    said.iter().rev().find(|message| message.role == "user").map_or("", |message| &message.text)
}

/// An answer that quotes the sentences of the prompt closest to the question, or the question itself when none is.
pub(super) fn answer(said: &[Said]) -> String {
    let question = question(said);
    let last = said.iter().rposition(|message| message.role == "user");
    let sources =
        said.iter().enumerate().filter(|(place, message)| Some(*place) != last && message.role != "assistant");
    let sentences: Vec<&str> = sources.flat_map(|(_, message)| sentences(&message.text)).collect();
    let found = closest(question, &sentences);
    if found.is_empty() {
        return format!("You wrote: \u{201c}{}\u{201d}", excerpt(question, 160));
    }
    found.join(" ")
}

/// The one or two sentences that share the most telling words with the question, in the order they were given.
pub(super) fn closest<'a>(question: &str, sentences: &[&'a str]) -> Vec<&'a str> {
    let asked = words(question);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let bags: Vec<HashSet<String>> = sentences.iter().map(|sentence| words(sentence)).collect();
    for word in bags.iter().flatten() {
        *known.entry(word.clone()).or_default() += 1;
    }
    let mut scored: Vec<(f64, usize)> = bags
        .iter()
        .enumerate()
        .map(|(place, bag)| {
            let score =
                asked.iter().filter(|word| bag.contains(*word)).map(|word| 1.0 / known[word] as f64).sum::<f64>();
            (score, place)
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut places: Vec<usize> = scored.iter().take(2).map(|(_, place)| *place).collect();
    places.sort_unstable();
    places.into_iter().map(|place| sentences[place]).collect()
}

/// The telling words of a text, lower-cased, plural endings cut.
pub(super) fn words(text: &str) -> HashSet<String> {
    let common: HashSet<&str> = COMMON.split_whitespace().collect();
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2 && !common.contains(word))
        .map(|word| word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_owned())
        .collect()
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '\n'])
        .map(str::trim)
        .filter(|sentence| sentence.split_whitespace().count() > 2)
}

/// The first `most` characters.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A number that depends on every byte of the seed.
pub(super) fn number(seed: &str) -> u64 {
    let hash = digest::digest(&digest::SHA256, seed.as_bytes());
    hash.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Tokens, counted as roughly four characters each and never fewer than the words.
pub(super) fn tokens(text: &str) -> usize {
    (text.chars().count() / 4).max(text.split_whitespace().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> Vec<Said> {
        pairs.iter().map(|(role, text)| Said { role: (*role).to_owned(), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn the_answer_quotes_the_passage_that_fits() {
        let context = "You are kind. Whitening costs 290 dollars per visit. Parking is behind the house.";
        assert!(answer(&said(&[("system", context), ("user", "how much is whitening?")])).contains("290 dollars"));
        assert!(answer(&said(&[("system", context), ("user", "where is parking")])).contains("behind the house"));
    }

    #[test]
    fn without_a_passage_it_repeats_the_question() {
        assert_eq!(answer(&said(&[("user", "qwertz uiop")])), "You wrote: \u{201c}qwertz uiop\u{201d}");
    }

    #[test]
    fn its_own_earlier_answers_are_no_source() {
        let talk = said(&[("assistant", "Whitening is free for everybody."), ("user", "whitening price?")]);
        assert!(!answer(&talk).contains("free"));
    }

    #[test]
    fn numbers_follow_their_seed() {
        assert_eq!(number("a"), number("a"));
        assert_ne!(number("a"), number("b"));
    }
}
