//! Journeys in the database.

use kernel::db::OrgTx;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

use super::{Journey, Opening, Stage};

/// The most rows of one statement.
const MOST: usize = 5_000;

/// The columns, in the order of [`Stored`].
pub(crate) const COLUMNS: &str = "id, contact, location_id, source, opening, arrived_at, answered_after_s, \
    answered_after_business_s, attempts, reached_at, quoted_at, booked_at, no_show_at, paid_at, closed_at, value_minor, \
    paid_minor, returned, leak_stage, leaks_at, day, leaks_day";

/// A journey as it is read: a row that begins with [`COLUMNS`].
pub(crate) struct Stored(pub Journey);

/// By place: names would be looked up for each of very many rows.
impl FromRow<'_, PgRow> for Stored {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let (opening, leak_stage): (&str, Option<&str>) = (row.try_get(4)?, row.try_get(18)?);
        Ok(Self(Journey {
            id: row.try_get(0)?,
            contact: row.try_get(1)?,
            location_id: row.try_get(2)?,
            source: row.try_get(3)?,
            opening: Opening::named(opening).ok_or_else(|| unknown("an opening", opening))?,
            arrived_at: row.try_get(5)?,
            answered_after_s: row.try_get(6)?,
            answered_after_business_s: row.try_get(7)?,
            attempts: row.try_get(8)?,
            reached_at: row.try_get(9)?,
            quoted_at: row.try_get(10)?,
            booked_at: row.try_get(11)?,
            no_show_at: row.try_get(12)?,
            paid_at: row.try_get(13)?,
            closed_at: row.try_get(14)?,
            value_minor: row.try_get(15)?,
            paid_minor: row.try_get(16)?,
            returned: row.try_get(17)?,
            leak_stage: leak_stage
                .map(|name| Stage::named(name).ok_or_else(|| unknown("a stage", name)))
                .transpose()?,
            leaks_at: row.try_get(19)?,
            day: row.try_get(20)?,
            leaks_day: row.try_get(21)?,
        }))
    }
}

fn unknown(what: &str, name: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} of a journey, {name}, is none that this program knows").into())
}

/// The journeys of leads and of contacts.
pub(crate) async fn of(tx: &mut OrgTx, leads: &[Uuid], contacts: &[Uuid]) -> Result<Vec<Journey>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from journeys where org_id = $1 and id = any($2) \
         union select {COLUMNS} from journeys where org_id = $1 and contact = any($3)"
    );
    let rows: Vec<Stored> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(leads).bind(contacts).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|Stored(journey)| journey).collect())
}

/// The journeys of these leads, in any order.
pub(super) async fn these(tx: &mut OrgTx, leads: &[Uuid]) -> Result<Vec<Journey>, sqlx::Error> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("select {COLUMNS} from journeys where org_id = $1 and id = any($2)");
    let rows: Vec<Stored> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(leads).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|Stored(journey)| journey).collect())
}

/// The leads of all journeys.
pub(super) async fn leads(tx: &mut OrgTx) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select id from journeys where org_id = $1").bind(tx.org()).fetch_all(tx.conn()).await
}

/// Writes journeys over what is there: columns as arrays, since JSON would cost more to read than the rows to write.
pub(crate) async fn write(tx: &mut OrgTx, journeys: &[&Journey]) -> Result<(), sqlx::Error> {
    for part in journeys.chunks(MOST) {
        sqlx::query(WRITE)
            .bind(tx.org())
            .bind(each(part, |one| one.id))
            .bind(each(part, |one| one.contact))
            .bind(each(part, |one| one.location_id))
            .bind(each(part, |one| one.source.as_str()))
            .bind(each(part, |one| one.opening.as_str()))
            .bind(each(part, |one| one.arrived_at))
            .bind(each(part, |one| one.answered_after_s))
            .bind(each(part, |one| one.answered_after_business_s))
            .bind(each(part, |one| one.attempts))
            .bind(each(part, |one| one.reached_at))
            .bind(each(part, |one| one.quoted_at))
            .bind(each(part, |one| one.booked_at))
            .bind(each(part, |one| one.no_show_at))
            .bind(each(part, |one| one.paid_at))
            .bind(each(part, |one| one.closed_at))
            .bind(each(part, |one| one.value_minor))
            .bind(each(part, |one| one.paid_minor))
            .bind(each(part, |one| one.returned))
            .bind(each(part, |one| one.leak_stage.map(Stage::as_str)))
            .bind(each(part, |one| one.leaks_at))
            .bind(each(part, |one| one.day))
            .bind(each(part, |one| one.leaks_day))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// One column of journeys.
fn each<'a, T>(journeys: &[&'a Journey], of: impl Fn(&'a Journey) -> T) -> Vec<T> {
    journeys.iter().copied().map(of).collect()
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
    select $1, n.* from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::bigint[], \
      $9::bigint[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], \
      $15::timestamptz[], $16::timestamptz[], $17::bigint[], $18::bigint[], $19::boolean[], $20::text[], $21::timestamptz[], \
      $22::date[], $23::date[]) as n \
    on conflict (org_id, id) do update set contact = excluded.contact, location_id = excluded.location_id, \
      source = excluded.source, opening = excluded.opening, arrived_at = excluded.arrived_at, \
      answered_after_s = excluded.answered_after_s, answered_after_business_s = excluded.answered_after_business_s, \
      attempts = excluded.attempts, reached_at = excluded.reached_at, quoted_at = excluded.quoted_at, \
      booked_at = excluded.booked_at, no_show_at = excluded.no_show_at, paid_at = excluded.paid_at, \
      closed_at = excluded.closed_at, value_minor = excluded.value_minor, paid_minor = excluded.paid_minor, \
      returned = excluded.returned, leak_stage = excluded.leak_stage, leaks_at = excluded.leaks_at, day = excluded.day, \
      leaks_day = excluded.leaks_day";
