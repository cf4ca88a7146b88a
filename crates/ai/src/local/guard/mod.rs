//! The guardrails: what may come in and what may go out.
//!
//! Rules block, models only flag: a model that blocks also blocks harmless look-alikes. A flag still raises the risk,
//! so the pipeline can take tools away or ask a person.

mod injection;
mod knowledge;
mod numbers;
mod output;
pub mod pii;
mod spam;

use serde::{Deserialize, Serialize};

pub use knowledge::Knowledge;
pub use output::guard_output;

use super::lexicon::List;
use super::reading::Reading;

/// Why a guardrail raised its hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// A rule found instructions to the machine.
    Injection,
    /// The model thinks there may be instructions to the machine.
    InjectionSuspected,
    Spam,
    SpamSuspected,
    /// Slurs, threats or abuse of a person.
    Abuse,
    /// Rough words.
    Profanity,
    Email,
    Phone,
    Card,
    Iban,
    Ssn,
    PromiseNotInKnowledge,
    PriceNotInKnowledge,
    /// The moderation endpoint did not answer in time.
    ModerationSkipped,
    /// The moderation endpoint objected.
    Moderation,
}

/// The answer of a guardrail; `risk` runs from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    pub passed: bool,
    pub flags: Vec<Flag>,
    pub risk: f32,
}

impl Default for Guardrail {
    fn default() -> Self {
        Guardrail { passed: true, flags: Vec::new(), risk: 0.0 }
    }
}

impl Guardrail {
    /// Adds a flag that only raises the risk.
    pub fn flag(&mut self, flag: Flag, risk: f32) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
        self.risk = self.risk.max(risk.clamp(0.0, 1.0));
    }

    /// Adds a flag that stops the message.
    pub fn block(&mut self, flag: Flag, risk: f32) {
        self.flag(flag, risk);
        self.passed = false;
    }
}

impl Reading<'_> {
    /// The input guardrail: instructions to the machine, spam and abuse block; suspicion, rough words and personal data flag.
    pub fn guard_input(&self) -> Guardrail {
        let mut guard = Guardrail::default();
        self.guard_injection(&mut guard);
        self.guard_spam(&mut guard);
        self.guard_language(&mut guard);
        for found in pii::find(self.text) {
            guard.flag(found.kind.flag(), 0.3);
        }
        guard
    }

    fn guard_language(&self, guard: &mut Guardrail) {
        if self.has(List::Abuse) {
            guard.block(Flag::Abuse, 0.8);
        } else if self.has(List::Rough) {
            guard.flag(Flag::Profanity, 0.2);
        }
    }

    /// Whether the message holds rough words or abuse.
    pub fn profane(&self) -> bool {
        self.has(List::Abuse) || self.has(List::Rough)
    }
}
