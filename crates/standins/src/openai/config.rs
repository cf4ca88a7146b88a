//! Which models and keys exist, and the limits.

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// Keys that work.
    pub keys: Vec<String>,
    /// Chat models.
    pub chat_models: Vec<String>,
    /// Embedding models.
    pub embedding_models: Vec<String>,
    /// The longest prompt a chat model takes, in tokens.
    pub context_tokens: usize,
    /// Limits over time.
    pub limits: OpenAiLimits,
    /// The seed of all ids.
    pub seed: u64,
}

/// Limits per key and minute.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiLimits {
    /// Requests.
    pub requests: u64,
    /// Prompt tokens.
    pub tokens: u64,
}

impl OpenAiLimits {
    /// A first paid tier.
    pub const REAL: Self = Self { requests: 500, tokens: 200_000 };
    /// No limits worth the name.
    pub const LIFTED: Self = Self { requests: 1 << 40, tokens: 1 << 40 };
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            keys: vec!["sk-standin-0001".into()],
            chat_models: vec!["standin-fast".into(), "standin-quality".into()],
            embedding_models: vec!["text-embedding-3-small".into(), "text-embedding-3-large".into()],
            context_tokens: 128_000,
            limits: OpenAiLimits::LIFTED,
            seed: 3,
        }
    }
}
