//! Static token vectors distilled from MiniLM: 27,696 English words and pieces, 256 numbers each, in eight bits.
//!
//! A text is the mean of its tokens' vectors. That is far weaker than the sentence model, but costs microseconds, needs
//! nothing but this file, and knows that "cheap" and "inexpensive" are near. `eval/embedding` rebuilds the file and says
//! what it earned; it is English, like its teacher.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::head;
use crate::local::embedder::Embedder;

static FILE: &[u8] = include_bytes!("../../assets/static-vectors.bin");
static BUILT_IN: LazyLock<StaticVectors> =
    LazyLock::new(|| StaticVectors::parse(FILE).expect("the built-in file is checked by a test"));

/// Longest text that is embedded, in tokens.
const MAX_TOKENS: usize = 512;
const MAX_WORD_BYTES: usize = 100;

/// Token vectors, ready to embed.
pub struct StaticVectors {
    dims: usize,
    tokens: HashMap<&'static str, u32>,
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
        let mut tokens = HashMap::with_capacity(count);
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
        let id = self.tokens.get(fold(lower).as_str())?;
        let mut sum = vec![0.0; self.dims];
        self.add_row(*id as usize, &mut sum);
        normalise(&mut sum).then_some(sum)
    }

    /// Place of a word among the English words by frequency, 0 the most frequent; nothing for a word the vocabulary lacks.
    pub fn rank(&self, lower: &str) -> Option<u32> {
        self.tokens.get(fold(lower).as_str()).copied()
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
            self.add_row(id as usize, sum);
            added += 1;
            start = end;
        }
        added
    }

    fn add_row(&self, id: usize, sum: &mut [f32]) {
        let scale = self.scales[id];
        let row = &self.rows[id * self.dims..(id + 1) * self.dims];
        for (s, b) in sum.iter_mut().zip(row) {
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

fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
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
}
