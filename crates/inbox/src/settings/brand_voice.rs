//! How the organisation sounds, to models and in answers made without one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Setting;

/// How formal the bot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoiceTone {
    /// Warm and informal.
    #[default]
    Friendly,
    /// Polite and neutral.
    Professional,
    /// As short as can be.
    Concise,
}

/// The brand voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrandVoice {
    /// The name used in greetings; the organisation's when empty.
    pub business_name: String,
    /// How formal.
    pub tone: VoiceTone,
    /// A description for models, such as "short sentences, no jargon".
    pub style: String,
    /// What to do and what to avoid, for models.
    pub guidelines: String,
    /// Whether replies may hold emoji.
    pub emoji: bool,
    /// Longest reply in characters.
    pub max_length: u32,
    /// ISO 639-1 codes the bot may answer in; any it knows when empty.
    pub languages: Vec<String>,
    /// Said after every answer.
    pub sign_off: String,
}

impl Default for BrandVoice {
    fn default() -> Self {
        Self {
            business_name: String::new(),
            tone: VoiceTone::Friendly,
            style: String::new(),
            guidelines: String::new(),
            emoji: false,
            max_length: 600,
            languages: Vec::new(),
            sign_off: String::new(),
        }
    }
}

impl Setting for BrandVoice {
    const NAME: &'static str = "brand_voice";
}

impl BrandVoice {
    /// What is wrong with it, as field and reason.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if !(80..=4_000).contains(&self.max_length) {
            return Some(("max_length", "must lie between 80 and 4,000 characters".into()));
        }
        if self.style.chars().count() > 2_000 || self.guidelines.chars().count() > 4_000 {
            return Some(("guidelines", "style may have 2,000 and guidelines 4,000 characters".into()));
        }
        if self.sign_off.chars().count() > 200 || self.business_name.chars().count() > 200 {
            return Some(("sign_off", "sign-off and business name may have 200 characters".into()));
        }
        let unknown = self.languages.iter().find(|code| ai::local::Language::from_code(code).is_none())?;
        Some(("languages", format!("{unknown:?} is not a language code that Recoup knows")))
    }

    /// The voice of answers made without a model.
    pub fn spoken(&self) -> ai::answer::BrandVoice {
        ai::answer::BrandVoice {
            business: self.business_name.clone(),
            tone: match self.tone {
                VoiceTone::Friendly => ai::answer::Tone::Friendly,
                VoiceTone::Professional => ai::answer::Tone::Professional,
                VoiceTone::Concise => ai::answer::Tone::Concise,
            },
            emoji: self.emoji,
            max_chars: self.max_length as usize,
            opening: String::new(),
            sign_off: self.sign_off.clone(),
        }
    }
}
