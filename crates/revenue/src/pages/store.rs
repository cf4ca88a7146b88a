//! What the pages read besides [`crate::read`]: many places at once, and the leads behind a figure.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use uuid::Uuid;

use crate::scores::ScoreType;

/// The last value of a score at a place.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Last {
    pub location_id: Uuid,
    pub name: String,
    #[sqlx(rename = "type")]
    pub kind: Option<String>,
    pub value: Option<f64>,
    pub unit: Option<String>,
}

/// A place with the last value of each of its scores.
#[derive(Clone, Debug)]
pub(crate) struct PlaceScores {
    pub id: LocationId,
    pub name: String,
    pub values: HashMap<ScoreType, f64>,
    pub currency: String,
    /// Revenue at risk over the days asked for, oldest first.
    pub line: Vec<f64>,
}

/// The places with their last scores, the most at risk first, and the line of revenue at risk of the first `lines` of them.
/// A few look-ups by key for each place; scores are never read whole.
pub(crate) async fn places(tx: &mut OrgTx, since: NaiveDate, lines: usize) -> Result<Vec<PlaceScores>, sqlx::Error> {
    let kinds: Vec<&str> = ScoreType::ALL.iter().map(|kind| kind.as_str()).collect();
    let rows: Vec<Last> = sqlx::query_as(
        "select l.id as location_id, l.name, s.type, s.value, s.unit from locations l \
         left join lateral (select k.type, x.value, x.unit from unnest($2::text[]) as k (type) cross join lateral ( \
             select value, unit from scores where org_id = $1 and location_id = l.id and type = k.type \
             order by day desc limit 1) x) s on true \
         where l.org_id = $1 order by l.name, l.id",
    )
    .bind(tx.org())
    .bind(kinds)
    .fetch_all(tx.conn())
    .await?;
    let mut places: Vec<PlaceScores> = Vec::new();
    for row in rows {
        let id = LocationId::from_uuid(row.location_id);
        if places.last().is_none_or(|place| place.id != id) {
            places.push(PlaceScores {
                id,
                name: row.name,
                values: HashMap::new(),
                currency: "USD".to_owned(),
                line: Vec::new(),
            });
        }
        let (Some(place), Some(kind)) = (places.last_mut(), row.kind.as_deref().and_then(ScoreType::named)) else {
            continue;
        };
        if let Some(value) = row.value {
            place.values.insert(kind, value);
        }
        if let Some(unit) = row.unit.filter(|_| kind == ScoreType::RevenueAtRisk) {
            place.currency = unit;
        }
    }
    let risk = |place: &PlaceScores| place.values.get(&ScoreType::RevenueAtRisk).copied().unwrap_or(-1.0);
    places.sort_by(|a, b| risk(b).total_cmp(&risk(a)));
    let shown: Vec<Uuid> = places.iter().take(lines).map(|place| place.id.uuid()).collect();
    let mut found = lines_of(tx, &shown, ScoreType::RevenueAtRisk, since).await?;
    for place in places.iter_mut().take(lines) {
        place.line = found.remove(&place.id.uuid()).unwrap_or_default();
    }
    Ok(places)
}

/// The lines of one score of some places, oldest first.
pub(crate) async fn lines_of(
    tx: &mut OrgTx,
    places: &[Uuid],
    kind: ScoreType,
    since: NaiveDate,
) -> Result<HashMap<Uuid, Vec<f64>>, sqlx::Error> {
    let rows: Vec<(Uuid, f64)> = sqlx::query_as(
        "select p.id, s.value from unnest($2::uuid[]) as p (id) join scores s on s.org_id = $1 and s.location_id = p.id \
           and s.type = $3 and s.day >= $4 and s.value is not null order by p.id, s.day",
    )
    .bind(tx.org())
    .bind(places)
    .bind(kind.as_str())
    .bind(since)
    .fetch_all(tx.conn())
    .await?;
    let mut lines: HashMap<Uuid, Vec<f64>> = HashMap::new();
    for (place, value) in rows {
        lines.entry(place).or_default().push(value);
    }
    Ok(lines)
}

