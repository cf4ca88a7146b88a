//! The organisation's name and time zone.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kernel::db::OrgTx;

use crate::period::day_in;

/// What a report says of its organisation.
pub(crate) struct Organisation {
    pub name: String,
    pub zone: Tz,
}

impl Organisation {
    /// The day it is there.
    pub(crate) fn day(&self, now: DateTime<Utc>) -> NaiveDate {
        day_in(self.zone, now)
    }
}

/// The transaction's organisation.
pub(crate) async fn of(tx: &mut OrgTx) -> Result<Organisation, sqlx::Error> {
    let (name, zone): (String, String) = sqlx::query_as("select name, time_zone from organisations where id = $1")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await?;
    Ok(Organisation { name, zone: zone.parse().unwrap_or(Tz::UTC) })
}
