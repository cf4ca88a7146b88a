//! What the room asks of the rooms that keep figures. It owns the questions; the binary wires the answers.
//!
//! Days are days of the organisation's time zone. Money is in minor units of its currency. No figure is made up: what is not known
//! is `None` or missing, never zero.

use async_trait::async_trait;
use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::{Deserialize, Serialize};

use crate::period::Period;

/// The score of the money that is being lost, by its type.
pub const AT_RISK: &str = "revenue_at_risk";

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// Minor units.
    Money,
    /// Seconds.
    Seconds,
    /// Points of a score, 0 to 100.
    Points,
    /// A part of one.
    Share,
    /// Stars, 1 to 5.
    Rating,
}

/// How a daily metric reads from its sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// How many.
    Number,
    /// The sum of the amounts.
    Sum,
    /// The amount of one: the sum by the number.
    Mean,
    /// The mean of amounts in millionths.
    MeanOfMillionths,
    /// The mean of amounts in hundredths.
    MeanOfHundredths,
    /// How many, of how many of another metric.
    ShareOf(String),
}

/// A daily metric that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name of its sums, such as `leads`.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// How it reads.
    pub reading: Reading,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether more of it is good; none for neither.
    pub better: Option<bool>,
}

/// A branch of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: LocationId,
    /// What it is called.
    pub name: String,
}

/// A score as it stood at the end of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Its type, such as `response_velocity`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// What it is counted in: [`Unit::Points`], or [`Unit::Money`] a month.
    pub unit: Unit,
    /// Whether more of it is good.
    pub better: bool,
    /// The value; none for too little data.
    pub value: Option<f64>,
    /// The value's low and high estimates.
    pub range: Option<(f64, f64)>,
    /// How much of what it needs is there, 0 to 1; none where that was not kept.
    pub coverage: Option<f64>,
    /// The day it is of.
    pub day: NaiveDate,
    /// What it is made of, the heaviest first.
    pub components: Vec<Component>,
    /// Why there is no value, and what to do; empty where there is one.
    pub missing: String,
    /// What would move it most, in a sentence, and by how much in the score's unit.
    pub lever: Option<(String, f64)>,
}

/// A part of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// What it is, in words.
    pub name: String,
    /// How much it gives to the score, in the score's unit.
    pub value: f64,
}

/// A score of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreDay {
    /// The score's type.
    pub kind: String,
    /// The day.
    pub day: NaiveDate,
    /// Its value; none for too little data.
    pub value: Option<f64>,
}

/// What sums are told apart by, besides their day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Nothing.
    #[default]
    Whole,
    /// The place: the key is its id, empty where none was named.
    Place,
    /// The source: the key is its name.
    Source,
}

/// Which daily sums.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The keys of metrics.
    pub metrics: Vec<String>,
    /// The days.
    pub period: Period,
    /// What they are told apart by.
    pub split: Split,
    /// One place; none for all of them together with what has no place.
    pub place: Option<LocationId>,
    /// One source; none for all.
    pub source: Option<String>,
}

/// The sums of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The day.
    pub day: NaiveDate,
    /// Of which place or source; empty where they are not told apart.
    pub key: String,
    /// Which metric.
    pub metric: String,
    /// How many.
    pub n: i64,
    /// How much.
    pub amount: i64,
}

/// Where leads leak, and some that did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leaks {
    /// By stage, the most expensive first.
    pub stages: Vec<LeakStage>,
    /// The latest, newest first.
    pub rows: Vec<LeakRow>,
}

/// A stage at which leads leak.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakStage {
    /// In words, such as "Nobody answered".
    pub name: String,
    /// How many.
    pub leads: i64,
    /// What they are worth in all; none where it is not known.
    pub value: Option<i64>,
}

/// A lead that leaked.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakRow {
    /// Where it came from.
    pub source: String,
    /// The day it arrived.
    pub arrived: NaiveDate,
    /// The day it leaked.
    pub leaked: NaiveDate,
    /// At which stage, in words.
    pub stage: String,
    /// Where it can be opened; empty where nowhere.
    pub href: String,
}

/// Something out of the ordinary.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// The day.
    pub day: NaiveDate,
    /// What was seen, in a sentence with its figures.
    pub sentence: String,
    /// Whether it is good news; none for neither.
    pub good: Option<bool>,
    /// Where its evidence is; empty where nowhere.
    pub href: String,
}

