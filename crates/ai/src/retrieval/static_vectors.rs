//! Static token vectors distilled from MiniLM: 27,696 English words and pieces, 256 numbers each, in eight bits.
//!
//! A text is the mean of its tokens' vectors. That is far weaker than the sentence model, but costs microseconds, needs
//! nothing but this file, and knows that "cheap" and "inexpensive" are near. `eval/embedding` rebuilds the file and says
//! what it earned; it is English, like its teacher.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::{WordMap, head};
use crate::local::embedder::Embedder;

static FILE: &[u8] = include_bytes!("../../assets/static-vectors.bin");
static BUILT_IN: LazyLock<StaticVectors> =
    LazyLock::new(|| StaticVectors::parse(FILE).expect("the built-in file is checked by a test"));

/// Longest text that is embedded, in tokens.
const MAX_TOKENS: usize = 512;
const MAX_WORD_BYTES: usize = 100;

/// How far the length of a vector in whole numbers may lead astray; what rounding does is a thousand times smaller.
const DOUBT: f64 = 1e-3;

/// A word that the vocabulary has whole, ready to be compared with many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    id: u32,
    /// Square of the length of its row, in whole numbers.
    square: NonZeroU32,
}

/// Token vectors, ready to embed.
pub struct StaticVectors {
    dims: usize,
    tokens: WordMap<&'static str, u32>,
    scales: Vec<f32>,
    rows: &'static [u8],
}

impl StaticVectors {
    /// The vectors that come with Recoup.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    fn parse(file: &'static [u8]) -> Option<Self> {
        let rest = file.strip_prefix(b"RSV1")?;
        let (dims, rest) = rest.split_first_chunk::<4>()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let (dims, count) = (u32::from_le_bytes(*dims) as usize, u32::from_le_bytes(*count) as usize);
        let mut tokens = WordMap::default();
        tokens.reserve(count);
        for position in 0..count {
            let (length, after) = rest.split_first()?;
            let (token, after) = after.split_at_checked(usize::from(*length))?;
            tokens.insert(std::str::from_utf8(token).ok()?, position as u32);
            rest = after;
        }
        let (scales, rows) = rest.split_at_checked(count * 4)?;
        let scales = scales.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        (rows.len() == count * dims).then_some(Self { dims, tokens, scales, rows })
    }

    /// The unit vector of a word that the vocabulary has whole; a word in pieces has none worth comparing.
    pub fn word(&self, lower: &str) -> Option<Vec<f32>> {
        self.unit(self.rank(lower)?)
    }

    /// The same word without its vector, for [`Self::cosine_above`].
    pub(crate) fn token(&self, lower: &str) -> Option<Token> {
        let id = self.rank(lower)?;
        let square = self.row(id).iter().map(|b| i32::from(b.cast_signed())).map(|x| x * x).sum::<i32>();
        let square = NonZeroU32::new(square.unsigned_abs())?;
        self.unit(id).map(|_| Token { id, square })
    }

    /// The cosine of two words when it is above `least`, which is at least 0.01. Whole numbers tell first whether it can be,
    /// since few are; the cosine itself is that of the unit vectors.
    pub(crate) fn cosine_above(&self, a: Token, b: Token, least: f32) -> Option<f32> {
        let pairs = self.row(a.id).iter().zip(self.row(b.id));
        let dot: i32 = pairs.map(|(x, y)| i32::from(x.cast_signed()) * i32::from(y.cast_signed())).sum();
        let limit = f64::from(least) - DOUBT;
        let dot = f64::from(dot);
        if dot * dot < limit * limit * f64::from(a.square.get()) * f64::from(b.square.get()) {
            return None;
        }
        let (a, b) = (self.unit(a.id)?, self.unit(b.id)?);
        let cosine: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        (cosine > least).then_some(cosine)
    }

    /// Place of a word among the English words by frequency, 0 the most frequent; nothing for a word the vocabulary lacks.
    pub fn rank(&self, lower: &str) -> Option<u32> {
        self.tokens.get(fold(lower).as_ref()).copied()
    }

    /// The unit vector of a text; all zeros when nothing of it is known.
    pub fn text(&self, text: &str) -> Vec<f32> {
        let mut sum = vec![0.0; self.dims];
        let mut tokens = 0;
        for word in super::text::bounded(text).split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            tokens += self.add_word(&fold(word), &mut sum);
            if tokens >= MAX_TOKENS {
                break;
            }
        }
        normalise(&mut sum);
        sum
    }

    /// Longest match first, as the vocabulary was made; returns how many tokens were added.
    fn add_word(&self, word: &str, sum: &mut [f32]) -> usize {
        if word.len() > MAX_WORD_BYTES {
            return 0;
        }
        // Most words are whole in the vocabulary.
        if let Some(id) = self.tokens.get(word) {
            self.add_row(*id, sum);
            return 1;
        }
        let mut start = 0;
        let mut added = 0;
        let mut piece = String::with_capacity(word.len() + 2);
        while start < word.len() {
            let mut end = word.len();
            let found = loop {
                if end <= start {
                    break None;
                }
                piece.clear();
                if start > 0 {
                    piece.push_str("##");
                }
                piece.push_str(&word[start..end]);
                if let Some(id) = self.tokens.get(piece.as_str()) {
                    break Some(*id);
                }
                end = head(word, end - 1).len();
            };
            let Some(id) = found else { return added };
            self.add_row(id, sum);
            added += 1;
            start = end;
        }
        added
    }

    /// The unit vector of one token; nothing when it has no length.
    fn unit(&self, id: u32) -> Option<Vec<f32>> {
        let mut sum = vec![0.0; self.dims];
        self.add_row(id, &mut sum);
        normalise(&mut sum).then_some(sum)
    }

    fn row(&self, id: u32) -> &'static [u8] {
        let at = id as usize * self.dims;
        &self.rows[at..at + self.dims]
    }

    fn add_row(&self, id: u32, sum: &mut [f32]) {
        let scale = self.scales[id as usize];
        for (s, b) in sum.iter_mut().zip(self.row(id)) {
            *s += scale * f32::from(b.cast_signed());
        }
    }
}

