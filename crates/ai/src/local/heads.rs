//! The int8 linear heads of `assets/heads.bin`, made by `eval/train_heads.py`.
//!
//! One table holds every head: a row a bucket, a column a class. A text sums the rows of its buckets as integers,
//! so all heads together cost a few microseconds. Probabilities are calibrated; `shift` and `threshold` only decide.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::concepts::{CONCEPTS, Concepts};
use super::features::{BUCKETS, Features};
use super::verdict::{Scheme, Verdict};

const PACKED: &[u8] = include_bytes!("../../assets/heads.bin");

static HEADS: LazyLock<Heads> = LazyLock::new(|| Heads::unpack(PACKED).expect("the committed heads are well formed"));

/// All heads of tier 0.
pub struct Heads {
    each: Vec<Head>,
    width: usize,
    table: Vec<i8>,
}

/// The weights of one head beside its columns in the table.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(flatten)]
    scheme: Scheme,
    scale: Vec<f32>,
    bias: Vec<f32>,
    concepts: Vec<f32>,
    #[serde(skip)]
    first: usize,
}

/// The sums of every class of every head for one text.
#[derive(Clone, Debug)]
pub struct Sums {
    words: Vec<i32>,
    chars: Vec<i32>,
    word_value: f32,
    char_value: f32,
}

impl Heads {
    /// The heads in the repository.
    pub fn shipped() -> &'static Heads {
        &HEADS
    }

    fn unpack(packed: &[u8]) -> anyhow::Result<Heads> {
        let mut bytes = Vec::new();
        ZlibDecoder::new(packed).read_to_end(&mut bytes)?;
        let (size, rest) = bytes.split_at_checked(4).ok_or_else(|| anyhow::anyhow!("heads are cut off"))?;
        let size = u32::from_le_bytes(size.try_into()?) as usize;
        let (header, body) = rest.split_at_checked(size).ok_or_else(|| anyhow::anyhow!("heads are cut off"))?;
        let mut heads: Vec<Head> = serde_json::from_slice(header)?;
        let mut width = 0;
        for head in &mut heads {
            head.first = width;
            width += head.scheme.classes.len();
        }
        anyhow::ensure!(body.len() == width * 2 * BUCKETS, "heads have the wrong size");
        let mut table = vec![0i8; body.len()];
        for (class, column) in body.chunks_exact(2 * BUCKETS).enumerate() {
            for (bucket, weight) in column.iter().enumerate() {
                table[bucket * width + class] = weight.cast_signed();
            }
        }
        Ok(Heads { each: heads, width, table })
    }

    /// Adds up the rows of a text's buckets.
    pub fn sums(&self, features: &Features) -> Sums {
        Sums {
            words: self.add_up(features.words()),
            chars: self.add_up(features.chars()),
            word_value: features.word_value(),
            char_value: features.char_value(),
        }
    }

    fn add_up(&self, buckets: &[u32]) -> Vec<i32> {
        let mut sums = vec![0i32; self.width];
        for &bucket in buckets {
            let row = &self.table[bucket as usize * self.width..][..self.width];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(*weight);
            }
        }
        sums
    }

    /// What the head called `name` says; `None` if there is no such head.
    pub fn verdict(&self, name: &str, sums: &Sums, concepts: &Concepts) -> Option<Verdict<'_>> {
        let head = self.each.iter().find(|head| head.scheme.name == name)?;
        let logits = (0..head.scheme.classes.len())
            .map(|class| {
                let at = head.first + class;
                let hashed = sums.words[at] as f32 * sums.word_value + sums.chars[at] as f32 * sums.char_value;
                let known = head.concepts.chunks_exact(CONCEPTS).nth(class).unwrap_or(&[]);
                let concept: f32 = known.iter().zip(&concepts.0).map(|(w, x)| w * x).sum();
                hashed.mul_add(head.scale[class], head.bias[class] + concept)
            })
            .collect();
        Some(Verdict::new(&head.scheme, logits))
    }
}
