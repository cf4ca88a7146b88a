//! What a briefing tells besides scores and sums: what was noticed, what plays brought in, what is proposed. Reports read it through
//! the wiring.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::AnomalyId;
use uuid::Uuid;

use crate::centre::actions;
use crate::plays::Recipe;
use crate::{anomalies, plays, read};

/// Something out of the ordinary.
#[derive(Clone, Debug, PartialEq)]
pub struct Noticed {
    /// Its id: its page is `/revenue/anomalies/{id}`.
    pub id: AnomalyId,
    /// The last day it was seen.
    pub last_day: NaiveDate,
    /// What was seen, in a sentence with its figures.
    pub sentence: String,
    /// Whether it is good news; none for neither.
    pub good: Option<bool>,
}

/// What a play brought in.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOut {
    /// The play.
    pub play: Recipe,
    /// Leads treated.
    pub treated: usize,
    /// Leads held back.
    pub held: usize,
    /// What came in because of it, in minor units; none while too little is known.
    pub incremental_minor: Option<i64>,
    /// The 95 % interval of it.
    pub interval_minor: Option<(i64, i64)>,
    /// The same in a sentence.
    pub sentence: String,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// What, in a short imperative.
    pub title: String,
    /// Why, with its figures.
    pub why: String,
    /// What it is expected to bring a month, in minor units; none while nothing was recovered yet that could tell.
    pub expected_minor: Option<i64>,
    /// Where it is done, or its rows.
    pub href: String,
}

/// What was out of the ordinary on days, both ends included, at a place or in the whole organisation; the most unusual first.
pub async fn noticed(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    days: (NaiveDate, NaiveDate),
) -> anyhow::Result<Vec<Noticed>> {
    anomalies::told::noticed(tx, location, days).await
}

/// What is out of the ordinary and was neither acknowledged nor muted, at a place or in the whole organisation; the newest first,
/// twenty at most.
pub async fn open_anomalies(tx: &mut OrgTx, location: Option<Uuid>) -> anyhow::Result<Vec<Noticed>> {
    anomalies::told::open(tx, location).await
}

/// What every play brought in of leads enrolled from one instant and before another; plays that met nobody are left out.
pub async fn read_outs(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    span: (DateTime<Utc>, DateTime<Utc>),
) -> anyhow::Result<Vec<ReadOut>> {
    plays::told::read_outs(tx, location, span).await
}

/// What is proposed for the whole organisation, or what the scores of a place propose; the most expensive first.
pub async fn proposed(tx: &mut OrgTx, location: Option<Uuid>) -> anyhow::Result<Vec<Proposed>> {
    let scores = read::stored_scores(tx, location).await?;
    let (done, running) = (actions::approved(tx).await?, actions::running(tx).await?);
    Ok(actions::propose(&scores, &running, &done)
        .into_iter()
        .map(|action| Proposed {
            title: action.title,
            why: action.why,
            expected_minor: action.expected_minor,
            href: action.href,
        })
        .collect())
}

/// Which view of analytics, as in its address; empty texts stand for what the page takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `overview`, `response`, `funnel`, `agents`, `languages` or `channels`.
    pub view: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// `previous`, `year` or `none`.
    pub compare: String,
    /// One location alone.
    pub location: String,
    /// One source alone.
    pub source: String,
}

/// A figure of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysedFigure {
    /// What it is called.
    pub title: String,
    /// `count`, `money` (minor units), `seconds`, `share`, `points` or `stars`.
    pub unit: String,
    /// None where there is nothing to make it of.
    pub value: Option<f64>,
    /// The same in the days it is compared with.
    pub previous: Option<f64>,
    /// Whether more is better; none for neither.
    pub higher_is_better: Option<bool>,
}

/// A series of a view: one value and one of before for each label.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysedSeries {
    /// What it shows.
    pub title: String,
    /// As of a figure.
    pub unit: String,
    /// Whether its labels are days.
    pub over_time: bool,
    /// What each value is of.
    pub labels: Vec<String>,
    /// The values.
    pub values: Vec<Option<f64>>,
    /// The same before.
    pub previous: Vec<Option<f64>>,
}

/// A view of analytics.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysed {
    /// What it is called.
    pub title: String,
    /// The first and the last day.
    pub days: (NaiveDate, NaiveDate),
    /// The days it is compared with.
    pub before: Option<(NaiveDate, NaiveDate)>,
    /// Its figures.
    pub figures: Vec<AnalysedFigure>,
    /// Its series.
    pub series: Vec<AnalysedSeries>,
    /// What the rows of its table are.
    pub of: String,
    /// The columns after the first, each with its unit.
    pub columns: Vec<(String, String)>,
    /// The rows: a name and a cell for each of the columns.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// A view of analytics, for files; none for a name that is no view. Days that make no sense are an `AppError` of their field.
pub async fn analysed(tx: &mut OrgTx, people: &dyn crate::People, asked: &Asked) -> anyhow::Result<Option<Analysed>> {
    crate::analytics::told::analysed(tx, people, asked).await
}
