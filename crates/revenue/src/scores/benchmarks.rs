//! Benchmarks: published figures with their source and strength, and quantiles of organisations that agreed to share.
//!
//! A quantile is never made of fewer than ten organisations (k-anonymity), and is written anew each night.

use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDate;
use kernel::Kernel;
use kernel::db::{OrgTx, system};
use kernel::schedule::Reconciler;
use serde::Serialize;
use utoipa::ToSchema;

use super::ScoreType;
use crate::settings::Rules;

/// How far a published figure can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvidenceStrength)]
pub enum Strength {
    /// Causal evidence.
    Strong,
    /// A large study, quoted by several.
    Good,
    /// A vendor's own, or a small sample.
    Weak,
    /// What experts say.
    Opinion,
}

/// A published figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Published {
    /// Its key.
    #[schema(value_type = String)]
    pub key: &'static str,
    /// The score that it stands beside.
    #[serde(rename = "type")]
    pub score: ScoreType,
    /// What it says.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The figure.
    pub value: f64,
    /// `share`, `hours` or `points`.
    #[schema(value_type = String)]
    pub unit: &'static str,
    /// Where it comes from.
    #[schema(value_type = String)]
    pub source: &'static str,
    /// How far it can be trusted.
    pub strength: Strength,
}

const HBR: &str = "Oldroyd, McElheran, Elkington: The Short Life of Online Sales Leads, Harvard Business Review, March 2011 (2,241 US companies)";
const OMNITURE: &str = "Omniture and InsideSales, mystery shopping of 700 companies, 2011";
const LRM: &str = "Lead Response Management study, Oldroyd with InsideSales.com, 2007 (over 15,000 leads, 6 companies)";
const LOCALS: &str = "411 Locals, calls to 85 businesses over 30 days";
const LUCA: &str = "Luca: Reviews, Reputation, and Revenue, Harvard Business School 12-016 (restaurants in Seattle)";
const WHITESPARK: &str = "Whitespark, Local Search Ranking Factors 2026 (47 experts)";

/// Every published figure that is shown. None of them is ever multiplied into money.
pub const PUBLISHED: &[Published] = &[
    Published {
        key: "answered_60_min",
        score: ScoreType::ResponseVelocity,
        title: "Companies that answer within an hour",
        value: 0.37,
        unit: "share",
        source: HBR,
        strength: Strength::Good,
    },
    Published {
        key: "answered_after_day",
        score: ScoreType::ResponseVelocity,
        title: "Companies that take longer than a day",
        value: 0.24,
        unit: "share",
        source: HBR,
        strength: Strength::Good,
    },
    Published {
        key: "never_answered",
        score: ScoreType::ResponseVelocity,
        title: "Companies that never answer",
        value: 0.23,
        unit: "share",
        source: HBR,
        strength: Strength::Good,
    },
    Published {
        key: "mean_hours",
        score: ScoreType::ResponseVelocity,
        title: "Mean time to an answer within 30 days",
        value: 42.0,
        unit: "hours",
        source: HBR,
        strength: Strength::Good,
    },
    Published {
        key: "never_answered_vendor",
        score: ScoreType::LeadLeakage,
        title: "Companies that never answered a test lead",
        value: 0.452,
        unit: "share",
        source: OMNITURE,
        strength: Strength::Weak,
    },
    Published {
        key: "never_contacted",
        score: ScoreType::LeadLeakage,
        title: "Leads that nobody tried to reach (at least)",
        value: 0.30,
        unit: "share",
        source: LRM,
        strength: Strength::Weak,
    },
    Published {
        key: "calls_without_person",
        score: ScoreType::LeadLeakage,
        title: "Calls that ended at a machine",
        value: 0.378,
        unit: "share",
        source: LOCALS,
        strength: Strength::Weak,
    },
    Published {
        key: "calls_unanswered",
        score: ScoreType::LeadLeakage,
        title: "Calls without any answer",
        value: 0.243,
        unit: "share",
        source: LOCALS,
        strength: Strength::Weak,
    },
    Published {
        key: "star_low",
        score: ScoreType::CompetitiveVisibility,
        title: "Revenue of an independent restaurant by one more star, at least",
        value: 0.05,
        unit: "share",
        source: LUCA,
        strength: Strength::Strong,
    },
    Published {
        key: "star_high",
        score: ScoreType::CompetitiveVisibility,
        title: "Revenue of an independent restaurant by one more star, at most",
        value: 0.09,
        unit: "share",
        source: LUCA,
        strength: Strength::Strong,
    },
    Published {
        key: "weight_profile",
        score: ScoreType::CompetitiveVisibility,
        title: "Weight of the business profile in local search",
        value: 32.0,
        unit: "points",
        source: WHITESPARK,
        strength: Strength::Opinion,
    },
    Published {
        key: "weight_reviews",
        score: ScoreType::CompetitiveVisibility,
        title: "Weight of reviews in local search",
        value: 20.0,
        unit: "points",
        source: WHITESPARK,
        strength: Strength::Opinion,
    },
    Published {
        key: "weight_on_page",
        score: ScoreType::CompetitiveVisibility,
        title: "Weight of the website in local search",
        value: 15.0,
        unit: "points",
        source: WHITESPARK,
        strength: Strength::Opinion,
    },
];

/// Quantiles of a score over organisations that share.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Quantiles {
    /// The score.
    #[serde(rename = "type")]
    #[sqlx(rename = "type")]
    pub score: String,
    /// The industry; empty: all.
    pub industry: String,
    /// The size; empty: all.
    pub size: String,
    /// Of how many organisations, ten or more.
    pub organisations: i32,
    /// A quarter lie below.
    pub p25: f64,
    /// Half lie below.
    pub p50: f64,
    /// Three quarters lie below.
    pub p75: f64,
    /// When they were made.
    pub measured_on: NaiveDate,
}

/// The quantiles that fit the organisation best: its industry and size, else its industry, else all.
pub(crate) async fn quantiles(tx: &mut OrgTx) -> Result<Vec<Quantiles>, sqlx::Error> {
    let settings = Rules::load(tx).await?.whole.settings;
    sqlx::query_as(
        "select distinct on (type) type, industry, size, organisations, p25, p50, p75, measured_on from benchmark_quantiles \
         where industry in ($1, '') and size in ($2, '') order by type, (industry = $1) desc, (size = $2) desc",
    )
    .bind(&settings.industry)
    .bind(&settings.size)
    .fetch_all(tx.conn())
    .await
}

/// Makes the quantiles anew each night.
pub struct BenchmarkClock {
    kernel: Kernel,
}

impl BenchmarkClock {
    /// Over a kernel.
    pub fn new(kernel: &Kernel) -> Self {
        Self { kernel: kernel.clone() }
    }
}

#[async_trait]
impl Reconciler for BenchmarkClock {
    fn name(&self) -> &'static str {
        "revenue.benchmarks"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(24 * 3_600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        Ok(system::make_benchmarks(&self.kernel.db, self.kernel.clock.now().date_naive()).await?)
    }
}
