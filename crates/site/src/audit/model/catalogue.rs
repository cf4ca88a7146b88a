//! The audit as it is asked and weighed: questions, measures, bands, what is usual, what can be done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Dimension;

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
    /// Where each of them comes from, by the name it has in [`crate::roi::model::Assumptions`].
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
