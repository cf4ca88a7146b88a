//! What a result holds, so that it can be read without the configuration it was made with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Band, Dimension, Finding, Moves, Source};
use crate::audit::config;
use crate::roi::model::Assumptions;

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
            config::BUILT_IN => format!("Formula version {}; questions: the program's own", self.formula),
            version => format!("Formula version {}; version {version} of the questions", self.formula),
        }
    }
}
