//! The words of the maturity audit: what it asks, what an answer says, what follows from it, and what a result holds.
//!
//! A configuration is data: the built-in one and those of the desk are read by the same types, and [`super::config::check`] says what
//! is wrong with one. Levels and points are whole numbers, so that the same answers give the same score everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::observed::Observed;
use crate::roi::model::Assumptions;

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

/// The audit as it is asked and weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// At most four, each short.
    pub steps: Vec<Step>,
    /// One for each [`Dimension`], in its order; weights add up to 100.
    pub dimensions: Vec<Measure>,
    /// Four, from the lowest.
    pub bands: Vec<Band>,
    /// What similar businesses look like; the one without an industry is for all others.
    pub benchmarks: Vec<Benchmark>,
    /// What is known from published research, shown beside the benchmark.
    pub findings: Vec<Finding>,
    /// In the order that decides between equals.
    pub recommendations: Vec<Recommendation>,
    /// What the forecast begins with.
    pub assumptions: Presets,
}

/// One page of questions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub title: String,
    #[serde(default)]
    pub lead: String,
    pub questions: Vec<Question>,
}

/// What a question's answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// One of the choices.
    One,
    /// Any number of them.
    Many,
    /// A whole number.
    Number,
}

/// What the rest of the audit takes from a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Industry,
    CompanySize,
    Channels,
    Volume,
    CurrentSystems,
    PainPoints,
    Kpis,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// Lower-case letters, digits and underscores: the name of its form fields.
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub hint: String,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The step cannot be left without it.
    #[serde(default)]
    pub required: bool,
    /// Own words may be given beside the choices.
    #[serde(default)]
    pub own_words: bool,
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// How many choices make which level, where the number of them is what counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// The level by the number of choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    pub dimension: Dimension,
    /// Choices needed for levels 1 to 4, growing.
    pub at: [u8; 4],
}

/// An answer that can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub hint: String,
    /// The levels it stands for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<Dimension, u8>,
    /// What it makes one level better, to level 3 at most: a tool in use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<Dimension>,
    /// What it makes one level worse: a pain that was named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowers: Vec<Dimension>,
    /// Stands for none of the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
}

/// How a dimension is weighed and told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measure {
    pub dimension: Dimension,
    pub name: String,
    /// In hundredths.
    pub weight: u32,
    /// What each level looks like, from 0 to 4.
    pub levels: [String; 5],
}

/// A range of the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditBand)]
pub(crate) struct Band {
    pub from: u8,
    pub to: u8,
    pub name: String,
    pub meaning: String,
}

/// What similar businesses look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Benchmark {
    /// A choice of the industry question; none: all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// Points of 100 for each dimension.
    pub scores: BTreeMap<Dimension, u8>,
    pub source: Source,
}

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditSource)]
pub(crate) struct Source {
    pub text: String,
    pub year: u16,
    /// Whether it is our own guess and not something published.
    #[serde(default)]
    pub assumed: bool,
}

/// A published figure that says what is usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditFinding)]
pub(crate) struct Finding {
    /// For these alone; empty: for all.
    #[serde(default)]
    pub industries: Vec<String>,
    pub text: String,
    pub source: Source,
}

/// Which assumption of the forecast a recommendation moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditMoves)]
pub(crate) enum Moves {
    MissedShare,
    RecoveryShare,
    CloseRate,
    Value,
    HoursSaved,
    /// It lowers a risk and earns nothing by itself.
    Risk,
}

impl Moves {
    /// What it is called on a page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MissedShare => "inquiries lost",
            Self::RecoveryShare => "share won back",
            Self::CloseRate => "share that becomes customers",
            Self::Value => "value of a customer",
            Self::HoursSaved => "hours saved",
            Self::Risk => "risk",
        }
    }
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recommendation {
    pub id: String,
    pub title: String,
    pub why: String,
    /// What to do first.
    pub first: String,
    /// Working days until it runs.
    pub effort_days: u8,
    /// From 1, hardly noticed, to 5, noticed at once.
    pub effect: u8,
    pub moves: Moves,
    pub dimension: Dimension,
    /// The levels it is for, first and last.
    pub levels: [u8; 2],
    /// Choices of the pain points that it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// The part of Recoup that does it; empty: none is needed.
    #[serde(default)]
    pub feature: String,
}

