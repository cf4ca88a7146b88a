//! How fast each kind of channel may send, where the organisation wants it slower or faster than the platform's limit.

use std::collections::BTreeMap;

use kernel::channel::ChannelKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Setting;

/// So many messages in so many seconds, by channel kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct ChannelRates {
    /// By the channel's name; a kind that is missing has the platform's own limit.
    #[schema(value_type = BTreeMap<String, SendRate>)]
    pub rates: BTreeMap<String, SendRate>,
}

/// Messages in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendRate {
    /// How many messages.
    pub messages: u32,
    /// In how many seconds.
    pub seconds: u32,
}

impl Setting for ChannelRates {
    const NAME: &'static str = "channel_rates";
}

impl ChannelRates {
    /// The conservative preset: 200 an hour a Facebook page, 1,000 an hour a WhatsApp number.
    pub fn conservative() -> Self {
        let hour = |messages| SendRate { messages, seconds: 3_600 };
        Self {
            rates: [
                ("facebook".to_owned(), hour(200)),
                ("instagram".to_owned(), hour(200)),
                ("whatsapp".to_owned(), hour(1_000)),
            ]
            .into(),
        }
    }

    /// The organisation's rate of a kind, where it set one.
    pub fn of(&self, kind: ChannelKind) -> Option<SendRate> {
        self.rates.get(kind.as_str()).copied()
    }
}
