//! Spending: set aside before a call, settled after it, in PostgreSQL, so that a hard cap holds for parallel calls.
//!
//! Rules a newcomer would break:
//! - What is set aside is an upper bound of the call ([`super::tokens`]), so used + set aside never passes a cap.
//! - Rows are locked in the order of (scope, period) everywhere: parallel calls wait for one another, never deadlock.
//! - A call whose outcome is unknown is settled in full; so is a reservation nobody settled (a crash) after ten minutes.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use kernel::db::{Db, OrgTx};
use kernel::ids::{ConversationId, OrgId};
use uuid::Uuid;

use super::limits::{self, Limits};

/// After this a reservation belongs to a call that died; its tokens are counted as used.
const ABANDONED: Duration = Duration::minutes(10);

/// What a call may cost at most, or did cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Question and answer.
    pub tokens: i64,
    /// Millionths of a US dollar.
    pub micros: i64,
}

/// For whom a call is made.
#[derive(Debug, Clone, Copy)]
pub struct Spender {
    /// The organisation.
    pub org: OrgId,
    /// The conversation, where there is one.
    pub conversation: Option<ConversationId>,
    /// The turn: a message, or a decision of its own; work that answers nobody (indexing) has none.
    pub turn: Option<Uuid>,
}

/// What is asked for at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claim {
    /// At most this.
    pub cost: Cost,
    /// Counts against the calls of the turn.
    pub calls: i64,
    /// Counts against the tools of the turn.
    pub tools: i64,
    /// The most calls this kind of work may make in a turn, where that is lower than the limit.
    pub most_calls: Option<i64>,
}

/// What was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    org: OrgId,
    id: Uuid,
    /// What was set aside.
    pub cost: Cost,
}

/// A limit that a call would pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {scope} limit of {what} is used up")]
pub struct OverBudget {
    /// `day`, `month`, `conversation` or `turn`.
    pub scope: String,
    /// `tokens`, `money`, `calls` or `tools`.
    pub what: &'static str,
    /// When it is full again, where it ever is.
    pub resets_at: Option<DateTime<Utc>>,
}

