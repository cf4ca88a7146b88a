//! The six layers of MiniLM (Wang et al. 2020): BERT, narrow. Only what inference needs.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops::softmax};

const LAYERS: usize = 6;
const HEADS: usize = 12;
const HIDDEN: usize = 384;
const HEAD: usize = HIDDEN / HEADS;
const INNER: usize = 1536;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;
const EPSILON: f64 = 1e-12;
/// Added to the attention of padding, so that nothing looks at it.
const UNSEEN: f64 = -1e9;

pub(crate) struct Bert {
    words: Embedding,
    /// Position vectors plus the vector of the only token type that is used.
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    outer_norm: LayerNorm,
}

impl Bert {
    pub(crate) fn load(weights: Vec<u8>, device: &Device) -> Result<Self> {
        let vb = VarBuilder::from_buffered_safetensors(weights, DType::F32, device)?;
        let e = vb.pp("embeddings");
        let positions = e.get((POSITIONS, HIDDEN), "position_embeddings.weight")?;
        let kind = e.get((2, HIDDEN), "token_type_embeddings.weight")?.narrow(0, 0, 1)?;
        Ok(Self {
            words: embedding(VOCABULARY, HIDDEN, e.pp("word_embeddings"))?,
            positions: positions.broadcast_add(&kind)?,
            norm: layer_norm(HIDDEN, EPSILON, e.pp("LayerNorm"))?,
            layers: (0..LAYERS).map(|n| Layer::load(&vb.pp(format!("encoder.layer.{n}")))).collect::<Result<_>>()?,
        })
    }

    /// The last hidden states, (texts, tokens, 384). `mask` is 1 for tokens and 0 for padding.
    pub(crate) fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let tokens = ids.dim(1)?;
        let summed = self.words.forward(ids)?.broadcast_add(&self.positions.narrow(0, 0, tokens)?)?;
        let mut x = self.norm.forward(&summed)?;
        let unseen = mask.affine(-UNSEEN, UNSEEN)?.unsqueeze(1)?.unsqueeze(1)?;
        for layer in &self.layers {
            x = layer.forward(&x, &unseen)?;
        }
        Ok(x)
    }
}

impl Layer {
    fn load(vb: &VarBuilder<'_>) -> Result<Self> {
        let a = vb.pp("attention");
        Ok(Self {
            query: linear(HIDDEN, HIDDEN, a.pp("self.query"))?,
            key: linear(HIDDEN, HIDDEN, a.pp("self.key"))?,
            value: linear(HIDDEN, HIDDEN, a.pp("self.value"))?,
            attended: linear(HIDDEN, HIDDEN, a.pp("output.dense"))?,
            attended_norm: layer_norm(HIDDEN, EPSILON, a.pp("output.LayerNorm"))?,
            inner: linear(HIDDEN, INNER, vb.pp("intermediate.dense"))?,
            outer: linear(INNER, HIDDEN, vb.pp("output.dense"))?,
            outer_norm: layer_norm(HIDDEN, EPSILON, vb.pp("output.LayerNorm"))?,
        })
    }

    fn forward(&self, x: &Tensor, unseen: &Tensor) -> Result<Tensor> {
        let (texts, tokens, _) = x.dims3()?;
        let heads = |t: Tensor| t.reshape((texts, tokens, HEADS, HEAD))?.transpose(1, 2)?.contiguous();
        let query = heads(self.query.forward(x)?)?;
        let key = heads(self.key.forward(x)?)?;
        let value = heads(self.value.forward(x)?)?;
        let scores = (query.matmul(&key.t()?.contiguous()?)? / (HEAD as f64).sqrt())?;
        let weights = softmax(&scores.broadcast_add(unseen)?, D::Minus1)?;
        let seen = weights.matmul(&value)?.transpose(1, 2)?.contiguous()?.reshape((texts, tokens, HIDDEN))?;
        let x = self.attended_norm.forward(&(self.attended.forward(&seen)? + x)?)?;
        let inner = self.inner.forward(&x)?.gelu_erf()?;
        self.outer_norm.forward(&(self.outer.forward(&inner)? + x)?)
    }
}
