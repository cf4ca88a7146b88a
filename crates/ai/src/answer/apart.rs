//! A chunk taken apart once, for every question that comes to it: its words, what could be quoted of it, and what kinds of
//! thing each piece holds. None of it depends on the question.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use crate::retrieval::chunking::HEADING_SEPARATOR;
use crate::retrieval::text::{Analyzer, is_stop_word, words};
use crate::retrieval::{Chunk, ChunkKind, Index, StaticVectors, Token};

use super::candidates::{extend, spans};
use super::evidence::specific;
use super::expected::Kinds;

/// What stays of a chunk beside its text; about 2 KB for a passage.
pub(crate) struct Apart {
    pub(super) words: Vocabulary,
    pub(super) heading: Piece,
    /// What title, heading and text hold together.
    pub(super) kinds: Kinds,
    pub(super) quotes: Box<[Quotable]>,
    pub(super) subject: Box<[HeadingWord]>,
    /// The static vector of the quote that was looked at first. Most chunks are quoted in one place, and one vector is enough
    /// to keep.
    gist: OnceLock<(usize, Vec<f32>)>,
}

/// The distinct terms of a chunk, in one piece of memory.
pub(super) struct Vocabulary {
    terms: Box<str>,
    ends: Box<[u32]>,
    /// The word behind each term as it is written first.
    tokens: Box<[Option<Token>]>,
}

/// Some text of a chunk: places of its words in the vocabulary, and what kinds of thing it holds.
pub(super) struct Piece {
    pub words: Box<[u32]>,
    pub kinds: Kinds,
}

/// A FAQ's answer, or a sentence with what would be quoted for it.
pub(super) struct Quotable {
    pub sentence: Piece,
    /// The quote, when it is more than the sentence.
    pub quoted: Option<Piece>,
    start: u32,
    end: u32,
}

/// A word of the last heading, which says what a chunk is about.
pub(super) struct HeadingWord {
    pub term: Box<str>,
    pub weight: f32,
    pub names: Kinds,
}

impl Apart {
    /// Takes a chunk of an index apart.
    pub(crate) fn of(index: &Index, chunk: &Chunk) -> Self {
        let analyzer = Analyzer::new(&chunk.language);
        let mut reader = Reader::new(&analyzer);
        for part in [&chunk.title, &chunk.heading, &chunk.text] {
            reader.learn(part);
        }
        let quotes = quotes(chunk, &reader);
        let heading = reader.piece(&chunk.heading);
        Self {
            kinds: Kinds::in_text(&chunk.title) | heading.kinds | Kinds::in_text(&chunk.text),
            heading,
            quotes,
            subject: subject(index, chunk, &analyzer),
            words: reader.vocabulary(),
            gist: OnceLock::new(),
        }
    }

    /// The words that would be quoted at a place among the quotes.
    pub(super) fn quote<'a>(&self, chunk: &'a Chunk, at: usize) -> &'a str {
        let quote = &self.quotes[at];
        &chunk.text[quote.start as usize..quote.end as usize]
    }

    /// The static vector of what a quote says under its heading; for a FAQ that of its question.
    pub(super) fn gist(&self, chunk: &Chunk, at: usize) -> Cow<'_, [f32]> {
        let vector = || match chunk.kind {
            ChunkKind::Faq => StaticVectors::built_in().text(&chunk.heading),
            ChunkKind::Passage => {
                StaticVectors::built_in().text(&format!("{}. {}", chunk.heading, self.quote(chunk, at)))
            }
        };
        let (kept, known) = self.gist.get_or_init(|| (at, vector()));
        if *kept == at { Cow::Borrowed(known.as_slice()) } else { Cow::Owned(vector()) }
    }
}

impl Vocabulary {
    /// The terms in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<Token>)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let places = starts.zip(self.ends.iter().copied());
        let terms = places.map(move |(start, end)| &self.terms[start as usize..end as usize]);
        terms.zip(self.tokens.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A content word of a text and its term.
pub(super) struct Content {
    pub lower: String,
    pub term: String,
}

/// The content words of a text of the knowledge, in order.
pub(super) fn content<'a>(text: &'a str, analyzer: &'a Analyzer) -> impl Iterator<Item = Content> + 'a {
    words(text, analyzer.language())
        .filter(move |word| !is_stop_word(&word.lower, analyzer.language()))
        .map(move |word| Content { term: analyzer.term(&word.lower), lower: word.lower })
}

/// Gathers the vocabulary of a chunk.
struct Reader<'a> {
    analyzer: &'a Analyzer,
    places: HashMap<String, u32>,
    terms: String,
    ends: Vec<u32>,
    tokens: Vec<Option<Token>>,
}

impl<'a> Reader<'a> {
    fn new(analyzer: &'a Analyzer) -> Self {
        Self { analyzer, places: HashMap::new(), terms: String::new(), ends: Vec::new(), tokens: Vec::new() }
    }

    fn learn(&mut self, text: &str) {
        for word in content(text, self.analyzer) {
            if self.places.contains_key(&word.term) {
                continue;
            }
            self.terms.push_str(&word.term);
            self.tokens.push(StaticVectors::built_in().token(&word.lower));
            self.places.insert(word.term, self.ends.len() as u32);
            self.ends.push(self.terms.len() as u32);
        }
    }

    /// A word that the whole text does not have, because it is cut otherwise there, is passed over.
    fn piece(&self, text: &str) -> Piece {
        let mut words: Vec<u32> =
            content(text, self.analyzer).filter_map(|word| self.places.get(&word.term).copied()).collect();
        words.sort_unstable();
        words.dedup();
        Piece { words: words.into_boxed_slice(), kinds: Kinds::in_text(text) }
    }

    fn vocabulary(self) -> Vocabulary {
        Vocabulary {
            terms: self.terms.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
            tokens: self.tokens.into_boxed_slice(),
        }
    }
}

fn quotes(chunk: &Chunk, reader: &Reader<'_>) -> Box<[Quotable]> {
    let text = chunk.text.as_str();
    if chunk.kind == ChunkKind::Faq {
        let quote = text.trim();
        if quote.is_empty() {
            return Box::default();
        }
        let start = text.len() - text.trim_start().len();
        return Box::new([Quotable {
            sentence: reader.piece(text),
            quoted: None,
            start: start as u32,
            end: (start + quote.len()) as u32,
        }]);
    }
    let spans = spans(text);
    let quotable = |at: usize| {
        let range = extend(text, &spans, at);
        let whole = &text[range.clone()];
        let quote = whole.trim();
        let start = range.start + whole.len() - whole.trim_start().len();
        let sentence = &text[spans[at].clone()];
        Quotable {
            sentence: reader.piece(sentence),
            quoted: (quote.len() != sentence.len()).then(|| reader.piece(quote)),
            start: start as u32,
            end: (start + quote.len()) as u32,
        }
    };
    (0..spans.len()).map(quotable).collect()
}

fn subject(index: &Index, chunk: &Chunk, analyzer: &Analyzer) -> Box<[HeadingWord]> {
    let heading = chunk.heading.rsplit(HEADING_SEPARATOR).next().unwrap_or_default();
    content(heading, analyzer)
        .map(|word| HeadingWord {
            weight: index.bm25().idf(&word.term).max(0.5) * specific(&word.lower, analyzer.language()),
            names: Kinds::named(&word.lower),
            term: word.term.into_boxed_str(),
        })
        .collect()
}
