//! The six views, as data.

mod funnel;
mod overview;
mod parts;
mod response;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use serde::Serialize;
use shell::AppError;
use utoipa::ToSchema;

use self::funnel::funnel;
use self::overview::overview;
use self::response::response;
use super::inbox::{agents, channels, languages};
use super::period::Period;
use crate::people::People;
use crate::read;

/// Each view: its name in addresses, and what it is called.
pub(crate) const VIEWS: [(&str, &str); 6] = [
    ("overview", "Overview"),
    ("response", "Response time"),
    ("funnel", "Lead funnel"),
    ("agents", "Agents"),
    ("languages", "Languages"),
    ("channels", "Channels"),
];

/// One figure, compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsFigure {
    /// Its key, such as `leads`.
    pub key: String,
    pub title: String,
    /// Null where there is nothing to make it of.
    pub value: Option<f64>,
    /// `count`, `money` (minor units), `seconds`, `share`, `points` or `stars`.
    pub unit: String,
    /// The same in the days it is compared with.
    pub previous: Option<f64>,
    /// Whether more is better; null for neither.
    pub higher_is_better: Option<bool>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnalyticsShape {
    Line,
    Columns,
    Bars,
}

/// One point of a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsPoint {
    pub label: String,
    pub value: Option<f64>,
    pub previous: Option<f64>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// A series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsSeries {
    pub title: String,
    pub unit: String,
    pub shape: AnalyticsShape,
    pub points: Vec<AnalyticsPoint>,
}

/// Hours of the week: seven rows from Monday with 24 values each.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsWeek {
    pub title: String,
    pub unit: String,
    pub hours: Vec<Vec<Option<f64>>>,
}

/// A column of the table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsColumn {
    pub title: String,
    pub unit: String,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsRow {
    pub key: String,
    pub name: String,
    pub cells: Vec<Option<f64>>,
    /// Where its rows are; empty where there are none.
    pub rows: String,
}

/// A table.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct AnalyticsTable {
    /// What its rows are, such as `Source`.
    pub of: String,
    pub columns: Vec<AnalyticsColumn>,
    pub rows: Vec<AnalyticsRow>,
}

/// What a view shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsView {
    /// `overview`, `response`, `funnel`, `agents`, `languages` or `channels`.
    pub view: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The first of the days it is compared with.
    pub before_from: Option<NaiveDate>,
    pub before_to: Option<NaiveDate>,
    /// The currency of every amount of money.
    pub currency: String,
    /// Whether it is of the inbox alone, which knows no locations and sources.
    pub of_inbox: bool,
    pub figures: Vec<AnalyticsFigure>,
    pub series: Vec<AnalyticsSeries>,
    pub week: Vec<AnalyticsWeek>,
    pub table: AnalyticsTable,
}

pub(super) fn column(title: &str, unit: &str) -> AnalyticsColumn {
    AnalyticsColumn { title: title.to_owned(), unit: unit.to_owned() }
}

/// Makes a view; none for a name that is no view.
pub(crate) async fn make(
    tx: &mut OrgTx,
    people: &dyn People,
    name: &str,
    period: &Period,
) -> Result<Option<AnalyticsView>, AppError> {
    let currency = read::currency(tx).await?.code().to_owned();
    let mut view = AnalyticsView {
        view: name.to_owned(),
        from: period.from,
        to: period.to,
        before_from: period.before.map(|(from, _)| from),
        before_to: period.before.map(|(_, to)| to),
        currency,
        of_inbox: matches!(name, "agents" | "languages" | "channels"),
        figures: Vec::new(),
        series: Vec::new(),
        week: Vec::new(),
        table: AnalyticsTable::default(),
    };
    match name {
        "overview" => overview(tx, period, &mut view).await?,
        "response" => response(tx, period, &mut view).await?,
        "funnel" => funnel(tx, period, &mut view).await?,
        "agents" => agents(tx, people, period, &mut view).await?,
        "languages" => languages(tx, period, &mut view).await?,
        "channels" => channels(tx, period, &mut view).await?,
        _ => return Ok(None),
    }
    Ok(Some(view))
}
