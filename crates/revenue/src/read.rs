//! What other rooms read of this one, through the wiring: scores, their history, daily sums, leaks, places.
//!
//! Every function reads one organisation, the transaction's, and leaves out what is hidden. Money is in minor units of the
//! organisation's currency ([`currency`]).

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use crate::locations::Location;
pub use crate::metrics::{ALL as METRICS, Metric, Shown};
pub use crate::scores::{Beside, Component, Lever, Origin, Score, ScoreType};
pub use crate::signals::rows::{Filter as RowFilter, SignalRow};

use crate::scores::store;
use crate::settings::Rules;
use crate::{locations as places, scores as calculation};

/// The scores as of an instant, calculated now; `location` none is the whole organisation.
pub async fn scores(tx: &mut OrgTx, location: Option<Uuid>, as_of: DateTime<Utc>) -> anyhow::Result<Vec<Score>> {
    calculation::calculate(tx, location, as_of).await
}

/// The scores as they were stored last: five at most, none before the first signal.
pub async fn stored_scores(tx: &mut OrgTx, location: Option<Uuid>) -> anyhow::Result<Vec<Score>> {
    store::latest(tx, location).await
}

/// The stored scores of every place, each with its place; the whole organisation's have none.
pub async fn stored_everywhere(tx: &mut OrgTx) -> anyhow::Result<Vec<Score>> {
    store::everywhere(tx).await
}

/// A score on a day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ScorePoint)]
pub struct Point {
    /// The day, at the place.
    pub day: NaiveDate,
    /// The value; null: insufficient data.
    pub value: Option<f64>,
    /// The low end of the band.
    pub low: Option<f64>,
    /// The high end.
    pub high: Option<f64>,
    /// The version of the definition.
    pub version: i32,
}

/// A score over days, both ends included, oldest first.
pub async fn history(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    kind: ScoreType,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Point>, sqlx::Error> {
    sqlx::query_as(
        "select day, value, low, high, version from scores \
         where org_id = $1 and location_id = $2 and type = $3 and day between $4 and $5 order by day",
    )
    .bind(tx.org())
    .bind(location.unwrap_or_else(Uuid::nil))
    .bind(kind.as_str())
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// How days are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Each day.
    #[default]
    Day,
    /// Weeks from Monday, named by their first day.
    Week,
    /// Calendar months, named by their first day.
    Month,
    /// All of them, named by the first day asked for.
    Total,
}

/// What sums are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Nothing.
    #[default]
    None,
    /// The place; the key is its uuid, nil where none was named.
    Location,
    /// The source; the key is its name.
    Source,
}

/// Which sums.
#[derive(Clone, Debug)]
pub struct Daily {
    /// Names of [`crate::metrics`].
    pub metrics: Vec<String>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// How days are put together.
    pub group: Group,
    /// What they are told apart by.
    pub by: By,
    /// Of one place alone.
    pub location: Option<Uuid>,
    /// Of one source alone.
    pub source: Option<String>,
}

/// A sum. Its figure: [`Metric::figure`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Sum {
    /// The first day of the group.
    pub day: NaiveDate,
    /// The metric.
    pub metric: String,
    /// Of which place or source; empty where they are not told apart.
    pub key: String,
    /// The count.
    pub n: i64,
    /// The amount: minor units, seconds or micro-points.
    pub amount: i64,
}