/// What the forecast begins with, before the visitor changes it. Amounts are in the site's currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Presets {
    /// By choice of the industry question; the one without an industry is for all others.
    pub industries: Vec<OfIndustry>,
    /// By choice of the size question; the one without a size is for all others.
    pub sizes: Vec<OfSize>,
    /// The share of inquiries that get no answer, by the level of response.
    pub missed_by_level: [f64; 5],
    pub recovery_share: f64,
    pub realisation: f64,
    pub ramp_months: u8,
    /// Where each of them comes from, by the name it has in [`Assumptions`].
    pub sources: BTreeMap<String, Source>,
}

/// What the industry says of the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfIndustry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    pub close_rate: f64,
    pub value: f64,
    pub margin: f64,
}

/// What the size says of the effort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfSize {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    pub inquiries_month: f64,
    pub hours_saved_month: f64,
    pub loaded_rate: f64,
    pub running_cost_month: f64,
    pub setup_cost: f64,
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

/// A choice with its name, so that a result can be read without its configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditNamed)]
pub(crate) struct Named {
    pub id: String,
    pub name: String,
}

/// How a dimension came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditDimensionScore)]
pub(crate) struct DimensionScore {
    pub dimension: Dimension,
    pub name: String,
    /// In hundredths.
    pub weight: u32,
    /// 0 to 4; none where nothing was answered about it.
    pub level: Option<u8>,
    /// What that level looks like; empty without one.
    pub meaning: String,
    /// What the next one looks like; empty without a level, and at the highest.
    pub next: String,
    /// Whether it was measured; otherwise it is what somebody said.
    #[serde(default)]
    pub observed: bool,
}

impl DimensionScore {
    /// Points of 100; none where nothing was answered.
    pub(crate) fn points(&self) -> Option<u8> {
        self.level.map(|level| level * 25)
    }
}

/// A recommendation that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditAdvice)]
pub(crate) struct Advice {
    pub id: String,
    pub title: String,
    pub why: String,
    pub first: String,
    pub effort_days: u8,
    /// One more than the catalogue says where it answers a pain that was named.
    pub effect: u8,
    pub moves: Moves,
    pub dimension: Dimension,
    pub feature: String,
    /// Whether it answers a pain that was named.
    pub named: bool,
}

/// What similar businesses look like, as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditPeers)]
pub(crate) struct Peers {
    /// Points of 100, in the order of the dimensions.
    pub scores: Vec<u8>,
    /// Their score with the same weights.
    pub total: u8,
    /// Whether it is for the industry that was named and not for all.
    pub of_industry: bool,
    pub source: Source,
    pub findings: Vec<Finding>,
}

/// A question and what was answered, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditAnswer)]
pub(crate) struct SaidSo {
    pub question: String,
    pub answers: Vec<String>,
}

/// Where an assumption comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditSourceOf)]
pub(crate) struct SourceOf {
    /// Its name in [`Assumptions`].
    pub of: String,
    pub source: Source,
}

/// A result, as it was shown and stays: later changes of the configuration do not touch it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// The version of the formula.
    pub formula: u16,
    pub config_version: i32,
    pub industry: Named,
    pub size: Named,
    /// What was answered, in words.
    pub said: Vec<SaidSo>,
    pub dimensions: Vec<DimensionScore>,
    /// The weight of what was answered, in hundredths: the score is of this part.
    pub answered_weight: u32,
    /// 0 to 100.
    pub total: u8,
    pub band: Band,
    pub bands: Vec<Band>,
    pub peers: Option<Peers>,
    pub currency: String,
    pub assumptions: Assumptions,
    pub sources: Vec<SourceOf>,
    /// The three for this quarter.
    pub top: Vec<Advice>,
    /// All that apply, the most for the least first; the three are the first of them or near them.
    pub all: Vec<Advice>,
}

impl Outcome {
    /// What it was made with, in words.
    pub fn versions(&self) -> String {
        match self.config_version {
            super::config::BUILT_IN => format!("Formula version {}; questions: the program's own", self.formula),
            version => format!("Formula version {}; version {version} of the questions", self.formula),
        }
    }
}
