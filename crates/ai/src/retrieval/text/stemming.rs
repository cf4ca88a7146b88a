//! Snowball stemmers, one for each language that has one.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};

pub(super) struct Stems(Option<Stemmer>);

impl Stems {
    pub(super) fn new(language: &str) -> Self {
        let algorithm = match language {
            "ar" => Algorithm::Arabic,
            "da" => Algorithm::Danish,
            "nl" => Algorithm::Dutch,
            "en" => Algorithm::English,
            "fi" => Algorithm::Finnish,
            "fr" => Algorithm::French,
            "de" => Algorithm::German,
            "el" => Algorithm::Greek,
            "hu" => Algorithm::Hungarian,
            "it" => Algorithm::Italian,
            "no" | "nb" | "nn" => Algorithm::Norwegian,
            "pt" => Algorithm::Portuguese,
            "ro" => Algorithm::Romanian,
            "ru" => Algorithm::Russian,
            "es" => Algorithm::Spanish,
            "sv" => Algorithm::Swedish,
            "ta" => Algorithm::Tamil,
            "tr" => Algorithm::Turkish,
            _ => return Self(None),
        };
        Self(Some(Stemmer::create(algorithm)))
    }

    pub(super) fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        // Codes and amounts mean what they say, and very long "words" are not words.
        if word.len() > 64 || word.bytes().any(|b| b.is_ascii_digit()) {
            return Cow::Borrowed(word);
        }
        self.0.as_ref().map_or(Cow::Borrowed(word), |s| s.stem(word))
    }
}