/// The lines of every score of one place (nil: the whole organisation), oldest first.
pub(crate) async fn lines_at(
    tx: &mut OrgTx,
    place: Uuid,
    since: NaiveDate,
) -> Result<HashMap<ScoreType, Vec<f64>>, sqlx::Error> {
    let kinds: Vec<&str> = ScoreType::ALL.iter().map(|kind| kind.as_str()).collect();
    let rows: Vec<(String, f64)> = sqlx::query_as(
        "select type, value from scores where org_id = $1 and location_id = $2 and type = any($3) and day >= $4 \
           and value is not null order by type, day",
    )
    .bind(tx.org())
    .bind(place)
    .bind(kinds)
    .bind(since)
    .fetch_all(tx.conn())
    .await?;
    let mut lines: HashMap<ScoreType, Vec<f64>> = HashMap::new();
    for (kind, value) in rows {
        if let Some(kind) = ScoreType::named(&kind) {
            lines.entry(kind).or_default().push(value);
        }
    }
    Ok(lines)
}

/// Which leads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leads {
    /// Leaked at this stage (and it is due); any leak for `Some("")`.
    pub stage: Option<String>,
    /// Answered within these seconds: at least, less than.
    pub waited: Option<(i64, i64)>,
    /// Never answered.
    pub unanswered: bool,
    /// Reached this far: `reached`, `quoted`, `booked` or `paid`.
    pub reached: Option<&'static str>,
    pub location: Option<Uuid>,
    pub source: Option<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// A lead behind a figure.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LeadRow {
    pub id: Uuid,
    pub contact: Option<Uuid>,
    pub location_id: Option<Uuid>,
    pub source: String,
    pub opening: String,
    pub arrived_at: DateTime<Utc>,
    pub day: NaiveDate,
    pub answered_after_s: Option<i64>,
    pub reached_at: Option<DateTime<Utc>>,
    pub quoted_at: Option<DateTime<Utc>>,
    pub booked_at: Option<DateTime<Utc>>,
    pub no_show_at: Option<DateTime<Utc>>,
    pub paid_at: Option<DateTime<Utc>>,
    pub value_minor: i64,
    pub paid_minor: i64,
    pub leak_stage: Option<String>,
    pub leaks_at: Option<DateTime<Utc>>,
}

const LEAD: &str = "id, contact, location_id, source, opening, arrived_at, day, answered_after_s, reached_at, quoted_at, \
    booked_at, no_show_at, paid_at, value_minor, paid_minor, leak_stage, leaks_at";

/// Leads by the day they arrived, newest first, after a cursor (day and id of the last one seen).
pub(crate) async fn leads(
    tx: &mut OrgTx,
    wanted: &Leads,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<LeadRow>, sqlx::Error> {
    // The column is one of four words of ours.
    let reached = wanted.reached.map(|column| format!("and {column}_at is not null ")).unwrap_or_default();
    let sql = format!(
        "select {LEAD} from journeys where org_id = $1 and hidden_at is null and day between $2 and $3 {reached}\
           and ($4::text is null or (leaks_at < $5 and ($4 = '' or leak_stage = $4))) \
           and ($6::bigint is null or (answered_after_s >= $6 and answered_after_s < $7)) \
           and (not $8 or answered_after_s is null) \
           and ($9::uuid is null or location_id = $9) and ($10::text is null or source = $10) \
           and ($11::date is null or (day, id) < ($11, $12)) \
         order by day desc, id desc limit $13"
    );
    let now = tx.clock().now();
    let (least, below) = wanted.waited.unzip();
    let (day, id) = after.unzip();
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(&wanted.stage)
        .bind(now)
        .bind(least)
        .bind(below)
        .bind(wanted.unanswered)
        .bind(wanted.location)
        .bind(&wanted.source)
        .bind(day)
        .bind(id)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// One lead.
pub(crate) async fn lead(tx: &mut OrgTx, id: Uuid) -> Result<Option<LeadRow>, sqlx::Error> {
    let sql = format!("select {LEAD} from journeys where org_id = $1 and id = $2 and hidden_at is null");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// A signal of a lead, for its story.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Told {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub source: String,
    pub minor: Option<i64>,
    pub data: Option<serde_json::Value>,
}

/// The signals that name a lead or the contact it is of, oldest first, 60 at most.
pub(crate) async fn story(tx: &mut OrgTx, row: &LeadRow) -> Result<Vec<Told>, sqlx::Error> {
    sqlx::query_as(
        "select at, kind, source, minor, data from ( \
           select at, kind, source, minor, data from signals where org_id = $1 and lead = $2 and hidden_at is null \
           union all \
           select at, kind, source, minor, data from signals where org_id = $1 and lead is null and contact = $3 \
             and hidden_at is null and at >= $4) s order by at limit 60",
    )
    .bind(tx.org())
    .bind(row.id)
    .bind(row.contact)
    .bind(row.arrived_at - chrono::Duration::minutes(10))
    .fetch_all(tx.conn())
    .await
}
