//! The five scores: pure functions over [`inputs::Inputs`], stored once a day and place.
//!
//! Rules a newcomer would break: a score reads sums and journeys, never signals; too little data is no value, never 0; the
//! contributions of the components add up to the base value; a change of a definition raises [`VERSION`].

pub(crate) mod api;
pub(crate) mod at_risk;
pub(crate) mod benchmarks;
mod calculate;
pub(crate) mod facts;
pub(crate) mod inputs;
pub(crate) mod leakage;
pub(crate) mod recovery;
pub(crate) mod refresh;
pub(crate) mod store;
#[cfg(test)]
mod testing;
pub(crate) mod velocity;
pub(crate) mod visibility;

use chrono::{DateTime, Utc};
use kernel::ids::LocationId;
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use benchmarks::BenchmarkClock;
pub(crate) use calculate::{all_places, calculate};
pub use refresh::{HistoryJob, Refresher, ScoreClock};

/// The version of the definitions.
pub const VERSION: i32 = 1;

/// The fewest leads (or other units) of which a score is made at all.
pub const FEWEST: i64 = 5;

/// The fewest of a bin that stand for themselves; with fewer it is drawn to the organisation's mean.
pub const ENOUGH: i64 = 30;

/// Which score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreType {
    /// What plays won back of what was at risk, 0–100.
    RevenueRecovery,
    /// The share of leads that leaked, 0–100; lower is better.
    LeadLeakage,
    /// Money a month; lower is better.
    RevenueAtRisk,
    /// How fast leads are answered, 0–100.
    ResponseVelocity,
    /// How the business stands beside its rivals, 0–100.
    CompetitiveVisibility,
}

impl ScoreType {
    /// Every score.
    pub const ALL: [Self; 5] = [
        Self::RevenueRecovery,
        Self::LeadLeakage,
        Self::RevenueAtRisk,
        Self::ResponseVelocity,
        Self::CompetitiveVisibility,
    ];

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevenueRecovery => "revenue_recovery",
            Self::LeadLeakage => "lead_leakage",
            Self::RevenueAtRisk => "revenue_at_risk",
            Self::ResponseVelocity => "response_velocity",
            Self::CompetitiveVisibility => "competitive_visibility",
        }
    }

    /// The score of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|score| score.as_str() == name)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::RevenueRecovery => "Revenue recovery",
            Self::LeadLeakage => "Lead leakage",
            Self::RevenueAtRisk => "Revenue at risk",
            Self::ResponseVelocity => "Response velocity",
            Self::CompetitiveVisibility => "Competitive visibility",
        }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        !matches!(self, Self::LeadLeakage | Self::RevenueAtRisk)
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FigureOrigin)]
pub enum Origin {
    /// From this organisation's own signals.
    Measured,
    /// From published or shared figures.
    Benchmark,
    /// A default that somebody may edit.
    Assumed,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Component {
    /// Its key, stable, such as `respond` or `reviews`.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// Its share of the whole, 0–1.
    pub weight: f64,
    /// Its own value: points, or money where the score is money; null when it is not measured.
    pub value: Option<f64>,
    /// What it adds to the score's base value: contributions add up to it.
    pub contribution: f64,
    /// The same in the window before; null when it is not known.
    pub previous: Option<f64>,
    /// How many leads (reviews, …) it is made of.
    pub n: i64,
    /// Where the value comes from.
    pub source: Origin,
}

/// A figure beside a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Beside {
    /// Its key, such as `median_s`.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// The figure; null when there is nothing to make it of.
    pub value: Option<f64>,
    /// `seconds`, `share`, `points`, `money`, `count` or `ratio`.
    pub unit: String,
    /// A published figure to compare with.
    pub reference: Option<f64>,
}

/// What would move a score most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lever {
    /// The component.
    pub key: String,
    /// What to do, in a sentence.
    pub advice: String,
    /// What the score would become better by, in its own unit.
    pub gain: f64,
}

/// A score as of an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// Which.
    #[serde(rename = "type")]
    pub kind: ScoreType,
    /// The place; null: the whole organisation.
    pub location_id: Option<LocationId>,
    /// The value; null: insufficient data.
    pub value: Option<f64>,
    /// `points`, or the ISO 4217 code of a currency: then every amount here is in its minor units (cents).
    pub unit: String,
    /// Digits after the point of the currency: an amount divided by 10 to this power is in whole units; 0 for points.
    #[serde(default)]
    pub decimals: u32,
    /// The low end of the band.
    pub low: Option<f64>,
    /// The middle: the value before it is cut to its range.
    pub base: Option<f64>,
    /// The high end.
    pub high: Option<f64>,
    /// What it is made of.
    pub components: Vec<Component>,
    /// Figures beside it.
    pub beside: Vec<Beside>,
    /// What would move it most.
    pub lever: Option<Lever>,
    /// The value in the window before.
    pub previous: Option<f64>,
    /// How much of what it should be made of was measured, 0–1.
    pub coverage: f64,
    /// Why there is no value, and what to do.
    pub missing: Option<String>,
    /// The version of its definition.
    pub version: i32,
    /// When it was calculated.
    pub calculated_at: DateTime<Utc>,
}

impl Score {
    /// A score with no value, and why.
    pub(crate) fn missing(kind: ScoreType, unit: &str, at: DateTime<Utc>, why: impl Into<String>) -> Self {
        Self {
            kind,
            location_id: None,
            value: None,
            unit: unit.to_owned(),
            decimals: Currency::from_code(unit).map_or(0, Currency::digits),
            low: None,
            base: None,
            high: None,
            components: Vec::new(),
            beside: Vec::new(),
            lever: None,
            previous: None,
            coverage: 0.0,
            missing: Some(why.into()),
            version: VERSION,
            calculated_at: at,
        }
    }
}

impl Beside {
    pub(crate) fn new(key: &str, title: &str, value: Option<f64>, unit: &str, reference: Option<f64>) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), value, unit: unit.to_owned(), reference }
    }
}

/// The part of a whole; nothing of nothing.
pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
