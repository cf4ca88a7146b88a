//! What an organisation may spend on models: its plan's limits, lowered or raised by its own.

use kernel::db::OrgTx;

/// Tokens count question and answer; micros are millionths of a US dollar; `None` is no limit.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Limits {
    /// Tokens of a calendar day (UTC).
    pub tokens_day: Option<i64>,
    /// Tokens of a calendar month (UTC).
    pub tokens_month: Option<i64>,
    /// Money of a day.
    pub micros_day: Option<i64>,
    /// Money of a month.
    pub micros_month: Option<i64>,
    /// Tokens of one conversation, ever.
    pub tokens_conversation: Option<i64>,
    /// Tokens of one turn.
    pub tokens_turn: Option<i64>,
    /// Calls of models in one turn.
    pub calls_turn: i64,
    /// Tools called in one turn.
    pub tools_turn: i64,
}

/// Reads the limits of the transaction's organisation.
pub async fn read(tx: &mut OrgTx) -> Result<Limits, sqlx::Error> {
    let org = tx.org();
    sqlx::query_as(
        "select coalesce(l.tokens_day, p.tokens_day) as tokens_day,
                coalesce(l.tokens_month, p.tokens_month) as tokens_month,
                coalesce(l.micros_day, p.micros_day) as micros_day,
                coalesce(l.micros_month, p.micros_month) as micros_month,
                coalesce(l.tokens_conversation, p.tokens_conversation) as tokens_conversation,
                coalesce(l.tokens_turn, p.tokens_turn) as tokens_turn,
                coalesce(l.calls_turn, p.calls_turn) as calls_turn,
                coalesce(l.tools_turn, p.tools_turn) as tools_turn
         from organisations o
         join ai_plan_limits p on p.plan = o.plan
         left join ai_limits l on l.org_id = o.id
         where o.id = $1",
    )
    .bind(org)
    .fetch_one(tx.conn())
    .await
}

/// Sets the organisation's own limits; an empty one falls back to the plan's.
pub async fn set(tx: &mut OrgTx, own: &OwnLimits) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into ai_limits (org_id, tokens_day, tokens_month, micros_day, micros_month, tokens_conversation, tokens_turn,
             calls_turn, tools_turn, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (org_id) do update set (tokens_day, tokens_month, micros_day, micros_month, tokens_conversation,
             tokens_turn, calls_turn, tools_turn, updated_at) = row(excluded.tokens_day, excluded.tokens_month,
             excluded.micros_day, excluded.micros_month, excluded.tokens_conversation, excluded.tokens_turn,
             excluded.calls_turn, excluded.tools_turn, excluded.updated_at)",
    )
    .bind(org)
    .bind(own.tokens_day)
    .bind(own.tokens_month)
    .bind(own.micros_day)
    .bind(own.micros_month)
    .bind(own.tokens_conversation)
    .bind(own.tokens_turn)
    .bind(own.calls_turn)
    .bind(own.tools_turn)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An organisation's own limits; `None` means the plan's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnLimits {
    /// See [`Limits`].
    pub tokens_day: Option<i64>,
    /// See [`Limits`].
    pub tokens_month: Option<i64>,
    /// See [`Limits`].
    pub micros_day: Option<i64>,
    /// See [`Limits`].
    pub micros_month: Option<i64>,
    /// See [`Limits`].
    pub tokens_conversation: Option<i64>,
    /// See [`Limits`].
    pub tokens_turn: Option<i64>,
    /// See [`Limits`].
    pub calls_turn: Option<i64>,
    /// See [`Limits`].
    pub tools_turn: Option<i64>,
}
