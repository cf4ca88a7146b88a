//! What facts are told with: which way a message went, who wrote it, how warm a lead is and why.

use serde::{Deserialize, Serialize};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the contact.
    Inbound,
    /// To the contact.
    Outbound,
}

/// Who wrote an outbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The reply pipeline.
    Bot,
    /// A member, in Recoup.
    Human,
    /// A person in the platform's own app, seen as an echo.
    NativeApp,
}

/// The temperature of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Tag {
    /// Score below 40.
    Cold,
    /// Score 40 to 69.
    Warm,
    /// Score 70 or more.
    Hot,
}

impl Tag {
    /// The tag of a score of 0 to 100.
    pub fn of(score: i32) -> Self {
        match score {
            70.. => Self::Hot,
            40..=69 => Self::Warm,
            _ => Self::Cold,
        }
    }

    /// The word shown and stored: `HOT`, `WARM` or `COLD`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cold => "COLD",
            Self::Warm => "WARM",
            Self::Hot => "HOT",
        }
    }
}

/// A signal that raised or lowered a lead's score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name, such as `mentions_price`.
    pub name: String,
    /// The points it gave, negative for a loss.
    pub points: i32,
}
