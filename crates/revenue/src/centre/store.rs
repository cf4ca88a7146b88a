//! What the command centre reads: roll-ups and open waits, never messages.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId};
use uuid::Uuid;

/// One day on one channel.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the columns of the roll-up: `day` is the date")]
pub(super) struct Day {
    pub day: NaiveDate,
    pub channel: String,
    pub received: i64,
    pub sent_bot: i64,
    pub sent_person: i64,
    pub answered: i64,
    pub answered_5min: i64,
    pub leads: i64,
    pub became_hot: i64,
}

/// The days from one on, oldest first.
pub(super) async fn days(tx: &mut OrgTx, from: NaiveDate) -> Result<Vec<Day>, sqlx::Error> {
    sqlx::query_as(
        "select day, channel, received, sent_bot, sent_person, answered, answered_5min, leads, became_hot from daily_activity \
         where org_id = $1 and day >= $2 order by day, channel",
    )
    .bind(tx.org())
    .bind(from)
    .fetch_all(tx.conn())
    .await
}

/// The histogram of waits from a day on: bucket and answers.
pub(super) async fn waits(tx: &mut OrgTx, from: NaiveDate, before: NaiveDate) -> Result<Vec<(i16, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select bucket, sum(answers)::bigint from daily_waits where org_id = $1 and day >= $2 and day < $3 group by bucket order by bucket",
    )
    .bind(tx.org())
    .bind(from)
    .bind(before)
    .fetch_all(tx.conn())
    .await
}

/// Somebody who waits.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Waiting {
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub channel: String,
    pub since: DateTime<Utc>,
    pub reason: Option<String>,
}

/// Who has waited longest.
pub(super) async fn waiting(tx: &mut OrgTx, limit: i64) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select conversation_id, contact_id, channel, since, reason from open_waits where org_id = $1 and hidden_at is null order by since, conversation_id limit $2",
    )
    .bind(tx.org())
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// How many wait, and for how many of them the bot asked for a person.
pub(super) async fn count_waiting(tx: &mut OrgTx) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as("select count(*), count(reason) from open_waits where org_id = $1 and hidden_at is null")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await
}

/// Open leads by tag.
pub(super) async fn leads_by_tag(tx: &mut OrgTx) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select tag, count(*) from lead_temperatures where org_id = $1 and is_open and hidden_at is null group by tag",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// A line of the feed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct FeedRow {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: Uuid,
    pub payload: serde_json::Value,
}

/// The newest facts worth telling.
pub(super) async fn feed(tx: &mut OrgTx, limit: i64) -> Result<Vec<FeedRow>, sqlx::Error> {
    sqlx::query_as(
        "select at, kind, subject_kind, subject_id, payload from events where org_id = $1 and kind = any($2) \
         and id >= recoup_uuid_floor(now() - interval '7 days') order by id desc limit $3",
    )
    .bind(tx.org())
    .bind(super::page::TOLD)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
