//! The decision of a turn: reply, hold and ask for a person, or stay silent.

use ai::answer::{Answer, AnswerKind};
use ai::local::{Tone, Urgency};
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;

use super::{Escalation, Read};
use crate::settings::AutoReply;

/// Inbound messages in a row that the bot was unsure about before a person is asked.
const UNRESOLVED_MOST: i32 = 3;
/// Under this confidence an answer does not count as a resolution.
const RESOLVED_FROM: f32 = 0.6;

/// What the decision needs to know of the conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its channel.
    pub kind: ChannelKind,
    /// Whether the bot holds the pen.
    pub bot_holds: bool,
    /// Whether a person was already asked for and the contact told so.
    pub held_back: bool,
    /// Unsure answers in a row so far.
    pub unresolved: i32,
    /// Whether the contact opted out.
    pub opted_out: bool,
}

/// Whether the bot may answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// Now.
    Now,
    /// After the quiet hours.
    From(DateTime<Utc>),
    /// Not on this channel, or not at all.
    Off,
}

impl Answering {
    /// Reads the settings for a channel at an instant.
    pub fn of(settings: &AutoReply, kind: ChannelKind, now: DateTime<Utc>) -> Self {
        if !settings.serves(kind) {
            return Self::Off;
        }
        settings.quiet_hours.as_ref().and_then(|hours| hours.until(now)).map_or(Self::Now, Self::From)
    }
}

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
pub enum NextStep {
    /// Send this answer.
    Reply {
        /// Whether it answers something, as small talk does not.
        meaningful: bool,
        /// Whether it leaves the matter open in the count of unresolved messages.
        resolves: bool,
    },
    /// Ask for a person; tell the contact once.
    Escalate(Escalation),
    /// Say nothing, for a reason worth recording.
    Silent(&'static str),
}

/// Decides a turn from what was read, what could be answered, and where the conversation stands.
pub fn decide(read: &Read, answer: &Answer, conversation: &Conversation, settings: &AutoReply) -> NextStep {
    if read.marks.opt_out || conversation.opted_out {
        return NextStep::Silent("opted_out");
    }
    if let Some(reason) = must_escalate(read) {
        return NextStep::Escalate(reason);
    }
    if !conversation.bot_holds {
        return NextStep::Silent("person_holds_the_pen");
    }
    if answer.kind == AnswerKind::Smalltalk {
        return NextStep::Reply { meaningful: false, resolves: true };
    }
    if read.marks.acknowledgement {
        return NextStep::Silent("acknowledgement");
    }
    let resolves = answer.confidence >= RESOLVED_FROM;
    if !resolves && conversation.unresolved + 1 >= UNRESOLVED_MOST {
        return NextStep::Escalate(Escalation::Unresolved);
    }
    // The floor of 0.4 holds whatever the organisation set: under it the answer is a guess.
    if answer.needs_human() || answer.confidence < settings.min_confidence {
        return NextStep::Escalate(Escalation::LowConfidence);
    }
    NextStep::Reply { meaningful: true, resolves }
}

/// Reasons that hold whoever has the pen.
fn must_escalate(read: &Read) -> Option<Escalation> {
    let upset =
        matches!(read.sentiment.sentiment, Tone::Negative | Tone::Mixed) && read.sentiment.urgency == Urgency::Critical;
    [
        (!read.guard.passed, Escalation::InputRejected),
        (read.marks.wants_human, Escalation::AskedForPerson),
        (read.marks.legal, Escalation::Legal),
        (upset, Escalation::UpsetAndCritical),
    ]
    .into_iter()
    .find_map(|(holds, reason)| holds.then_some(reason))
}
