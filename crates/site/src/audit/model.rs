//! The words of the maturity audit: what it asks, what an answer says, what follows from it, and what a result holds.
//!
//! A configuration is data: the built-in one and those of the desk are read by the same types, and [`super::config::check`] says what
//! is wrong with one. Levels and points are whole numbers, so that the same answers give the same score everywhere.

mod catalogue;
mod outcome;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::observed::Observed;

pub(crate) use catalogue::{
    Band, Benchmark, Choice, Config, Finding, Kind, Measure, Moves, OfIndustry, OfSize, Part, Presets, Question,
    Recommendation, Source, Step,
};
pub(crate) use outcome::{Advice, DimensionScore, Named, Outcome, Peers, SaidSo, SourceOf};

/// What of a business is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditDimension)]
pub(crate) enum Dimension {
    LeadCapture,
    Response,
    Scheduling,
    FollowUp,
    Reputation,
    Payments,
    Data,
    Governance,
}

impl Dimension {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 8] = [
        Self::LeadCapture,
        Self::Response,
        Self::Scheduling,
        Self::FollowUp,
        Self::Reputation,
        Self::Payments,
        Self::Data,
        Self::Governance,
    ];

    /// The word it is stored and sent as.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::LeadCapture => "lead_capture",
            Self::Response => "response",
            Self::Scheduling => "scheduling",
            Self::FollowUp => "follow_up",
            Self::Reputation => "reputation",
            Self::Payments => "payments",
            Self::Data => "data",
            Self::Governance => "governance",
        }
    }
}

/// What somebody answered. Nothing in it says who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answers {
    /// Choices by question.
    pub chosen: BTreeMap<String, Vec<String>>,
    /// Numbers by question.
    pub numbers: BTreeMap<String, u32>,
    /// Own words by question.
    pub own: BTreeMap<String, Vec<String>>,
    /// What was measured.
    #[serde(skip_serializing_if = "Observed::is_empty")]
    pub observed: Observed,
}
