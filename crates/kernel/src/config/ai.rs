//! Model providers and their budgets.

use serde::Deserialize;

use super::Secret;

/// Models: the local ones are always there; providers are asked where they do better.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AiConfig {
    /// `RECOUP__AI__PROVIDERS__0__…`: tried in order; the local provider is always last.
    pub providers: Vec<ProviderConfig>,
    /// `RECOUP__AI__MODELS_DIR`: where the encoder's files are; by default `models` under the data directory.
    pub models_dir: Option<std::path::PathBuf>,
    /// `RECOUP__AI__ENCODER`: `auto` loads the encoder when its files are there, `off` never does.
    pub encoder: EncoderUse,
}

/// Whether the local encoder is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderUse {
    /// When its files are there.
    #[default]
    Auto,
    /// Never: tier 0 alone.
    Off,
}

/// One provider that speaks the OpenAI wire format.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its name on pages and in decision records.
    pub name: String,
    /// Where it answers, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// Its key.
    #[serde(default)]
    pub api_key: Secret,
    /// The model for quick work.
    pub fast_model: String,
    /// The model for the best answer; the fast one when absent.
    #[serde(default)]
    pub quality_model: Option<String>,
    /// The model of `/embeddings`, where it has one.
    #[serde(default)]
    pub embedding_model: Option<String>,
    /// The model of `/moderations`, where it has one.
    #[serde(default)]
    pub moderation_model: Option<String>,
    /// OpenAI or Azure OpenAI.
    #[serde(default)]
    pub kind: ProviderKind,
    /// Azure's `api-version`.
    #[serde(default)]
    pub api_version: Option<String>,
    /// Price of a million input tokens, in US dollars.
    #[serde(default)]
    pub input_price: f64,
    /// Price of a million output tokens, in US dollars.
    #[serde(default)]
    pub output_price: f64,
}

/// The flavour of the wire format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// The OpenAI paths with a bearer token.
    #[default]
    Openai,
    /// Deployment paths with an `api-key` header.
    Azure,
}
