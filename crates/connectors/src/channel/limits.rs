//! What each platform allows, as data. Values that the platforms do not publish with certainty are on the safe side.

use kernel::channel::ChannelKind;
use serde::Serialize;

use super::attachment::AttachmentKind;
use super::sending::RateScope;

/// The limits of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub text: TextLimit,
    /// Hours after the contact's last message in which anything may be sent; none: always.
    pub window_hours: Option<u32>,
    /// Hours in which a person (not the bot) may still write, marked as such.
    pub human_window_hours: Option<u32>,
    /// Whether templates may be sent outside the window.
    pub templates: bool,
    /// Buttons offered with a text.
    pub choices: usize,
    pub media: &'static [MediaLimit],
    pub rates: &'static [Rate],
}

/// The longest text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextLimit {
    Chars(usize),
    /// Counted in UTF-8.
    Bytes(usize),
    None,
}

/// The largest file of a kind, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MediaLimit {
    pub kind: AttachmentKind,
    pub bytes: u64,
}

/// So many messages in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    pub scope: RateScope,
    pub messages: u32,
    pub seconds: u32,
}

impl TextLimit {
    /// Whether a text is short enough.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Chars(most) => text.chars().count() <= most,
            Self::Bytes(most) => text.len() <= most,
            Self::None => true,
        }
    }
}

const MB: u64 = 1024 * 1024;

const MESSENGER_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: AttachmentKind::Image, bytes: 8 * MB },
    MediaLimit { kind: AttachmentKind::Video, bytes: 25 * MB },
    MediaLimit { kind: AttachmentKind::Audio, bytes: 25 * MB },
    MediaLimit { kind: AttachmentKind::File, bytes: 25 * MB },
];
const INSTAGRAM_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: AttachmentKind::Image, bytes: 8 * MB },
    MediaLimit { kind: AttachmentKind::Video, bytes: 25 * MB },
    MediaLimit { kind: AttachmentKind::Audio, bytes: 25 * MB },
];
const WHATSAPP_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: AttachmentKind::Image, bytes: 5 * MB },
    MediaLimit { kind: AttachmentKind::Video, bytes: 16 * MB },
    MediaLimit { kind: AttachmentKind::Audio, bytes: 16 * MB },
    MediaLimit { kind: AttachmentKind::File, bytes: 100 * MB },
    MediaLimit { kind: AttachmentKind::Sticker, bytes: MB / 10 },
];
const X_MEDIA: &[MediaLimit] = &[
    MediaLimit { kind: AttachmentKind::Image, bytes: 5 * MB },
    MediaLimit { kind: AttachmentKind::Video, bytes: 512 * MB },
];

const META_RATES: &[Rate] = &[Rate { scope: RateScope::Channel, messages: 300, seconds: 1 }];
const WHATSAPP_RATES: &[Rate] = &[
    Rate { scope: RateScope::Channel, messages: 80, seconds: 1 },
    Rate { scope: RateScope::Recipient, messages: 10, seconds: 60 },
];
const X_RATES: &[Rate] = &[
    Rate { scope: RateScope::Channel, messages: 15, seconds: 900 },
    Rate { scope: RateScope::Channel, messages: 1440, seconds: 86_400 },
    Rate { scope: RateScope::App, messages: 1440, seconds: 86_400 },
];

/// What a channel allows.
pub const fn limits(channel: ChannelKind) -> Limits {
    let free = Limits {
        text: TextLimit::None,
        window_hours: None,
        human_window_hours: None,
        templates: false,
        choices: 0,
        media: &[],
        rates: &[],
    };
    match channel {
        ChannelKind::Facebook => Limits {
            text: TextLimit::Chars(2000),
            window_hours: Some(24),
            human_window_hours: Some(7 * 24),
            choices: 13,
            media: MESSENGER_MEDIA,
            rates: META_RATES,
            ..free
        },
        ChannelKind::Instagram => Limits {
            text: TextLimit::Bytes(1000),
            window_hours: Some(24),
            human_window_hours: Some(7 * 24),
            choices: 13,
            media: INSTAGRAM_MEDIA,
            rates: META_RATES,
            ..free
        },
        ChannelKind::Whatsapp => Limits {
            text: TextLimit::Chars(4096),
            window_hours: Some(24),
            templates: true,
            choices: 10,
            media: WHATSAPP_MEDIA,
            rates: WHATSAPP_RATES,
            ..free
        },
        ChannelKind::X => Limits { text: TextLimit::Chars(10_000), media: X_MEDIA, rates: X_RATES, ..free },
        ChannelKind::Webchat | ChannelKind::Email | ChannelKind::Voice => free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_as_the_platform_measures() {
        let arabic = "مرحبا".repeat(120);
        assert_eq!((arabic.chars().count(), arabic.len()), (600, 1200));
        assert!(limits(ChannelKind::Facebook).text.fits(&arabic));
        assert!(!limits(ChannelKind::Instagram).text.fits(&arabic));
        assert!(!limits(ChannelKind::Facebook).text.fits(&"x".repeat(2001)));
        assert!(limits(ChannelKind::Whatsapp).text.fits(&"😀".repeat(4096)));
        assert!(limits(ChannelKind::Email).text.fits(&"x".repeat(100_000)));
    }

    #[test]
    fn only_whatsapp_has_templates_and_only_meta_has_windows() {
        for kind in ChannelKind::ALL {
            let limits = limits(kind);
            assert_eq!(limits.templates, kind == ChannelKind::Whatsapp, "{kind}");
            let of_meta = matches!(kind, ChannelKind::Facebook | ChannelKind::Instagram | ChannelKind::Whatsapp);
            assert_eq!(limits.window_hours.is_some(), of_meta, "{kind}");
            assert!(
                limits.human_window_hours.is_none_or(|hours| hours == 168 && kind != ChannelKind::Whatsapp),
                "{kind}"
            );
        }
    }
}
