//! Journeys in the database.

use kernel::db::OrgTx;
use sqlx::types::Json;
use uuid::Uuid;

use super::Journey;

/// The most rows of one statement.
const MOST: usize = 5_000;

/// The journeys of leads and of contacts.
pub(crate) async fn of(tx: &mut OrgTx, leads: &[Uuid], contacts: &[Uuid]) -> Result<Vec<Journey>, sqlx::Error> {
    let rows: Vec<Json<Journey>> = sqlx::query_scalar(
        "select to_jsonb(j) from journeys j where j.org_id = $1 and j.id = any($2) \
         union select to_jsonb(j) from journeys j where j.org_id = $1 and j.contact = any($3)",
    )
    .bind(tx.org())
    .bind(leads)
    .bind(contacts)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|Json(journey)| journey).collect())
}

/// Writes journeys over what is there.
pub(crate) async fn write(tx: &mut OrgTx, journeys: &[&Journey]) -> Result<(), sqlx::Error> {
    for part in journeys.chunks(MOST) {
        sqlx::query(WRITE).bind(tx.org()).bind(Json(part)).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Removes journeys.
pub(crate) async fn remove(tx: &mut OrgTx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from journeys where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(ids)
        .execute(tx.conn())
        .await?;
    Ok(())
}

const WRITE: &str = "insert into journeys (org_id, id, contact, location_id, source, opening, arrived_at, answered_after_s, \
      answered_after_business_s, attempts, reached_at, quoted_at, booked_at, no_show_at, paid_at, closed_at, value_minor, \
      paid_minor, returned, leak_stage, leaks_at, day, leaks_day) \
    select $1, n.* from jsonb_to_recordset($2) as n (id uuid, contact uuid, location_id uuid, source text, opening text, \
      arrived_at timestamptz, answered_after_s bigint, answered_after_business_s bigint, attempts int, reached_at timestamptz, \
      quoted_at timestamptz, booked_at timestamptz, no_show_at timestamptz, paid_at timestamptz, closed_at timestamptz, \
      value_minor bigint, paid_minor bigint, returned boolean, leak_stage text, leaks_at timestamptz, day date, leaks_day date) \
    on conflict (org_id, id) do update set contact = excluded.contact, location_id = excluded.location_id, \
      source = excluded.source, opening = excluded.opening, arrived_at = excluded.arrived_at, \
      answered_after_s = excluded.answered_after_s, answered_after_business_s = excluded.answered_after_business_s, \
      attempts = excluded.attempts, reached_at = excluded.reached_at, quoted_at = excluded.quoted_at, \
      booked_at = excluded.booked_at, no_show_at = excluded.no_show_at, paid_at = excluded.paid_at, \
      closed_at = excluded.closed_at, value_minor = excluded.value_minor, paid_minor = excluded.paid_minor, \
      returned = excluded.returned, leak_stage = excluded.leak_stage, leaks_at = excluded.leaks_at, day = excluded.day, \
      leaks_day = excluded.leaks_day";
