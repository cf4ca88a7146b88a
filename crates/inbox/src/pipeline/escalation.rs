//! Why the bot asks for a person.

use serde::{Deserialize, Serialize};

/// A reason to hand a conversation to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// The contact asked for a person.
    AskedForPerson,
    /// Lawyers, regulators or data-protection rights were named.
    Legal,
    /// Negative and critical.
    UpsetAndCritical,
    /// The answer is not sure enough.
    LowConfidence,
    /// Three messages without a resolution.
    Unresolved,
    /// The input guardrail stopped the message.
    InputRejected,
    /// The output guardrail stopped the reply.
    ReplyRejected,
    /// No model answers (the breaker is open) and the local answer is not sure enough.
    ModelUnavailable,
    /// It is not known whether a message was sent.
    UnknownDelivery,
    /// A message could not be delivered.
    DeliveryFailed,
    /// Something that cannot be read, such as a voice note.
    CannotRead,
}

impl Escalation {
    /// The word stored, shown as a filter and used in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::AskedForPerson => "asked_for_person",
            Self::Legal => "legal",
            Self::UpsetAndCritical => "upset_and_critical",
            Self::LowConfidence => "low_confidence",
            Self::Unresolved => "unresolved",
            Self::InputRejected => "input_rejected",
            Self::ReplyRejected => "reply_rejected",
            Self::ModelUnavailable => "model_unavailable",
            Self::UnknownDelivery => "unknown_delivery",
            Self::DeliveryFailed => "delivery_failed",
            Self::CannotRead => "cannot_read",
        }
    }

    /// Whether the contact is told that a person will answer; not when they were abusive or only sent spam.
    pub fn tells_contact(self) -> bool {
        !matches!(self, Self::InputRejected | Self::UnknownDelivery | Self::DeliveryFailed)
    }
}
