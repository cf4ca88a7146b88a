//! Tier-1 heads: linear over a sentence vector and what the tier-0 head of the same name said.
//!
//! Made by `eval/train_dense.py` for all-MiniLM-L6-v2, which reads English only: other languages keep tier 0.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::verdict::{Scheme, Verdict};

const PACKED: &[u8] = include_bytes!("../../assets/dense_heads.bin");

static DENSE: LazyLock<DenseHeads> =
    LazyLock::new(|| DenseHeads::unpack(PACKED).expect("the committed heads are well formed"));

/// All heads of tier 1.
#[derive(Debug, Deserialize)]
pub struct DenseHeads {
    dims: usize,
    heads: Vec<DenseHead>,
}

#[derive(Debug, Deserialize)]
struct DenseHead {
    #[serde(flatten)]
    scheme: Scheme,
    bias: Vec<f32>,
    /// One row a class: the vector's weights, then the weights of the tier-0 logits.
    weights: Vec<Vec<f32>>,
}

impl DenseHeads {
    pub fn shipped() -> &'static DenseHeads {
        &DENSE
    }

    /// The vector length these heads were trained on.
    pub fn dims() -> usize {
        DENSE.dims
    }

    fn unpack(packed: &[u8]) -> anyhow::Result<DenseHeads> {
        let mut text = Vec::new();
        ZlibDecoder::new(packed).read_to_end(&mut text)?;
        let heads: DenseHeads = serde_json::from_slice(&text)?;
        for head in &heads.heads {
            let inputs = heads.dims + head.scheme.classes.len();
            anyhow::ensure!(
                head.weights.iter().all(|row| row.len() == inputs),
                "{} has the wrong size",
                head.scheme.name
            );
        }
        Ok(heads)
    }

    /// What the head called `name` says about a vector, given the tier-0 logits of the same head.
    pub fn verdict(&self, name: &str, vector: &[f32], below: &[f32]) -> Option<Verdict<'_>> {
        let head = self.heads.iter().find(|head| head.scheme.name == name)?;
        let logits = head
            .weights
            .iter()
            .zip(&head.bias)
            .map(|(row, bias)| row.iter().zip(vector.iter().chain(below)).fold(*bias, |sum, (w, x)| w.mul_add(*x, sum)))
            .collect();
        Some(Verdict::new(&head.scheme, logits))
    }
}
