//! Who waits for an answer now, for those who tell of it through the wiring. It names nobody: whoever may open a conversation
//! sees whose it is.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ConversationId;

/// How many of those who wait longest are told apart.
const SHOWN: i64 = 5;

/// Who waits, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Open conversations whose newest question has no answer that says something.
    pub waiting: i64,
    /// Open conversations that need a person.
    pub need_person: i64,
    /// Of those that wait, for an hour or longer.
    pub over_an_hour: i64,
    /// Conversations in which we wrote today, by the organisation's clock, and which wait no more.
    pub answered_today: i64,
    /// Those that wait longest, the longest first; five at most.
    pub longest: Vec<Waiting>,
}

/// A conversation that waits.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// Which.
    pub conversation: ConversationId,
    /// The kind of its channel, such as `whatsapp`.
    pub channel: String,
    /// When the oldest question without an answer came.
    pub since: DateTime<Utc>,
    /// Whether a person is asked for.
    pub needs_person: bool,
}

/// Who waits at an instant. What is snoozed or closed waits for nobody.
pub async fn waits(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<Waits, sqlx::Error> {
    let (waiting, need_person, over_an_hour): (i64, i64, i64) = sqlx::query_as(
        "select count(*) filter (where waiting_since is not null), count(*) filter (where status = 'needs_human'), \
           count(*) filter (where waiting_since <= $2::timestamptz - interval '1 hour') \
         from conversations where org_id = $1 and status in ('open', 'needs_human')",
    )
    .bind(tx.org())
    .bind(now)
    .fetch_one(tx.conn())
    .await?;
    // An answer of today leaves a thread that moved within ten seconds where it stood: that may be before midnight.
    let answered_today: i64 = sqlx::query_scalar(
        "select count(*) from (select date_trunc('day', $2::timestamptz at time zone o.zone) at time zone o.zone as midnight \
             from (select coalesce((select time_zone from organisations where id = $1), 'UTC') as zone) o) m \
           join conversations c on c.org_id = $1 and c.last_message_at >= m.midnight - interval '10 seconds' \
             and c.last_outbound_at >= m.midnight and c.waiting_since is null",
    )
    .bind(tx.org())
    .bind(now)
    .fetch_one(tx.conn())
    .await?;
    let longest: Vec<Waiting> = sqlx::query_as(
        "select id as conversation, channel_kind as channel, waiting_since as since, status = 'needs_human' as needs_person \
         from conversations where org_id = $1 and status in ('open', 'needs_human') and waiting_since is not null \
         order by waiting_since, id limit $2",
    )
    .bind(tx.org())
    .bind(SHOWN)
    .fetch_all(tx.conn())
    .await?;
    Ok(Waits { waiting, need_person, over_an_hour, answered_today, longest })
}
