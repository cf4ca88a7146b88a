//! The six layers of MiniLM (Wang et al. 2020): BERT, narrow. Only what inference needs.
//!
//! Texts are never padded: the tokens of all texts are rows of one matrix, and only attention knows where a text ends.

use pulp::{Arch, Simd, WithSimd};

use crate::EncoderError;
use crate::linear::{Linear, Packed};
use crate::math::{self, Norm};
use crate::weights::Weights;

const LAYERS: usize = 6;
const HEADS: usize = 12;
pub(crate) const HIDDEN: usize = 384;
const HEAD: usize = HIDDEN / HEADS;
const INNER: usize = 1536;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;

pub(crate) struct Bert {
    words: Vec<f32>,
    /// Position vectors plus the vector of the only token type that is used.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value of all heads, one after another.
    asked: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    outer: Linear,
    outer_norm: Norm,
}

impl Bert {
    pub(crate) fn load(file: &[u8]) -> Result<Self, EncoderError> {
        let weights = Weights::read(file)?;
        let mut positions = weights.tensor("embeddings.position_embeddings.weight", &[POSITIONS, HIDDEN])?;
        let kinds = weights.tensor("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        for (x, kind) in positions.iter_mut().zip(kinds[..HIDDEN].iter().cycle()) {
            *x += kind;
        }
        Ok(Self {
            words: weights.tensor("embeddings.word_embeddings.weight", &[VOCABULARY, HIDDEN])?,
            positions,
            norm: norm(&weights, "embeddings.LayerNorm")?,
            layers: (0..LAYERS).map(|n| Layer::load(&weights, n)).collect::<Result<_, _>>()?,
        })
    }

    /// The mean of the last hidden states of every text, divided by its length. A text has at least one token and at most 512.
    pub(crate) fn vectors(&self, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        Arch::new().dispatch(Forward { model: self, texts })
    }

    fn embedded(&self, texts: &[&[u32]]) -> Vec<f32> {
        let mut rows = Vec::with_capacity(texts.iter().map(|t| t.len()).sum::<usize>() * HIDDEN);
        for text in texts {
            for (token, position) in text.iter().zip(self.positions.chunks_exact(HIDDEN)) {
                let word = &self.words[*token as usize * HIDDEN..][..HIDDEN];
                rows.extend(word.iter().zip(position).map(|(word, position)| word + position));
            }
        }
        rows
    }
}

/// One pass through the model, compiled for what the processor can do.
struct Forward<'a> {
    model: &'a Bert,
    texts: &'a [&'a [u32]],
}

impl WithSimd for Forward<'_> {
    type Output = Vec<Vec<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let lengths: Vec<usize> = self.texts.iter().map(|text| text.len()).collect();
        let mut rows = self.model.embedded(self.texts);
        for row in rows.chunks_exact_mut(HIDDEN) {
            self.model.norm.apply(row);
        }
        let mut packed = Packed::default();
        for layer in &self.model.layers {
            rows = layer.forward(simd, &rows, &lengths, &mut packed);
        }
        let mut rest = rows.as_slice();
        let mut out = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (text, after) = rest.split_at(length * HIDDEN);
            out.push(pooled(text));
            rest = after;
        }
        out
    }
}

