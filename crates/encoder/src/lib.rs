//! Sentence vectors by all-MiniLM-L6-v2, on the processor, without any service.
//!
//! Apart from the other crates because what it needs to compute is heavy to build. The model is English; callers keep it
//! away from other languages. Its files (90 MB) are never in the repository: [`fetch`] brings them.

mod bert;
pub mod fetch;
mod files;

use std::path::Path;

use candle_core::{Device, Tensor};
use tokenizers::{Tokenizer, TruncationParams};

pub use files::{EncoderError, FILES, check};

/// Length of every vector.
pub const DIMS: usize = 384;
/// Longest text that is read, in tokens; the model was trained on no more.
const MAX_TOKENS: usize = 256;
/// Longest text that is given to the tokeniser, in bytes; far more than [`MAX_TOKENS`] ever need.
const MAX_BYTES: usize = 16 * 1024;
/// Tokens that go through the model together, padding included. More is hardly faster, and attention's memory grows with it.
const BATCH_TOKENS: usize = 1_024;

/// The model, loaded and ready. One is enough for a process; it can be shared between threads.
pub struct Encoder {
    tokenizer: Tokenizer,
    model: bert::Bert,
    device: Device,
}

impl Encoder {
    /// Loads the model from a folder that holds [`FILES`], after checking every one of them byte for byte.
    ///
    /// # Errors
    /// When a file is missing, differs from the known one, or cannot be read.
    pub fn load(folder: &Path) -> Result<Self, EncoderError> {
        check(folder)?;
        let mut tokenizer =
            Tokenizer::from_file(folder.join("tokenizer.json")).map_err(|e| EncoderError::Model(e.to_string()))?;
        tokenizer.with_padding(None);
        let truncation = TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| EncoderError::Model(e.to_string()))?;
        let weights = std::fs::read(folder.join("model.safetensors"))
            .map_err(|e| EncoderError::Unreadable("model.safetensors".to_owned(), e))?;
        let device = Device::Cpu;
        let model = bert::Bert::load(weights, &device)?;
        Ok(Self { tokenizer, model, device })
    }

    /// One unit vector a text, in the order given; the same text always gives the same vector.
    ///
    /// # Errors
    /// When the model cannot be computed, for want of memory.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let mut ids = Vec::with_capacity(texts.len());
        for text in texts {
            let text = head(text, MAX_BYTES);
            let encoding = self.tokenizer.encode(text, true).map_err(|e| EncoderError::Model(e.to_string()))?;
            ids.push(encoding.get_ids().to_vec());
        }
        // Texts of like length go together, so that little is computed on padding.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|i| ids[*i].len());
        let mut out = vec![Vec::new(); ids.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (rows, after) = rest.split_at(fitting(rest, &ids));
            for (row, vector) in rows.iter().zip(self.batch(rows, &ids)?) {
                out[*row] = vector;
            }
            rest = after;
        }
        Ok(out)
    }

    fn batch(&self, rows: &[usize], ids: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let width = rows.iter().map(|r| ids[*r].len()).max().unwrap_or(0);
        let mut padded = Vec::with_capacity(rows.len() * width);
        let mut mask = Vec::with_capacity(rows.len() * width);
        for row in rows {
            let real = &ids[*row];
            padded.extend_from_slice(real);
            padded.resize(padded.len() + width - real.len(), 0);
            mask.extend(std::iter::repeat_n(1.0_f32, real.len()));
            mask.resize(mask.len() + width - real.len(), 0.0);
        }
        let shape = (rows.len(), width);
        let padded = Tensor::from_vec(padded, shape, &self.device)?;
        let mask = Tensor::from_vec(mask, shape, &self.device)?;
        let hidden = self.model.forward(&padded, &mask)?;
        let wide = mask.unsqueeze(2)?;
        let mean = hidden.broadcast_mul(&wide)?.sum(1)?.broadcast_div(&mask.sum_keepdim(1)?)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(mean.broadcast_div(&length)?.to_vec2()?)
    }
}

/// How many of the next texts, which come by length, fit into one batch; at least one.
fn fitting(order: &[usize], ids: &[Vec<u32>]) -> usize {
    order.iter().enumerate().take_while(|(n, row)| (n + 1) * ids[**row].len() <= BATCH_TOKENS).count().max(1)
}

/// The beginning of a text, at most `bytes` long, cut at a character.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
