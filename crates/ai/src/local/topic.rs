//! What a message is about, out of seven topics every business has.

use serde::{Deserialize, Serialize};

use super::lexicon::List;
use super::reading::Reading;

/// The main act of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    Pricing,
    Support,
    Complaint,
    Inquiry,
    Feedback,
    Booking,
    Other,
}

impl Topic {
    pub const ALL: [Topic; 7] = [
        Topic::Pricing,
        Topic::Support,
        Topic::Complaint,
        Topic::Inquiry,
        Topic::Feedback,
        Topic::Booking,
        Topic::Other,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Topic::Pricing => "pricing",
            Topic::Support => "support",
            Topic::Complaint => "complaint",
            Topic::Inquiry => "inquiry",
            Topic::Feedback => "feedback",
            Topic::Booking => "booking",
            Topic::Other => "other",
        }
    }
}

const SMALL_TALK: [List; 4] = [List::Greeting, List::Thanks, List::Farewell, List::Acknowledge];

impl Reading<'_> {
    /// The topic and its calibrated probability. A message of nothing but small talk is `Other` by rule.
    pub fn topic(&self) -> (Topic, f32) {
        self.topic_among(|_| true)
    }

    /// The topic among those `allowed`, for businesses that take no bookings.
    pub fn topic_among(&self, allowed: impl Fn(Topic) -> bool) -> (Topic, f32) {
        if self.is_only(&SMALL_TALK) {
            return (Topic::Other, 0.95);
        }
        let Some(verdict) = self.verdict("topic") else { return (Topic::Other, 0.0) };
        let (class, p) = verdict.decide(|name| Topic::ALL.iter().any(|t| t.name() == name && allowed(*t)));
        let name = verdict.classes()[class].as_str();
        (Topic::ALL.into_iter().find(|t| t.name() == name).unwrap_or(Topic::Other), p)
    }

    /// Whether the message says nothing beyond the phrases of these lists, a name aside.
    pub(crate) fn is_only(&self, lists: &[List]) -> bool {
        if self.words > 8 {
            return false;
        }
        let letters = self.folded.chars().filter(|c| c.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
        if letters == 0 {
            return !self.folded.contains('?');
        }
        let spaces_inside = self.hits_spaces(lists);
        let covered = self.hits.covered(lists).saturating_sub(spaces_inside);
        covered > 0 && letters.saturating_sub(covered) <= 8 && covered * 2 >= letters && !self.folded.contains('?')
    }

    fn hits_spaces(&self, lists: &[List]) -> usize {
        lists
            .iter()
            .flat_map(|list| self.hits.of(*list))
            .map(|hit| self.folded[hit.start as usize..hit.end as usize].matches([' ', '\'', '-']).count())
            .sum()
    }
}
