//! The lead score: signals found by rules, weights an organisation may edit, and a pure sum.

use serde::{Deserialize, Serialize};

use super::lexicon::List;
use super::reading::Reading;
use super::sentiment::Tone;
use super::topic::Topic;

/// Something a message or its sender shows that makes a sale more or less likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadSignal {
    PriceOrBuying,
    Availability,
    DemoOrTrial,
    Urgency,
    ThreeOrMoreMessages,
    PositiveOnProduct,
    ProductInquiry,
    Features,
    FirstContactWithInterest,
    Follows,
    Greeting,
    Unrelated,
    NegativeOnProduct,
    NotInterested,
}

/// Points per signal; the defaults are the ones the product promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadWeights {
    pub price_or_buying: i16,
    pub availability: i16,
    pub demo_or_trial: i16,
    pub urgency: i16,
    pub three_or_more_messages: i16,
    pub positive_on_product: i16,
    pub product_inquiry: i16,
    pub features: i16,
    pub first_contact_with_interest: i16,
    pub follows: i16,
    pub greeting: i16,
    pub unrelated: i16,
    pub negative_on_product: i16,
    pub not_interested: i16,
}

impl Default for LeadWeights {
    fn default() -> Self {
        LeadWeights {
            price_or_buying: 30,
            availability: 20,
            demo_or_trial: 15,
            urgency: 15,
            three_or_more_messages: 10,
            positive_on_product: 10,
            product_inquiry: 20,
            features: 15,
            first_contact_with_interest: 10,
            follows: 10,
            greeting: 10,
            unrelated: 5,
            negative_on_product: -10,
            not_interested: -20,
        }
    }
}

impl LeadWeights {
    /// Points of one signal.
    pub fn of(&self, signal: LeadSignal) -> i16 {
        match signal {
            LeadSignal::PriceOrBuying => self.price_or_buying,
            LeadSignal::Availability => self.availability,
            LeadSignal::DemoOrTrial => self.demo_or_trial,
            LeadSignal::Urgency => self.urgency,
            LeadSignal::ThreeOrMoreMessages => self.three_or_more_messages,
            LeadSignal::PositiveOnProduct => self.positive_on_product,
            LeadSignal::ProductInquiry => self.product_inquiry,
            LeadSignal::Features => self.features,
            LeadSignal::FirstContactWithInterest => self.first_contact_with_interest,
            LeadSignal::Follows => self.follows,
            LeadSignal::Greeting => self.greeting,
            LeadSignal::Unrelated => self.unrelated,
            LeadSignal::NegativeOnProduct => self.negative_on_product,
            LeadSignal::NotInterested => self.not_interested,
        }
    }
}

/// How warm a lead is: `HOT` from 70, `WARM` from 40, else `COLD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LeadTag {
    Hot,
    Warm,
    Cold,
}

/// A score from 0 to 100 and its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadScore {
    pub score: u8,
    pub tag: LeadTag,
}

/// Adds up the weights of the distinct signals, kept between 0 and 100.
pub fn lead_score(signals: &[LeadSignal], weights: &LeadWeights) -> LeadScore {
    let mut distinct = signals.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let sum: i32 = distinct.iter().map(|signal| i32::from(weights.of(*signal))).sum();
    let score = u8::try_from(sum.clamp(0, 100)).unwrap_or(100);
    let tag = match score {
        70.. => LeadTag::Hot,
        40..=69 => LeadTag::Warm,
        _ => LeadTag::Cold,
    };
    LeadScore { score, tag }
}

/// What is known about the sender beyond this message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderHistory {
    /// Messages the contact has sent in this conversation, this one included.
    pub messages: u32,
    /// Nobody from the organisation has talked with this contact before.
    pub first_contact: bool,
    /// The contact follows the organisation's page.
    pub follows: bool,
}

impl Reading<'_> {
    /// The lead signals of this message and its sender.
    pub fn lead_signals(&self, history: SenderHistory) -> Vec<LeadSignal> {
        let (topic, _) = self.topic();
        let tone = self.tone(true).0;
        let service_matter = matches!(topic, Topic::Complaint | Topic::Support | Topic::Feedback | Topic::Other);
        let selling = !service_matter || self.has(List::Demo) || self.has(List::Buying) && topic != Topic::Complaint;
        let about_product = self.has(List::Product) || self.has(List::Feature);
        let refused = self.has(List::NotInterested);
        let shown = [
            (LeadSignal::PriceOrBuying, !refused && selling && (self.has(List::Price) || self.has(List::Buying))),
            (LeadSignal::Availability, selling && (self.has(List::Availability) || topic == Topic::Booking)),
            (LeadSignal::DemoOrTrial, self.has(List::Demo) && topic != Topic::Complaint && !refused),
            (LeadSignal::Urgency, selling && self.has(List::Urgent) && !self.has(List::NoRush)),
            (LeadSignal::ThreeOrMoreMessages, history.messages >= 3),
            (
                LeadSignal::PositiveOnProduct,
                matches!(tone, Tone::Positive | Tone::Mixed) && (about_product || self.has(List::Praise)),
            ),
            (LeadSignal::ProductInquiry, selling && (topic == Topic::Inquiry || about_product && self.is_question())),
            (LeadSignal::Features, selling && self.has(List::Feature)),
            (LeadSignal::FirstContactWithInterest, history.first_contact && selling && !refused),
            (LeadSignal::Follows, history.follows || self.has(List::Follow)),
            (LeadSignal::Greeting, self.has(List::Greeting)),
            (LeadSignal::Unrelated, topic == Topic::Other && !self.has(List::Greeting)),
            (
                LeadSignal::NegativeOnProduct,
                matches!(tone, Tone::Negative | Tone::Mixed) && (about_product || topic == Topic::Complaint),
            ),
            (LeadSignal::NotInterested, refused),
        ];
        shown.into_iter().filter(|(_, shown)| *shown).map(|(signal, _)| signal).collect()
    }
}
