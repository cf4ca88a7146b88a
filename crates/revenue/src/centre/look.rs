//! What happened since a member last looked at the command centre.
//!
//! Sums of a span of days are kept when somebody looks; the same sums now, less those, are what happened since. A visit ends with
//! half an hour without a look.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

/// A visit ends after so long without a look.
const AWAY: TimeDelta = TimeDelta::minutes(30);
/// Days that are kept the sums of: what arrives later of days before them is not told.
const SPAN: u64 = 30;

/// Sums of a span of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(default)]
pub(crate) struct Seen {
    /// Messages of contacts.
    pub received: i64,
    /// Messages the bot sent.
    pub answered_alone: i64,
    /// Leads that became hot.
    pub became_hot: i64,
    /// Leads of every source.
    pub leads: i64,
    /// Bookings.
    pub bookings: i64,
    /// Payments less refunds, in minor units.
    pub revenue_minor: i64,
}

impl Seen {
    /// What came since; what was corrected away counts as nothing.
    fn since(self, before: Self) -> Self {
        let more = |now: i64, then: i64| (now - then).max(0);
        Self {
            received: more(self.received, before.received),
            answered_alone: more(self.answered_alone, before.answered_alone),
            became_hot: more(self.became_hot, before.became_hot),
            leads: more(self.leads, before.leads),
            bookings: more(self.bookings, before.bookings),
            revenue_minor: more(self.revenue_minor, before.revenue_minor),
        }
    }
}

/// Sums as they were kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    from: NaiveDate,
    sums: Seen,
}

/// What is told: since when (none: since yesterday), and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub since: Option<DateTime<Utc>>,
    pub what: Seen,
}

#[derive(sqlx::FromRow)]
struct Row {
    looked_at: DateTime<Utc>,
    last: Json<Kept>,
    since: Option<DateTime<Utc>>,
    base: Option<Json<Kept>>,
}

/// What happened since the member last looked; `looks` says that they look now, which is kept. A key has no last look.
pub(crate) async fn told(tx: &mut OrgTx, member: Option<MemberId>, looks: bool) -> Result<Told, sqlx::Error> {
    let now = tx.clock().now();
    let today = now.date_naive();
    let row: Option<Row> = match member {
        Some(member) => {
            sqlx::query_as("select looked_at, last, since, base from centre_looks where org_id = $1 and member_id = $2")
                .bind(tx.org())
                .bind(member)
                .fetch_optional(tx.conn())
                .await?
        }
        None => None,
    };
    let mut base = row.as_ref().and_then(|row| Some((row.since?, row.base.as_ref()?.0)));
    if let Some(row) = &row
        && now - row.looked_at >= AWAY
    {
        base = Some((row.looked_at, row.last.0));
    }
    if let Some(member) = member.filter(|_| looks) {
        let from = today - Days::new(SPAN);
        let last = Kept { from, sums: sums(tx, from).await? };
        keep(tx, member, now, last, base).await?;
    }
    match base {
        Some((since, kept)) => Ok(Told { since: Some(since), what: sums(tx, kept.from).await?.since(kept.sums) }),
        None => Ok(Told { since: None, what: sums(tx, today - Days::new(1)).await? }),
    }
}

async fn keep(
    tx: &mut OrgTx,
    member: MemberId,
    now: DateTime<Utc>,
    last: Kept,
    base: Option<(DateTime<Utc>, Kept)>,
) -> Result<(), sqlx::Error> {
    let (since, base) = base.unzip();
    sqlx::query(
        "insert into centre_looks (org_id, member_id, looked_at, last, since, base) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, member_id) do update set looked_at = excluded.looked_at, last = excluded.last, \
           since = excluded.since, base = excluded.base",
    )
    .bind(tx.org())
    .bind(member)
    .bind(now)
    .bind(Json(last))
    .bind(since)
    .bind(base.map(Json))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The sums from a day on.
async fn sums(tx: &mut OrgTx, from: NaiveDate) -> Result<Seen, sqlx::Error> {
    sqlx::query_as(
        "select a.received, a.answered_alone, a.became_hot, m.leads, m.bookings, m.revenue_minor from ( \
           select coalesce(sum(received), 0)::bigint as received, coalesce(sum(sent_bot), 0)::bigint as answered_alone, \
             coalesce(sum(became_hot), 0)::bigint as became_hot from daily_activity where org_id = $1 and day >= $2) a, ( \
           select coalesce(sum(n) filter (where metric = 'leads'), 0)::bigint as leads, \
             coalesce(sum(n) filter (where metric = 'bookings'), 0)::bigint as bookings, \
             coalesce(sum(amount) filter (where metric = 'revenue'), 0)::bigint as revenue_minor \
           from daily_metrics where org_id = $1 and metric = any('{leads,bookings,revenue}') and day >= $2) m",
    )
    .bind(tx.org())
    .bind(from)
    .fetch_one(tx.conn())
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_is_never_less_than_nothing() {
        let now = Seen { received: 12, leads: 3, revenue_minor: 500, ..Seen::default() };
        let then = Seen { received: 10, leads: 4, ..Seen::default() };
        assert_eq!(now.since(then), Seen { received: 2, revenue_minor: 500, ..Seen::default() });
    }
}