/// Why nothing could be set aside.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// A limit.
    #[error(transparent)]
    Over(#[from] OverBudget),
    /// The database.
    #[error("the budget cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

struct Row {
    scope: &'static str,
    period: String,
    tokens_cap: Option<i64>,
    micros_cap: Option<i64>,
    calls_cap: Option<i64>,
    tools_cap: Option<i64>,
}

/// Sets aside what a call may cost, or says which limit it would pass.
pub async fn reserve(
    db: &Db,
    spender: &Spender,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<Reservation, ReserveError> {
    let mut tx = db.begin(spender.org).await?;
    let limits = limits::read(&mut tx).await?;
    settle_abandoned(&mut tx, now).await?;
    let rows = rows(spender, &limits, claim.most_calls, now);
    let taken = take(&mut tx, &rows, claim, now).await?;
    if let Some(row) = rows.iter().find(|row| !taken.iter().any(|scope| scope == row.scope)) {
        return Err(over(&mut tx, row, claim, now).await?.into());
    }
    let reservation = Reservation { org: spender.org, id: kernel::ids::DecisionId::at(now).uuid(), cost: claim.cost };
    if claim.cost != Cost::default() {
        sqlx::query("insert into ai_reservations (org_id, id, at, scopes, periods, tokens, micros) values ($1, $2, $3, $4, $5, $6, $7)")
            .bind(spender.org)
            .bind(reservation.id)
            .bind(now)
            .bind(rows.iter().map(|row| row.scope).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.period.as_str()).collect::<Vec<_>>())
            .bind(claim.cost.tokens)
            .bind(claim.cost.micros)
            .execute(tx.conn())
            .await?;
    }
    tx.commit().await?;
    Ok(reservation)
}

/// Replaces what was set aside by what it did cost. Settling twice changes nothing.
pub async fn settle(db: &Db, reservation: Reservation, actual: Cost, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let mut tx = db.begin(reservation.org).await?;
    settle_in(&mut tx, reservation.id, Some(actual), now).await?;
    tx.commit().await
}

/// What a day or month has used and set aside.
pub async fn spent(tx: &mut OrgTx, scope: &str, period: &str) -> Result<(Cost, Cost), sqlx::Error> {
    let org = tx.org();
    let row: Option<(i64, i64, i64, i64)> = sqlx::query_as(
        "select tokens_used, micros_used, tokens_reserved, micros_reserved from ai_spend where org_id = $1 and scope = $2 and period = $3",
    )
    .bind(org)
    .bind(scope)
    .bind(period)
    .fetch_optional(tx.conn())
    .await?;
    let (tokens, micros, tokens_aside, micros_aside) = row.unwrap_or_default();
    Ok((Cost { tokens, micros }, Cost { tokens: tokens_aside, micros: micros_aside }))
}

/// Lets go of turns that ended long ago; days, months and conversations stay, as they are shown.
pub async fn tidy(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let org = tx.org();
    let done = sqlx::query("delete from ai_spend where org_id = $1 and scope = 'turn' and updated_at < $2")
        .bind(org)
        .bind(now - Duration::days(7))
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// The name of the day in `ai_spend`.
pub fn day(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%d").to_string()
}

/// The name of the month in `ai_spend`.
pub fn month(now: DateTime<Utc>) -> String {
    now.format("%Y-%m").to_string()
}

/// The rows a call counts against, in their locking order.
fn rows(spender: &Spender, limits: &Limits, most_calls: Option<i64>, now: DateTime<Utc>) -> Vec<Row> {
    let row = |scope, period, tokens_cap, micros_cap| Row {
        scope,
        period,
        tokens_cap,
        micros_cap,
        calls_cap: None,
        tools_cap: None,
    };
    let mut rows = Vec::with_capacity(4);
    if let Some(conversation) = spender.conversation {
        rows.push(row("conversation", conversation.uuid().to_string(), limits.tokens_conversation, None));
    }
    rows.push(row("day", day(now), limits.tokens_day, limits.micros_day));
    rows.push(row("month", month(now), limits.tokens_month, limits.micros_month));
    if let Some(turn) = spender.turn {
        let calls = most_calls.map_or(limits.calls_turn, |most| most.min(limits.calls_turn));
        let turn = row("turn", turn.to_string(), limits.tokens_turn, None);
        rows.push(Row { calls_cap: Some(calls), tools_cap: Some(limits.tools_turn), ..turn });
    }
    rows
}

/// Adds the claim to every row that stays within its caps; gives the scopes of those rows.
async fn take(tx: &mut OrgTx, rows: &[Row], claim: Claim, now: DateTime<Utc>) -> Result<Vec<String>, sqlx::Error> {
    let org = tx.org();
    sqlx::query_scalar(
        "insert into ai_spend as s (org_id, scope, period, tokens_reserved, micros_reserved, calls, tools, updated_at)
         select $1, r.scope, r.period, $8, $9, $10, $11, $12
         from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
              as r(scope, period, tokens_cap, micros_cap, calls_cap, tools_cap)
         where ($8 <= r.tokens_cap or r.tokens_cap is null) and ($9 <= r.micros_cap or r.micros_cap is null)
           and ($10 <= r.calls_cap or r.calls_cap is null) and ($11 <= r.tools_cap or r.tools_cap is null)
         order by r.scope, r.period
         on conflict (org_id, scope, period) do update set
             tokens_reserved = s.tokens_reserved + $8, micros_reserved = s.micros_reserved + $9,
             calls = s.calls + $10, tools = s.tools + $11, updated_at = $12
         where exists (
             select from unnest($2::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
                  as r(scope, tokens_cap, micros_cap, calls_cap, tools_cap)
             where r.scope = s.scope
               and (r.tokens_cap is null or s.tokens_used + s.tokens_reserved + $8 <= r.tokens_cap)
               and (r.micros_cap is null or s.micros_used + s.micros_reserved + $9 <= r.micros_cap)
               and (r.calls_cap is null or s.calls + $10 <= r.calls_cap)
               and (r.tools_cap is null or s.tools + $11 <= r.tools_cap))
         returning s.scope",
    )
    .bind(org)
    .bind(rows.iter().map(|row| row.scope).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.period.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.tokens_cap).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.micros_cap).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.calls_cap).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.tools_cap).collect::<Vec<_>>())
    .bind(claim.cost.tokens)
    .bind(claim.cost.micros)
    .bind(claim.calls)
    .bind(claim.tools)
    .bind(now)
    .fetch_all(tx.conn())
    .await
}

