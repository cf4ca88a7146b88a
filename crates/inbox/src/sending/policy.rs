//! What a platform lets us send, and when: rules, so that nothing is tried that would be refused (INB-8).
//!
//! Pure: the same conversation, message and instant always give the same verdict. The composer shows it before anybody types.

use chrono::{DateTime, TimeDelta, Utc};
use connectors::channel::{TextLimit, limits};
use kernel::channel::ChannelKind;
use serde::Serialize;
use utoipa::ToSchema;

/// Sent this long before the end of a window, a message may still arrive after it: the platform's clock decides.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The channel.
    pub kind: ChannelKind,
    /// When the contact wrote last.
    pub window_from: Option<DateTime<Utc>>,
    /// Whether the contact does not want to be written to.
    pub opted_out: bool,
    /// Whether the account is connected and its token works.
    pub connected: bool,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The text.
    pub body: &'a str,
    /// Whether it is an approved template (WhatsApp).
    pub template: bool,
    /// Whether a person wrote it.
    pub by_person: bool,
}

/// Whether a message may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// As it is.
    Allowed {
        /// Whether it goes out marked as written by a person outside the usual window.
        human_agent: bool,
    },
    /// Not now, or not like this.
    Refused {
        /// A stable word.
        code: &'static str,
        /// What is wrong.
        reason: String,
        /// What can be done.
        instead: &'static str,
    },
}

impl Verdict {
    /// Whether it may be sent.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    fn refused(code: &'static str, reason: impl Into<String>, instead: &'static str) -> Self {
        Self::Refused { code, reason: reason.into(), instead }
    }
}

/// How long a text may be on a channel, and in what it is counted.
pub fn longest(kind: ChannelKind) -> (usize, &'static str) {
    match limits(kind).text {
        TextLimit::Chars(most) => (most, "characters"),
        TextLimit::Bytes(most) => (most, "bytes"),
        TextLimit::None => (100_000, "characters"),
    }
}

/// Whether a text fits the channel.
pub fn fits(kind: ChannelKind, body: &str) -> bool {
    limits(kind).text.fits(body)
}

/// When the window for free text closes; `None` where the channel has no window.
pub fn window_ends(facts: &Facts) -> Option<DateTime<Utc>> {
    let window = hours(limits(facts.kind).window_hours?);
    Some(facts.window_from.map_or(DateTime::<Utc>::MIN_UTC, |from| from + window))
}

fn hours(count: u32) -> TimeDelta {
    TimeDelta::hours(i64::from(count))
}

/// The verdict on a message at an instant.
pub fn judge(facts: &Facts, outgoing: &Outgoing<'_>, now: DateTime<Utc>) -> Verdict {
    if !facts.connected {
        return Verdict::refused(
            "channel_not_connected",
            "The channel is not connected.",
            "Connect it again under Settings, Channels.",
        );
    }
    if facts.opted_out {
        return Verdict::refused(
            "opted_out",
            "The contact asked not to be written to.",
            "Wait until they write that they want it again.",
        );
    }
    if !outgoing.template && outgoing.body.trim().is_empty() {
        return Verdict::refused("empty", "The message has no text.", "Write something.");
    }
    if !fits(facts.kind, outgoing.body) {
        let (most, unit) = longest(facts.kind);
        return Verdict::refused(
            "too_long",
            format!("The channel takes {most} {unit} at most."),
            "Shorten it or send two messages.",
        );
    }
    if outgoing.template {
        return if limits(facts.kind).templates {
            Verdict::Allowed { human_agent: false }
        } else {
            Verdict::refused("no_templates", "This channel has no templates.", "Send text.")
        };
    }
    let Some(ends) = window_ends(facts) else { return Verdict::Allowed { human_agent: false } };
    if now < ends - MARGIN {
        return Verdict::Allowed { human_agent: false };
    }
    outside_window(facts, outgoing, now)
}

fn outside_window(facts: &Facts, outgoing: &Outgoing<'_>, now: DateTime<Utc>) -> Verdict {
    let Some(by_person) = limits(facts.kind).human_window_hours else {
        return Verdict::refused(
            "window_closed",
            "More than 24 hours passed since the contact wrote.",
            "Send an approved template.",
        );
    };
    let agent_until = facts.window_from.map(|from| from + hours(by_person) - MARGIN);
    match agent_until {
        Some(until) if outgoing.by_person && now < until => Verdict::Allowed { human_agent: true },
        Some(until) if now < until => Verdict::refused(
            "window_closed",
            "More than 24 hours passed since the contact wrote.",
            "A person may answer, within 7 days.",
        ),
        _ => Verdict::refused(
            "window_closed",
            "More than 7 days passed since the contact wrote.",
            "Wait until the contact writes again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000 + hours * 3_600, 0).expect("an instant")
    }

    fn facts(kind: ChannelKind) -> Facts {
        Facts { kind, window_from: Some(at(0)), opted_out: false, connected: true }
    }

    fn text(body: &str, by_person: bool) -> Outgoing<'_> {
        Outgoing { body, template: false, by_person }
    }

    #[test]
    fn the_window_closes_after_a_day_and_for_people_after_a_week() {
        let facebook = facts(ChannelKind::Facebook);
        assert_eq!(judge(&facebook, &text("hi", false), at(23)), Verdict::Allowed { human_agent: false });
        assert!(!judge(&facebook, &text("hi", false), at(25)).is_allowed());
        assert_eq!(judge(&facebook, &text("hi", true), at(25)), Verdict::Allowed { human_agent: true });
        assert!(!judge(&facebook, &text("hi", true), at(24 * 8)).is_allowed());
        let whatsapp = facts(ChannelKind::Whatsapp);
        assert!(!judge(&whatsapp, &text("hi", true), at(25)).is_allowed());
        assert!(judge(&whatsapp, &Outgoing { body: "", template: true, by_person: true }, at(25)).is_allowed());
        assert!(judge(&facts(ChannelKind::X), &text("hi", false), at(24 * 300)).is_allowed());
    }

    #[test]
    fn length_is_counted_as_the_platform_counts() {
        let accents = "é".repeat(501);
        assert!(!fits(ChannelKind::Instagram, &accents), "1,002 bytes");
        assert!(fits(ChannelKind::Facebook, &accents));
    }

    proptest! {
        #[test]
        fn nothing_that_the_platform_refuses_is_allowed(kind in 0_usize..4, hours in -1_i64..400, by_person: bool, template: bool, opted_out: bool, length in 0_usize..5_000) {
            let kind = ChannelKind::ALL[kind];
            let facts = Facts { opted_out, ..facts(kind) };
            let body = "a".repeat(length);
            let verdict = judge(&facts, &Outgoing { body: &body, template, by_person }, at(hours));
            // An independent reading of the platforms' rules.
            let in_day = hours < 24;
            let platform_takes = match kind {
                ChannelKind::Whatsapp => template || in_day,
                ChannelKind::Facebook | ChannelKind::Instagram => !template && (in_day || (by_person && hours < 24 * 7)),
                _ => !template,
            };
            if verdict.is_allowed() {
                prop_assert!(platform_takes && !opted_out);
                if let Verdict::Allowed { human_agent } = verdict {
                    prop_assert_eq!(human_agent, !in_day && !template && kind != ChannelKind::X);
                }
            }
        }
    }
}
