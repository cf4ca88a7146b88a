//! From any UTF-8 to the terms that are indexed and compared.
//!
//! The same function serves documents and questions; an index built with one version of it must be searched with the
//! same, which is why indices are rebuilt in memory and never stored.

mod hashing;
mod misspelling;
mod sentences;
mod stemming;
mod stopwords;
mod synonyms;
mod words;

pub(crate) use hashing::{WordMap, WordSet};
pub use misspelling::is_misspelling;
pub use sentences::sentences;
pub use stopwords::{is_stop_word, is_weak};
pub use synonyms::synonyms;
pub(crate) use synonyms::{synonym_terms, topics};
pub use words::{Word, words};

use stemming::Stems;

/// Longest text that is analysed, in bytes; what follows is ignored, so that one message cannot hold a core.
pub const MAX_BYTES: usize = 400_000;

/// Turns text of one language into index terms.
pub struct Analyzer {
    language: String,
    stems: Stems,
}

impl Analyzer {
    /// `language` is an ISO 639-1 code; an unknown one is analysed without stemming and without stop words.
    pub fn new(language: &str) -> Self {
        Self { language: language.to_owned(), stems: Stems::new(language) }
    }

    /// The language this analyser was made for.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The term of one lower-case word: its stem without accents.
    pub fn term(&self, word: &str) -> String {
        words::fold(&self.stems.stem(word))
    }

    /// All terms of a text in order, without stop words.
    pub fn terms(&self, text: &str) -> Vec<String> {
        words(text, &self.language)
            .filter(|w| !is_stop_word(&w.lower, &self.language))
            .map(|w| self.term(&w.lower))
            .collect()
    }
}

/// The part of a text that is analysed: at most [`MAX_BYTES`], cut at a character.
pub(crate) fn bounded(text: &str) -> &str {
    head(text, MAX_BYTES)
}

/// The beginning of a text, at most `bytes` long, cut at a character.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_share_a_term() {
        let en = Analyzer::new("en");
        assert_eq!(en.terms("Appointments cancelled"), en.terms("the appointment was cancelling"));
        let de = Analyzer::new("de");
        assert_eq!(de.terms("Die Öffnungszeiten"), de.terms("öffnungszeit"));
        let es = Analyzer::new("es");
        assert_eq!(es.terms("¿Cuánto cuestan las citas?").last(), es.terms("una cita").last());
    }

    #[test]
    fn accents_do_not_matter() {
        let fr = Analyzer::new("fr");
        assert_eq!(fr.terms("détartrage"), fr.terms("detartrage"));
        assert_eq!(Analyzer::new("tr").terms("İSTANBUL"), Analyzer::new("tr").terms("istanbul"));
    }

    #[test]
    fn stop_words_and_punctuation_leave_nothing() {
        assert!(Analyzer::new("en").terms("What is the … ?!").is_empty());
        assert!(Analyzer::new("en").terms("").is_empty());
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        let terms = Analyzer::new("zh").terms("牙齿美白");
        assert!(terms.contains(&"牙齿".to_owned()) && terms.contains(&"美白".to_owned()), "{terms:?}");
    }

    #[test]
    fn long_text_is_bounded() {
        let long = "é".repeat(MAX_BYTES);
        assert!(bounded(&long).len() <= MAX_BYTES);
    }
}
