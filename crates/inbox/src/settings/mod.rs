//! The organisation's choices: when the bot answers, how it sounds.

mod api;
mod auto_reply;
mod brand_voice;
mod channel_rates;
mod quiet_hours;
mod store;

pub(crate) use api::api;
pub use auto_reply::AutoReply;
pub use brand_voice::{BrandVoice, VoiceTone};
pub use channel_rates::{ChannelRates, SendRate};
pub use quiet_hours::QuietHours;
pub use store::{Setting, load, save};
