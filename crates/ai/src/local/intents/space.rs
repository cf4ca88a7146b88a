//! The space intents are learned in: the hashed features of tier 0, or the vectors of an embedder.

use std::collections::HashMap;
use std::sync::Arc;

use crate::local::embedder::Embedder;
use crate::local::features::{BUCKETS, Features};
use crate::retrieval::StaticVectors;

/// Where messages become vectors.
#[derive(Clone)]
pub enum Space {
    /// Hashed words and characters, and the static word vectors in the repository; needs nothing.
    Hashed,
    /// Sentence vectors.
    Embedded(Arc<dyn Embedder>),
}

/// A unit-length vector, sparse or dense.
#[derive(Clone, Debug, PartialEq)]
pub enum Vector {
    /// Buckets in rising order, with values.
    Sparse(Vec<(u32, f32)>),
    Dense(Vec<f32>),
}

impl Space {
    /// One unit-length vector a text.
    pub fn vectors(&self, texts: &[&str]) -> Vec<Vector> {
        match self {
            Space::Hashed => texts.iter().map(|text| hashed(text)).collect(),
            Space::Embedded(embedder) => embedder.embed(texts).into_iter().map(Vector::Dense).collect(),
        }
    }

    /// Similarity to the nearest example under which a message is out of scope; chosen on CLINC150's training half.
    pub fn nearest_needed(&self) -> f32 {
        match self {
            Space::Hashed => 0.45,
            Space::Embedded(_) => 0.52,
        }
    }
}

/// How much of the squared length words, characters and meaning have; by cross-validation on BANKING77 and CLINC150.
const SHARES: [f32; 3] = [0.12, 0.08, 0.8];

/// Hashed words and characters, with the static vector of the text behind them.
fn hashed(text: &str) -> Vector {
    let [words, chars, meaning] = SHARES.map(f32::sqrt);
    let features = Features::of(text);
    let words = features.words().iter().map(|bucket| (*bucket, words * features.word_value()));
    let chars = features.chars().iter().map(|bucket| (*bucket, chars * features.char_value()));
    let dims = StaticVectors::built_in().text(text);
    let first = 2 * BUCKETS as u32;
    let dims = dims.iter().enumerate().map(|(dim, value)| (first + dim as u32, meaning * value));
    Vector::Sparse(words.chain(chars).chain(dims).collect())
}

impl Vector {
    /// The cosine of two unit vectors of one space; 0 between spaces.
    pub fn dot(&self, other: &Vector) -> f32 {
        match (self, other) {
            (Vector::Dense(a), Vector::Dense(b)) => a.iter().zip(b).map(|(x, y)| x * y).sum(),
            (Vector::Sparse(a), Vector::Sparse(b)) => sparse_dot(a, b),
            _ => 0.0,
        }
    }
}

fn sparse_dot(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a[i].1 * b[j].1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

/// Vectors that can be compared with one vector all at once.
pub(super) struct Neighbours {
    vectors: Vec<Vector>,
    /// For sparse vectors: who has a bucket, and how much of it.
    postings: HashMap<u32, Vec<(u32, f32)>>,
}

impl Neighbours {
    pub(super) fn new(vectors: Vec<Vector>) -> Neighbours {
        let mut postings: HashMap<u32, Vec<(u32, f32)>> = HashMap::new();
        for (place, vector) in vectors.iter().enumerate() {
            if let Vector::Sparse(values) = vector {
                for (bucket, value) in values {
                    postings.entry(*bucket).or_default().push((place as u32, *value));
                }
            }
        }
        Neighbours { vectors, postings }
    }

    pub(super) fn vectors(&self) -> &[Vector] {
        &self.vectors
    }

    /// The cosine of `vector` with every neighbour.
    pub(super) fn similarities(&self, vector: &Vector) -> Vec<f32> {
        let Vector::Sparse(values) = vector else {
            return self.vectors.iter().map(|neighbour| neighbour.dot(vector)).collect();
        };
        let mut sums = vec![0.0; self.vectors.len()];
        for (bucket, value) in values {
            for (place, other) in self.postings.get(bucket).map_or(&[][..], Vec::as_slice) {
                sums[*place as usize] += value * other;
            }
        }
        sums
    }
}