impl Embedder for StaticVectors {
    fn dims(&self) -> usize {
        self.dims
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        texts.iter().map(|t| self.text(t)).collect()
    }
}

fn fold(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    if word.is_ascii() {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    Cow::Owned(word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect())
}

/// Divides by the length; false when the length is nothing.
fn normalise(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length <= f32::EPSILON {
        return false;
    }
    for x in vector {
        *x /= length;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let s = StaticVectors::built_in();
        s.text(a).iter().zip(s.text(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn near_words_are_near() {
        assert!(cosine("teeth whitening", "tooth bleaching") > cosine("teeth whitening", "car insurance") + 0.2);
        assert!(cosine("cheap", "inexpensive") > cosine("cheap", "dentist"));
    }

    #[test]
    fn any_text_has_a_vector_or_none() {
        let s = StaticVectors::built_in();
        assert!(s.text("").iter().all(|x| *x == 0.0));
        assert!(s.word("牙").is_none());
        assert!((s.text("É-café 99 🎉 \0").iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn near_words_have_the_cosine_of_their_vectors() {
        const LEAST: f32 = 0.55;
        let s = StaticVectors::built_in();
        let words = "teeth tooth dentist dental price cost costs cheap inexpensive open opening hours monday friday car garage gym \
                     trainer yoga insurance whitening crown boat rent hire 9 24 street the";
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut near = 0;
        for (a, b) in words.iter().flat_map(|a| words.iter().map(move |b| (a, b))) {
            let plain = s.word(a).zip(s.word(b)).map(|(a, b)| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>());
            let quick = s.token(a).zip(s.token(b)).and_then(|(a, b)| s.cosine_above(a, b, LEAST));
            assert_eq!(quick, plain.filter(|cosine| *cosine > LEAST), "{a} {b}");
            near += usize::from(a != b && quick.is_some());
        }
        assert!(near > 4, "{near}");
    }
}
