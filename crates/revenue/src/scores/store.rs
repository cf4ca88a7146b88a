//! Scores in the database: one row a day, place and score.

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Score, ScoreType};

/// Writes the scores of places on a day over what stood there.
pub(crate) async fn write(tx: &mut OrgTx, day: NaiveDate, places: &[(Uuid, Vec<Score>)]) -> Result<(), sqlx::Error> {
    let rows: Vec<serde_json::Value> = places
        .iter()
        .flat_map(|(place, scores)| scores.iter().map(move |score| (place, score)))
        .map(|(place, score)| {
            serde_json::json!({
                "location_id": place, "type": score.kind, "value": score.value, "unit": score.unit, "low": score.low,
                "base": score.base, "high": score.high, "coverage": score.coverage, "version": score.version, "detail": score,
                "calculated_at": score.calculated_at,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into scores (org_id, day, location_id, type, value, unit, low, base, high, coverage, version, detail, calculated_at) \
         select $1, $2, n.* from jsonb_to_recordset($3) as n (location_id uuid, type text, value double precision, unit text, \
           low double precision, base double precision, high double precision, coverage double precision, version int, \
           detail jsonb, calculated_at timestamptz) \
         on conflict (org_id, location_id, type, day) do update set value = excluded.value, unit = excluded.unit, \
           low = excluded.low, base = excluded.base, high = excluded.high, coverage = excluded.coverage, \
           version = excluded.version, detail = excluded.detail, calculated_at = excluded.calculated_at",
    )
    .bind(tx.org())
    .bind(day)
    .bind(Json(rows))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest stored scores of a place, in the order of [`ScoreType::ALL`].
pub(crate) async fn latest(tx: &mut OrgTx, location: Option<Uuid>) -> anyhow::Result<Vec<Score>> {
    let rows: Vec<Json<Score>> = sqlx::query_scalar(
        "select s.detail from unnest($3::text[]) with ordinality as t (type, place) cross join lateral (\
           select detail from scores f where f.org_id = $1 and f.location_id = $2 and f.type = t.type \
           order by f.day desc limit 1) s order by t.place",
    )
    .bind(tx.org())
    .bind(location.unwrap_or_else(Uuid::nil))
    .bind(ScoreType::ALL.map(ScoreType::as_str).to_vec())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|Json(score)| score).collect())
}

/// The newest stored scores of every place.
pub(crate) async fn everywhere(tx: &mut OrgTx) -> anyhow::Result<Vec<Score>> {
    let rows: Vec<Json<Score>> = sqlx::query_scalar(
        "select s.detail from (select '00000000-0000-0000-0000-000000000000'::uuid as id \
             union all select id from locations where org_id = $1) l \
         cross join unnest($2::text[]) with ordinality as t (type, place) cross join lateral (\
           select detail from scores f where f.org_id = $1 and f.location_id = l.id and f.type = t.type \
           order by f.day desc limit 1) s order by l.id, t.place",
    )
    .bind(tx.org())
    .bind(ScoreType::ALL.map(ScoreType::as_str).to_vec())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|Json(score)| score).collect())
}

/// Revenue at risk at places as it stood on a day, or as it was last known before it; a place of which nothing was known has none.
pub(crate) async fn at_risk_on(
    tx: &mut OrgTx,
    places: &[Uuid],
    day: NaiveDate,
) -> Result<HashMap<Uuid, f64>, sqlx::Error> {
    let rows: Vec<(Uuid, Option<f64>)> = sqlx::query_as(
        "select p.id, s.value from unnest($2::uuid[]) as p (id) cross join lateral (\
           select value from scores f where f.org_id = $1 and f.location_id = p.id and f.type = 'revenue_at_risk' and f.day <= $3 \
           order by f.day desc limit 1) s",
    )
    .bind(tx.org())
    .bind(places)
    .bind(day)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().filter_map(|(place, value)| Some((place, value?))).collect())
}