/// Sums of daily metrics, in order of day, key and metric. Days without rows are left out: they are zero.
pub async fn daily(tx: &mut OrgTx, asked: &Daily) -> Result<Vec<Sum>, sqlx::Error> {
    let day = match asked.group {
        Group::Day => "d.day",
        Group::Week => "date_trunc('week', d.day)::date",
        Group::Month => "date_trunc('month', d.day)::date",
        Group::Total => "$3::date",
    };
    let key = match asked.by {
        By::None => "''",
        By::Location => "d.location_id::text",
        By::Source => "d.source",
    };
    let sql = format!(
        "select {day} as day, d.metric, {key} as key, sum(d.n)::bigint as n, sum(d.amount)::bigint as amount from daily_metrics d \
         where d.org_id = $1 and d.metric = any($2) and d.day between $3 and $4 \
           and ($5::uuid is null or d.location_id = $5) and ($6::text is null or d.source = $6) \
         group by 1, 2, 3 order by 1, 3, 2"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(&asked.metrics)
        .bind(asked.from)
        .bind(asked.to)
        .bind(asked.location)
        .bind(&asked.source)
        .fetch_all(tx.conn())
        .await
}

/// Which leaks.
#[derive(Clone, Debug, Default)]
pub struct LeakFilter {
    /// `answer`, `respond`, `reach`, `book`, `show` or `pay`.
    pub stage: Option<String>,
    /// Of one place alone.
    pub location: Option<Uuid>,
    /// Of one source alone.
    pub source: Option<String>,
    /// Fell due at or after.
    pub from: Option<DateTime<Utc>>,
    /// Fell due before; now, when absent: what falls due later is not a leak yet.
    pub to: Option<DateTime<Utc>>,
}

/// A lead that leaked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Leak {
    /// The lead: one of ours, or a digest.
    pub lead: Uuid,
    /// The contact: one of ours, or a digest; null where nothing names one.
    pub contact: Option<Uuid>,
    /// The place.
    pub location: Option<Uuid>,
    /// Where the lead came from.
    pub source: String,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// Where it leaked.
    pub stage: String,
    /// When that fell due.
    pub leaked_at: DateTime<Utc>,
    /// What it is worth in minor units, as far as it is told; 0: unknown.
    pub value_minor: i64,
    /// Whether it came back unaided.
    pub returned: bool,
}

/// Leaks, newest first, `limit` of them after a cursor (`leaked_at` and lead of the last row seen).
pub async fn leaks(
    tx: &mut OrgTx,
    filter: &LeakFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Leak>, sqlx::Error> {
    let to = filter.to.unwrap_or_else(|| tx.clock().now());
    let (at, id) = after.unzip();
    sqlx::query_as(
        "select id as lead, contact, location_id as location, source, arrived_at, leak_stage as stage, leaks_at as leaked_at, \
           value_minor, returned from journeys \
         where org_id = $1 and leaks_at < $2 and leak_stage is not null and hidden_at is null \
           and ($3::timestamptz is null or leaks_at >= $3) and ($4::text is null or leak_stage = $4) \
           and ($5::uuid is null or location_id = $5) and ($6::text is null or source = $6) \
           and ($7::timestamptz is null or (leaks_at, id) < ($7, $8)) \
         order by leaks_at desc, id desc limit $9",
    )
    .bind(tx.org())
    .bind(to)
    .bind(filter.from)
    .bind(&filter.stage)
    .bind(filter.location)
    .bind(&filter.source)
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// The signals behind a figure, newest first, `limit` of them after a cursor (instant and id of the last row seen).
pub async fn rows(
    tx: &mut OrgTx,
    filter: &RowFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> anyhow::Result<Vec<SignalRow>> {
    crate::signals::rows::read(tx, filter, after, limit).await
}

/// The places of business, by name.
pub async fn locations(tx: &mut OrgTx) -> Result<Vec<Location>, sqlx::Error> {
    places::all(tx).await
}

/// The currency of every amount.
pub async fn currency(tx: &mut OrgTx) -> Result<Currency, sqlx::Error> {
    Ok(Rules::load(tx).await?.whole.settings.currency)
}

/// The day it is now at a place (the organisation's, when none is given).
pub async fn today(tx: &mut OrgTx, location: Option<Uuid>) -> Result<NaiveDate, sqlx::Error> {
    let now = tx.clock().now();
    Ok(Rules::load(tx).await?.of(location).day(now))
}