/// Says which cap of a row the claim would pass.
async fn over(tx: &mut OrgTx, row: &Row, claim: Claim, now: DateTime<Utc>) -> Result<OverBudget, sqlx::Error> {
    let org = tx.org();
    let used: Option<(i64, i64, i64)> = sqlx::query_as(
        "select tokens_used + tokens_reserved, micros_used + micros_reserved, calls
         from ai_spend where org_id = $1 and scope = $2 and period = $3",
    )
    .bind(org)
    .bind(row.scope)
    .bind(&row.period)
    .fetch_optional(tx.conn())
    .await?;
    let (tokens, micros, calls) = used.unwrap_or_default();
    let passes = |used: i64, asked: i64, cap: Option<i64>| cap.is_some_and(|cap| used + asked > cap);
    let what = if passes(tokens, claim.cost.tokens, row.tokens_cap) {
        "tokens"
    } else if passes(micros, claim.cost.micros, row.micros_cap) {
        "money"
    } else if passes(calls, claim.calls, row.calls_cap) {
        "calls"
    } else {
        "tools"
    };
    Ok(OverBudget { scope: row.scope.to_owned(), what, resets_at: resets_at(row.scope, now) })
}

fn resets_at(scope: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = now.date_naive();
    let next = match scope {
        "day" => today.succ_opt()?,
        "month" if today.month() == 12 => NaiveDate::from_ymd_opt(today.year() + 1, 1, 1)?,
        "month" => NaiveDate::from_ymd_opt(today.year(), today.month() + 1, 1)?,
        _ => return None,
    };
    Some(next.and_hms_opt(0, 0, 0)?.and_utc())
}

async fn settle_abandoned(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let org = tx.org();
    let abandoned: Vec<Uuid> =
        sqlx::query_scalar("select id from ai_reservations where org_id = $1 and at < $2 order by id")
            .bind(org)
            .bind(now - ABANDONED)
            .fetch_all(tx.conn())
            .await?;
    for id in abandoned {
        settle_in(tx, id, None, now).await?;
    }
    Ok(())
}

/// Settles one reservation; with no actual cost, what was set aside counts as used.
async fn settle_in(tx: &mut OrgTx, id: Uuid, actual: Option<Cost>, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let org = tx.org();
    // The locks come first and in order; whoever deletes the reservation is the one that settles it.
    sqlx::query(
        "select from ai_spend s
         where s.org_id = $1 and (s.scope, s.period) in (
             select * from unnest((select scopes from ai_reservations where org_id = $1 and id = $2),
                                  (select periods from ai_reservations where org_id = $1 and id = $2)))
         order by s.scope, s.period for update",
    )
    .bind(org)
    .bind(id)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "with gone as (delete from ai_reservations where org_id = $1 and id = $2 returning *)
         update ai_spend s set
             tokens_reserved = s.tokens_reserved - g.tokens, tokens_used = s.tokens_used + coalesce($3, g.tokens),
             micros_reserved = s.micros_reserved - g.micros, micros_used = s.micros_used + coalesce($4, g.micros),
             updated_at = $5
         from gone g, unnest(g.scopes, g.periods) as r(scope, period)
         where s.org_id = $1 and s.scope = r.scope and s.period = r.period",
    )
    .bind(org)
    .bind(id)
    .bind(actual.map(|cost| cost.tokens))
    .bind(actual.map(|cost| cost.micros))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
