//! Bookings and the quarters of an hour they take. What decides between two visitors is the key of `site_booking_quarters`.

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ids::{BookingId, InquiryId};

use super::slots;
use crate::sites::Opening;

/// A consultation.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Booking {
    pub id: BookingId,
    pub inquiry_id: InquiryId,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// The visitor's.
    pub time_zone: String,
    pub state: String,
    pub moved: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
}

impl Booking {
    /// Whether it takes place.
    pub(crate) fn stands(&self) -> bool {
        self.state == "booked"
    }
}

const COLUMNS: &str = "id, inquiry_id, starts_at, ends_at, time_zone, state, moved, at";

/// The booking whose link carries the token; the transaction must carry it too.
pub(crate) async fn by_token(tx: &mut OrgTx, token: &str) -> Result<Option<Booking>, sqlx::Error> {
    let query = format!("select {COLUMNS} from site_bookings where org_id = $1 and token_hash = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(site_token(token)).fetch_optional(tx.conn()).await
}

/// The same, and nobody else changes it until the transaction ends.
pub(crate) async fn held(tx: &mut OrgTx, token: &str) -> Result<Option<Booking>, sqlx::Error> {
    let query = format!("select {COLUMNS} from site_bookings where org_id = $1 and token_hash = $2 for update");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(site_token(token)).fetch_optional(tx.conn()).await
}

/// The booking of an inquiry, for workers.
pub(crate) async fn of_inquiry(tx: &mut OrgTx, inquiry: InquiryId) -> Result<Option<Booking>, sqlx::Error> {
    let query =
        format!("select {COLUMNS} from site_bookings where org_id = $1 and inquiry_id = $2 order by at desc limit 1");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(inquiry).fetch_optional(tx.conn()).await
}

/// The quarters that are taken between now and the last that can be booked.
pub(crate) async fn taken(tx: &mut OrgTx, hours: &Opening) -> Result<HashSet<DateTime<Utc>>, sqlx::Error> {
    let now = tx.clock().now();
    let last = now + Duration::days(i64::from(hours.horizon_days) + 2);
    let quarters: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select quarter from site_booking_quarters where org_id = $1 and quarter >= $2 and quarter < $3",
    )
    .bind(tx.org())
    .bind(now - Duration::days(1))
    .bind(last)
    .fetch_all(tx.conn())
    .await?;
    Ok(quarters.into_iter().collect())
}

/// Takes the quarters of a time for a booking; false where one of them is somebody else's, and then the transaction must not be
/// committed.
pub(crate) async fn take(
    tx: &mut OrgTx,
    hours: &Opening,
    booking: BookingId,
    starts: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let quarters = slots::quarters(hours, starts);
    let wanted = quarters.len() as u64;
    // In order: two visitors who want overlapping times wait for one another, and one of them is told.
    let done = sqlx::query(
        "insert into site_booking_quarters (org_id, quarter, booking_id) \
         select $1, q, $3 from unnest($2::timestamptz[]) q order by q on conflict do nothing",
    )
    .bind(tx.org())
    .bind(quarters)
    .bind(booking)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == wanted)
}

/// Gives back what a booking took.
pub(crate) async fn give_back(tx: &mut OrgTx, booking: BookingId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from site_booking_quarters where org_id = $1 and booking_id = $2")
        .bind(tx.org())
        .bind(booking)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether a booking has its quarters: one that was kept aside as spam has none.
pub(crate) async fn has_quarters(tx: &mut OrgTx, booking: BookingId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from site_booking_quarters where org_id = $1 and booking_id = $2)")
        .bind(tx.org())
        .bind(booking)
        .fetch_one(tx.conn())
        .await
}

/// Writes a booking down; false where its inquiry has one already.
pub(crate) async fn insert(tx: &mut OrgTx, booking: &Booking, token: &str) -> Result<bool, sqlx::Error> {
    let Booking { id, inquiry_id, starts_at, ends_at, time_zone, state, moved, at } = booking;
    // Without naming the columns: who may not see the row that is there learns nothing of it.
    let done = sqlx::query(
        "insert into site_bookings (org_id, id, inquiry_id, starts_at, ends_at, time_zone, state, token_hash, moved, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(inquiry_id)
    .bind(starts_at)
    .bind(ends_at)
    .bind(time_zone)
    .bind(state)
    .bind(site_token(token))
    .bind(moved)
    .bind(at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves a booking to another time.
pub(crate) async fn move_to(
    tx: &mut OrgTx,
    booking: BookingId,
    starts: DateTime<Utc>,
    ends: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update site_bookings set starts_at = $3, ends_at = $4, moved = moved + 1 where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(booking)
    .bind(starts)
    .bind(ends)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Cancels a booking.
pub(crate) async fn cancel(tx: &mut OrgTx, booking: BookingId) -> Result<(), sqlx::Error> {
    sqlx::query("update site_bookings set state = 'cancelled' where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(booking)
        .execute(tx.conn())
        .await?;
    Ok(())
}
