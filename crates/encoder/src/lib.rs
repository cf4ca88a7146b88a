//! Sentence vectors by all-MiniLM-L6-v2, on the processor, without any service.
//!
//! The model is English; callers keep it away from other languages. Its files (90 MB) are never in the repository: [`fetch`]
//! brings them. Everything is computed on the calling thread, so that a message costs one core and no more.
#![expect(clippy::inline_always, reason = "registers are only as wide as the one function all others are inlined into")]

mod bert;
pub mod fetch;
mod files;
mod linear;
mod math;
mod weights;

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

pub use files::{EncoderError, FILES, check};

/// Length of every vector.
pub const DIMS: usize = bert::HIDDEN;
/// Longest text that is read, in tokens; the model was trained on no more.
const MAX_TOKENS: usize = 256;
/// Longest text that is given to the tokeniser, in bytes; far more than [`MAX_TOKENS`] ever need.
const MAX_BYTES: usize = 16 * 1024;
/// Tokens that go through the model together: enough to read the weights seldom, few enough to stay near the processor.
const BATCH_TOKENS: usize = 512;

/// The model, loaded and ready. One is enough for a process; it can be shared between threads.
pub struct Encoder {
    tokenizer: Tokenizer,
    model: bert::Bert,
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
        Ok(Self { tokenizer, model: bert::Bert::load(&weights)? })
    }

    /// One unit vector a text, in the order given; the same text always gives the same vector, whatever its company.
    ///
    /// # Errors
    /// When the tokeniser refuses a text.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            let encoding = self.tokenizer.encode_fast(head(text, MAX_BYTES), true);
            tokens.push(encoding.map_err(|e| EncoderError::Model(e.to_string()))?.get_ids().to_vec());
        }
        let mut rest: Vec<&[u32]> = tokens.iter().map(Vec::as_slice).collect();
        let mut out = Vec::with_capacity(texts.len());
        while !rest.is_empty() {
            let after = rest.split_off(fitting(&rest));
            out.extend(self.model.vectors(&rest));
            rest = after;
        }
        Ok(out)
    }
}

/// How many of the next texts fit into one batch; at least one.
fn fitting(texts: &[&[u32]]) -> usize {
    let mut tokens = 0;
    let fit = texts.iter().take_while(|text| {
        tokens += text.len();
        tokens <= BATCH_TOKENS
    });
    fit.count().max(1)
}

/// The beginning of a text, at most `bytes` long, cut at a character.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