/// What a play won back, measured against its holdout.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The play's name.
    pub play: String,
    /// Leads treated.
    pub treated: i64,
    /// Leads held out.
    pub held_out: i64,
    /// Revenue that would not have come without it; none while too few leads are known.
    pub won: Option<i64>,
    /// The 95 % interval of it.
    pub interval: Option<(i64, i64)>,
    /// The read-out in words.
    pub sentence: String,
    /// Where it is; empty where nowhere.
    pub href: String,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What, in a short imperative.
    pub title: String,
    /// Why, with its figures.
    pub why: String,
    /// What it is expected to bring; none where it is not known.
    pub expected: Option<i64>,
    /// Where it is done; empty where nowhere.
    pub href: String,
}

/// Which view of analytics, as in its address; empty texts stand for what its page takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// What it is compared with.
    pub compare: String,
    /// One place alone.
    pub location: String,
    /// One source alone.
    pub source: String,
}

/// A figure of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewFigure {
    /// What it is called.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// None where there is nothing to make it of.
    pub value: Option<f64>,
    /// The same in the days it is compared with.
    pub previous: Option<f64>,
    /// Whether more is better; none for neither.
    pub better: Option<bool>,
}

/// A series of a view: one value, and one of before, for each label.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewSeries {
    /// What it shows.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Whether its labels are days.
    pub over_time: bool,
    /// What each value is of.
    pub labels: Vec<String>,
    /// The values.
    pub values: Vec<Option<f64>>,
    /// The same before; none of them where nothing is compared.
    pub previous: Vec<Option<f64>>,
}

/// A view of analytics.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What it is called.
    pub name: String,
    /// The days it covers.
    pub period: Period,
    /// The days it is compared with.
    pub before: Option<Period>,
    /// Its figures.
    pub figures: Vec<ViewFigure>,
    /// Its series.
    pub series: Vec<ViewSeries>,
    /// What the rows of its table are.
    pub of: String,
    /// The columns after the first.
    pub columns: Vec<(String, Unit)>,
    /// The rows: a name, and a cell for each of the columns.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// Who keeps the figures.
#[async_trait]
pub trait Figures: Send + Sync + 'static {
    /// The organisation's currency, such as `EUR`.
    async fn currency(&self, tx: &mut OrgTx) -> anyhow::Result<String>;

    /// Every daily metric that can be chosen.
    fn metrics(&self) -> Vec<Metric>;

    /// The places, by name.
    async fn places(&self, tx: &mut OrgTx) -> anyhow::Result<Vec<Place>>;

    /// Each score as it stood last on a day or before it, money first.
    async fn scores(&self, tx: &mut OrgTx, day: NaiveDate, place: Option<LocationId>) -> anyhow::Result<Vec<Score>>;

    /// The scores day by day.
    async fn history(&self, tx: &mut OrgTx, period: Period, place: Option<LocationId>)
    -> anyhow::Result<Vec<ScoreDay>>;

    /// Daily sums.
    async fn sums(&self, tx: &mut OrgTx, ask: &Ask) -> anyhow::Result<Vec<Sum>>;

    /// Leads that leaked within days; at most so many of them by themselves.
    async fn leaks(
        &self,
        tx: &mut OrgTx,
        period: Period,
        place: Option<LocationId>,
        most: i64,
    ) -> anyhow::Result<Leaks>;

    /// What was out of the ordinary within days, the heaviest first; nothing where nobody looks for it.
    async fn anomalies(
        &self,
        _tx: &mut OrgTx,
        _period: Period,
        _place: Option<LocationId>,
    ) -> anyhow::Result<Vec<Anomaly>> {
        Ok(Vec::new())
    }

    /// What the plays won back within days; nothing where there are none.
    async fn experiments(&self, _tx: &mut OrgTx, _period: Period) -> anyhow::Result<Vec<Experiment>> {
        Ok(Vec::new())
    }

    /// What is proposed to be done, the most valuable first; nothing where nobody proposes.
    async fn actions(
        &self,
        _tx: &mut OrgTx,
        _day: NaiveDate,
        _place: Option<LocationId>,
    ) -> anyhow::Result<Vec<Action>> {
        Ok(Vec::new())
    }

    /// A view of analytics by its name; none for a name that is no view, and where nobody analyses.
    async fn view(&self, _tx: &mut OrgTx, _view: &str, _look: &Look) -> anyhow::Result<Option<View>> {
        Ok(None)
    }
}