impl Layer {
    fn load(weights: &Weights<'_>, n: usize) -> Result<Self, EncoderError> {
        let at = format!("encoder.layer.{n}");
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for part in ["query", "key", "value"] {
            let name = format!("{at}.attention.self.{part}");
            weight.extend(weights.tensor(&format!("{name}.weight"), &[HIDDEN, HIDDEN])?);
            bias.extend(weights.tensor(&format!("{name}.bias"), &[HIDDEN])?);
        }
        Ok(Self {
            asked: Linear::new(&weight, bias),
            attended: linear(weights, &format!("{at}.attention.output.dense"), HIDDEN, HIDDEN)?,
            attended_norm: norm(weights, &format!("{at}.attention.output.LayerNorm"))?,
            inner: linear(weights, &format!("{at}.intermediate.dense"), HIDDEN, INNER)?,
            outer: linear(weights, &format!("{at}.output.dense"), INNER, HIDDEN)?,
            outer_norm: norm(weights, &format!("{at}.output.LayerNorm"))?,
        })
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, rows: &[f32], lengths: &[usize], packed: &mut Packed) -> Vec<f32> {
        let asked = self.asked.apply(simd, rows, packed);
        let seen = attention(&asked, lengths);
        let mut middle = self.attended.apply(simd, &seen, packed);
        add_and_norm(&mut middle, rows, &self.attended_norm);
        let mut inner = self.inner.apply(simd, &middle, packed);
        math::gelu(&mut inner);
        let mut out = self.outer.apply(simd, &inner, packed);
        add_and_norm(&mut out, &middle, &self.outer_norm);
        out
    }
}

#[inline(always)]
fn add_and_norm(rows: &mut [f32], before: &[f32], norm: &Norm) {
    for (row, before) in rows.chunks_exact_mut(HIDDEN).zip(before.chunks_exact(HIDDEN)) {
        for (x, y) in row.iter_mut().zip(before) {
            *x += y;
        }
        norm.apply(row);
    }
}

/// What every token sees of its own text, head by head. `asked` holds query, key and value of a token in one row.
#[inline(always)]
fn attention(asked: &[f32], lengths: &[usize]) -> Vec<f32> {
    let scale = 1.0 / (HEAD as f32).sqrt();
    let mut seen = vec![0.0; asked.len() / 3];
    let (mut keys, mut shares) = (Vec::new(), Vec::new());
    let mut first = 0;
    for &length in lengths {
        let text = &asked[first * 3 * HIDDEN..][..length * 3 * HIDDEN];
        let seen = &mut seen[first * HIDDEN..][..length * HIDDEN];
        for head in (0..HIDDEN).step_by(HEAD) {
            keys.clear();
            for d in 0..HEAD {
                keys.extend(text.iter().skip(HIDDEN + head + d).step_by(3 * HIDDEN));
            }
            for (row, seen) in text.chunks_exact(3 * HIDDEN).zip(seen.chunks_exact_mut(HIDDEN)) {
                shares.clear();
                shares.resize(length, 0.0);
                for (query, keys) in row[head..][..HEAD].iter().zip(keys.chunks_exact(length)) {
                    add_times(&mut shares, query * scale, keys);
                }
                math::softmax(&mut shares);
                let seen = &mut seen[head..][..HEAD];
                for (share, other) in shares.iter().zip(text.chunks_exact(3 * HIDDEN)) {
                    add_times(seen, *share, &other[2 * HIDDEN + head..][..HEAD]);
                }
            }
        }
        first += length;
    }
    seen
}

#[inline(always)]
fn add_times(sums: &mut [f32], by: f32, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += by * value;
    }
}

#[inline(always)]
fn pooled(rows: &[f32]) -> Vec<f32> {
    let mut mean = vec![0.0; HIDDEN];
    for row in rows.chunks_exact(HIDDEN) {
        add_times(&mut mean, 1.0, row);
    }
    let length = math::dot(&mean, &mean).sqrt();
    for x in &mut mean {
        *x /= length;
    }
    mean
}

fn linear(weights: &Weights<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Linear, EncoderError> {
    let weight = weights.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
    Ok(Linear::new(&weight, weights.tensor(&format!("{name}.bias"), &[outputs])?))
}

fn norm(weights: &Weights<'_>, name: &str) -> Result<Norm, EncoderError> {
    let weight = weights.tensor(&format!("{name}.weight"), &[HIDDEN])?;
    Ok(Norm { weight, bias: weights.tensor(&format!("{name}.bias"), &[HIDDEN])? })
}
