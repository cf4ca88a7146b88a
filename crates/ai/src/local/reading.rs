//! One message read once: what every stage needs, computed together.

use std::sync::Arc;

use super::concepts::Concepts;
use super::dense::DenseHeads;
use super::embedder::Embedder;
use super::features::Features;
use super::fold::fold;
use super::heads::{Heads, Sums};
use super::language::{self, Language};
use super::lexicon::{Hits, List};
use super::verdict::Verdict;

/// The local models; cheap to clone.
#[derive(Clone, Default)]
pub struct Local {
    embedder: Option<Arc<dyn Embedder>>,
}

impl Local {
    /// Tier 0: nothing but what is in the program.
    pub fn new() -> Local {
        Local::default()
    }

    /// Tier 1: heads over the vectors of an embedder where they are better.
    pub fn with_embedder(embedder: Arc<dyn Embedder>) -> Local {
        Local { embedder: Some(embedder) }
    }

    /// Reads a message; `previous` is the language of the conversation so far.
    pub fn read<'a>(&self, text: &'a str, previous: Option<Language>) -> Reading<'a> {
        let language = language::detect(text, previous);
        let embedder = self.embedder.as_ref().filter(|_| language.reads_as_english());
        Reading::in_language(text, language, embedder.and_then(|embedder| embedder.embed(&[text]).pop()))
    }

    /// Reads many messages; an embedder sees them in one batch.
    pub fn read_all<'a>(&self, texts: &[&'a str], previous: Option<Language>) -> Vec<Reading<'a>> {
        let languages: Vec<Language> = texts.iter().map(|text| language::detect(text, previous)).collect();
        let english: Vec<&str> =
            texts.iter().zip(&languages).filter(|(_, language)| language.reads_as_english()).map(|(t, _)| *t).collect();
        let mut vectors =
            self.embedder.as_ref().map(|embedder| embedder.embed(&english)).unwrap_or_default().into_iter();
        let vector = |language: Language| if language.reads_as_english() { vectors.next() } else { None };
        let vectors: Vec<Option<Vec<f32>>> = languages.iter().copied().map(vector).collect();
        let read = texts.iter().zip(languages).zip(vectors);
        read.map(|((text, language), vector)| Reading::in_language(text, language, vector)).collect()
    }
}

/// A message with its language, its words and its features.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    pub text: &'a str,
    pub language: Language,
    pub(crate) folded: String,
    pub(crate) hits: Hits,
    pub(crate) words: usize,
    pub(crate) features: Features,
    concepts: Concepts,
    sums: Sums,
    vector: Option<Vec<f32>>,
}

/// Up to this many words a message is "short": its language is a guess and greetings of any language count.
const SHORT_WORDS: usize = 4;

impl<'a> Reading<'a> {
    /// Reads a text whose language is already known, such as a reply of our own.
    pub fn in_language(text: &'a str, language: Language, vector: Option<Vec<f32>>) -> Reading<'a> {
        let folded = fold(text);
        let words = folded.split_ascii_whitespace().count();
        let hits = Hits::find(&folded).keep(language, words <= SHORT_WORDS, &folded);
        let concepts = Concepts::of(&hits, &folded, text);
        let features = Features::of(text);
        let sums = Heads::shipped().sums(&features);
        let vector = vector.filter(|v| v.len() == DenseHeads::dims());
        Reading { text, language, folded, hits, words, features, concepts, sums, vector }
    }

    /// What the head called `name` says: tier 1 where there is a vector and the message is English, else tier 0.
    pub(crate) fn verdict(&self, name: &str) -> Option<Verdict<'static>> {
        self.dense_verdict(name).or_else(|| Heads::shipped().verdict(name, &self.sums, &self.concepts))
    }

    /// What the tier-1 head called `name` says; `None` where there is no such head, no vector, or another language.
    pub(crate) fn dense_verdict(&self, name: &str) -> Option<Verdict<'static>> {
        let vector = self.vector.as_deref().filter(|_| self.reads_as_english())?;
        let below = Heads::shipped().verdict(name, &self.sums, &self.concepts);
        DenseHeads::shipped().verdict(name, vector, below.as_ref().map_or(&[][..], Verdict::logits))
    }

    /// The sums of the tier-0 head called `name` before calibration; `None` if there is no such head.
    pub fn sums_of(&self, name: &str) -> Option<Vec<f32>> {
        Heads::shipped().verdict(name, &self.sums, &self.concepts).map(|verdict| verdict.logits().to_vec())
    }

    pub(crate) fn reads_as_english(&self) -> bool {
        self.language.reads_as_english()
    }

    /// The vector of tier 1, where an embedder is present and the message is English: its model reads nothing else.
    pub fn vector(&self) -> Option<&[f32]> {
        self.vector.as_deref()
    }

    pub(crate) fn has(&self, list: List) -> bool {
        self.hits.has(list)
    }

    /// The values the heads read beside the hashed vector.
    pub fn concepts(&self) -> &Concepts {
        &self.concepts
    }

    /// The features of tier 0, for an organisation's own intents.
    pub fn features(&self) -> &Features {
        &self.features
    }
}
