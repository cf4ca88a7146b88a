//! What a signal tells a lead's story, in a small form: whoever folds holds all of a circle's at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connectors::signal::SignalKind;
use uuid::Uuid;

use crate::signals::StoredSignal;

/// A signal as the fold reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The signal.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: SignalKind,
    /// Where it comes from.
    pub source: Arc<str>,
    /// The place.
    pub location: Option<Uuid>,
    /// The lead.
    pub lead: Option<Uuid>,
    /// The contact, under the one name that counts for them.
    pub contact: Option<Uuid>,
    /// Minor units.
    pub minor: i64,
    /// A call of somebody outside.
    pub inbound: bool,
    /// A call in which two people spoke.
    pub spoken: bool,
    /// An answer that says something.
    pub meaningful: bool,
    /// Whether an answer reached somebody, where that is told.
    pub reached: Option<bool>,
    /// A booking that was cancelled.
    pub cancelled: bool,
    /// Seconds that somebody had waited for this answer, where that is told.
    pub waited_s: Option<i64>,
    /// When a booking begins.
    pub starts_at: Option<DateTime<Utc>>,
    /// Somebody said that the lead is won or lost.
    pub closes: bool,
}

impl Told {
    /// What a stored signal tells; none where it is of no lead's story. The source is taken from `intern`.
    pub fn of(signal: &StoredSignal, intern: impl FnOnce(&str) -> Arc<str>) -> Option<Self> {
        signal.is_of_journeys().then(|| Self {
            id: signal.id,
            at: signal.at,
            kind: signal.kind,
            source: intern(&signal.source),
            location: signal.location,
            lead: signal.lead,
            contact: signal.contact,
            minor: signal.minor.unwrap_or(0),
            inbound: signal.is_inbound_call(),
            spoken: signal.is_answered_call(),
            meaningful: signal.kind == SignalKind::Response && signal.flag("meaningful") != Some(false),
            reached: signal.flag("reached"),
            cancelled: signal.flag("cancelled") == Some(true),
            waited_s: signal.number("waited_s").filter(|seconds| *seconds >= 0),
            starts_at: signal.instant("starts_at"),
            closes: matches!(signal.word("outcome"), Some("won" | "lost")),
        })
    }

    /// Whether it opens a lead: somebody asks, or calls.
    pub(super) fn opens(&self) -> bool {
        self.kind == SignalKind::Lead || self.inbound
    }

    /// Whether the business turned to the lead with it: an answer that says something, or a call.
    pub(super) fn touches(&self) -> bool {
        self.meaningful || self.is_call_out()
    }

    pub(super) fn is_call_out(&self) -> bool {
        self.kind == SignalKind::Call && !self.inbound
    }

    /// Whether the business tried to reach the lead with it.
    pub(super) fn is_attempt(&self) -> bool {
        self.kind == SignalKind::Response || self.is_call_out()
    }

    /// A booking that stands.
    pub(super) fn books(&self) -> bool {
        self.kind == SignalKind::Booking && !self.cancelled
    }

    /// A booking that came to nothing.
    pub(super) fn fails(&self) -> bool {
        self.kind == SignalKind::NoShow || (self.kind == SignalKind::Booking && self.cancelled)
    }

    /// Whether the two have met, in words or in deeds.
    pub(super) fn reaches(&self) -> bool {
        match self.kind {
            SignalKind::Call => self.spoken,
            SignalKind::Response => self.meaningful && self.reached != Some(false),
            SignalKind::Quote | SignalKind::Payment => true,
            SignalKind::Booking => !self.cancelled,
            _ => false,
        }
    }

    /// Whether the lead came by itself with it.
    pub(super) fn comes_back(&self) -> bool {
        self.opens() || self.books() || self.kind == SignalKind::Payment
    }
}
