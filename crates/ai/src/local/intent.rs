//! The decision of one message: what the customer wants, how warm the lead is, what to do next.

use serde::{Deserialize, Serialize};

use super::lead::{LeadSignal, LeadTag, LeadWeights, SenderHistory, lead_score};
use super::lexicon::List;
use super::reading::Reading;
use super::topic::Topic;
use super::urgency::Urgency;

/// What the customer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    Buy,
    AskPrice,
    AskAvailability,
    TryProduct,
    AskProduct,
    Book,
    GetSupport,
    Complain,
    GiveFeedback,
    Greet,
    Thank,
    Acknowledge,
    TalkToHuman,
    OptOut,
    Decline,
    Other,
}

/// The next best step; a person or the pipeline may choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecommendedAction {
    StopMessaging,
    HandToHuman,
    ApologiseAndEscalate,
    SendPrice,
    OfferDemo,
    OfferBooking,
    CloseSale,
    AnswerQuestion,
    SolveProblem,
    ThankForFeedback,
    Greet,
    ClosePolitely,
    Nothing,
}

/// The answer of the intent stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentDecision {
    pub intent: Intent,
    /// Calibrated probability of the topic behind the intent; 0.95 where a rule decided.
    pub confidence: f32,
    pub lead_score: u8,
    pub lead_tag: LeadTag,
    pub signals: Vec<LeadSignal>,
    pub recommended_action: RecommendedAction,
}

const BY_RULE: f32 = 0.95;

impl Reading<'_> {
    /// Intent, lead score and recommended action, by rules over the stages before.
    pub fn intent(&self, history: SenderHistory, weights: &LeadWeights) -> IntentDecision {
        let signals = self.lead_signals(history);
        let lead = lead_score(&signals, weights);
        let (intent, confidence) = self.intent_alone();
        let recommended_action = self.action(intent, lead.tag);
        IntentDecision { intent, confidence, lead_score: lead.score, lead_tag: lead.tag, signals, recommended_action }
    }

    fn intent_alone(&self) -> (Intent, f32) {
        let marks = self.marks();
        let by_rule = [
            (marks.opt_out, Intent::OptOut),
            (marks.wants_human, Intent::TalkToHuman),
            (marks.thanks, Intent::Thank),
            (marks.greeting, Intent::Greet),
            (marks.acknowledgement, Intent::Acknowledge),
            (marks.not_interested, Intent::Decline),
        ];
        if let Some((_, intent)) = by_rule.into_iter().find(|(holds, _)| *holds) {
            return (intent, BY_RULE);
        }
        let (topic, p) = self.topic();
        let intent = match topic {
            Topic::Pricing if self.has(List::Buying) && !self.is_question() => Intent::Buy,
            Topic::Pricing => Intent::AskPrice,
            Topic::Inquiry if self.has(List::Demo) => Intent::TryProduct,
            Topic::Inquiry if self.has(List::Buying) && !self.is_question() => Intent::Buy,
            Topic::Inquiry if self.has(List::Availability) => Intent::AskAvailability,
            Topic::Inquiry => Intent::AskProduct,
            Topic::Booking => Intent::Book,
            Topic::Support => Intent::GetSupport,
            Topic::Complaint => Intent::Complain,
            Topic::Feedback => Intent::GiveFeedback,
            Topic::Other => Intent::Other,
        };
        (intent, p)
    }

    fn action(&self, intent: Intent, tag: LeadTag) -> RecommendedAction {
        let urgency = self.urgency().0;
        if intent == Intent::OptOut {
            return RecommendedAction::StopMessaging;
        }
        if intent == Intent::TalkToHuman || self.has(List::Legal) || urgency == Urgency::Critical {
            return RecommendedAction::HandToHuman;
        }
        match intent {
            Intent::Buy => RecommendedAction::CloseSale,
            Intent::AskPrice if tag == LeadTag::Hot && self.has(List::Demo) => RecommendedAction::OfferDemo,
            Intent::AskPrice => RecommendedAction::SendPrice,
            Intent::TryProduct => RecommendedAction::OfferDemo,
            Intent::Book => RecommendedAction::OfferBooking,
            Intent::AskAvailability | Intent::AskProduct => RecommendedAction::AnswerQuestion,
            Intent::GetSupport => RecommendedAction::SolveProblem,
            Intent::Complain => RecommendedAction::ApologiseAndEscalate,
            Intent::GiveFeedback => RecommendedAction::ThankForFeedback,
            Intent::Greet => RecommendedAction::Greet,
            Intent::Thank | Intent::Decline => RecommendedAction::ClosePolitely,
            Intent::Other if self.is_question() => RecommendedAction::AnswerQuestion,
            Intent::Acknowledge | Intent::Other => RecommendedAction::Nothing,
            Intent::OptOut | Intent::TalkToHuman => RecommendedAction::HandToHuman,
        }
    }
}
