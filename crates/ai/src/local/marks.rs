//! Signs that steer a conversation before anybody thinks about an answer.

use serde::{Deserialize, Serialize};

use super::lexicon::List;
use super::reading::Reading;

/// What a message asks of the conversation itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The customer asks for a person.
    pub wants_human: bool,
    /// The customer asks whether a machine is writing.
    pub asks_if_bot: bool,
    /// Lawyers, courts, regulators or data-protection rights are named.
    pub legal: bool,
    /// The customer wants no more messages.
    pub opt_out: bool,
    /// The customer says no to the offer.
    pub not_interested: bool,
    /// Nothing but a greeting.
    pub greeting: bool,
    /// Nothing but thanks, maybe with a goodbye.
    pub thanks: bool,
    /// Nothing but "ok", "yes" or a goodbye.
    pub acknowledgement: bool,
}

impl Reading<'_> {
    pub fn marks(&self) -> Marks {
        let thanks =
            self.has(List::Thanks) && self.is_only(&[List::Thanks, List::Farewell, List::Greeting, List::Acknowledge]);
        let greeting = !thanks && self.has(List::Greeting) && self.is_only(&[List::Greeting]);
        Marks {
            wants_human: self.has(List::WantsHuman) && !self.only_asks_if_bot(),
            asks_if_bot: self.has(List::BotQuestion),
            legal: self.has(List::Legal),
            opt_out: self.opts_out(),
            not_interested: self.has(List::NotInterested),
            greeting,
            thanks,
            acknowledgement: !thanks && !greeting && self.is_only(&[List::Acknowledge, List::Farewell, List::Greeting]),
        }
    }

    /// "Is that a real person or a robot" asks about us and does not ask for a person.
    fn only_asks_if_bot(&self) -> bool {
        self.has(List::BotQuestion) && self.hits.count(List::WantsHuman) <= 1
    }

    /// A phrase of several words opts out anywhere; a single word such as STOP only when it stands nearly alone.
    fn opts_out(&self) -> bool {
        self.hits.of(List::OptOut).any(|hit| {
            let phrase = &self.folded[hit.start as usize..hit.end as usize];
            self.words <= 3 || phrase.contains([' ', '-']) || !phrase.is_ascii()
        })
    }
}
