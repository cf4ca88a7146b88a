//! When the bot may answer by itself.

use kernel::channel::ChannelKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{QuietHours, Setting};

/// Automatic answers: on or off, how sure the bot must be, when, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoReply {
    /// Whether the bot answers at all; messages are understood and leads scored either way.
    pub enabled: bool,
    /// The least calibrated confidence, 0 to 1, of an answer that may be sent; below it a person is asked.
    pub min_confidence: f32,
    /// When the bot keeps quiet; a person still can write.
    pub quiet_hours: Option<QuietHours>,
    /// The channels it answers on; all when absent.
    #[schema(value_type = Option<Vec<String>>)]
    pub channels: Option<Vec<ChannelKind>>,
}

impl Default for AutoReply {
    fn default() -> Self {
        Self { enabled: true, min_confidence: 0.4, quiet_hours: None, channels: None }
    }
}

impl Setting for AutoReply {
    const NAME: &'static str = "auto_reply";
}

impl AutoReply {
    /// Whether the bot answers on a channel.
    pub fn serves(&self, kind: ChannelKind) -> bool {
        self.enabled && self.channels.as_ref().is_none_or(|channels| channels.contains(&kind))
    }

    /// What is wrong with it, as field and reason.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Some(("min_confidence", "must lie between 0 and 1".into()));
        }
        self.quiet_hours.as_ref().and_then(|hours| hours.problem().map(|reason| ("quiet_hours", reason)))
    }
}
