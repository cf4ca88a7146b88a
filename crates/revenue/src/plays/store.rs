//! Rows of plays and enrolments.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use sqlx::FromRow;
use uuid::Uuid;

use super::Recipe;

/// What an organisation chose of a play.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Choice {
    pub play: String,
    pub enabled: bool,
    pub holdout_percent: i32,
    pub message: String,
    pub updated_at: DateTime<Utc>,
}

const CHOICE: &str = "select play, enabled, holdout_percent, message, updated_at from plays where org_id = $1";

/// The choice of one play; none where nobody chose yet. `held` keeps others from it until the transaction ends.
pub(super) async fn choice(tx: &mut OrgTx, play: Recipe, held: bool) -> Result<Option<Choice>, sqlx::Error> {
    let sql = format!("{CHOICE} and play = $2{}", if held { " for update" } else { "" });
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(play.as_str()).fetch_optional(tx.conn()).await
}

/// Every choice.
pub(super) async fn choices(tx: &mut OrgTx) -> Result<Vec<Choice>, sqlx::Error> {
    sqlx::query_as(CHOICE).bind(tx.org()).fetch_all(tx.conn()).await
}

/// Keeps a choice.
pub(super) async fn keep(tx: &mut OrgTx, choice: &Choice) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into plays (org_id, play, enabled, holdout_percent, message, updated_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, play) do update set enabled = excluded.enabled, holdout_percent = excluded.holdout_percent, \
           message = excluded.message, updated_at = excluded.updated_at",
    )
    .bind(tx.org())
    .bind(&choice.play)
    .bind(choice.enabled)
    .bind(choice.holdout_percent)
    .bind(&choice.message)
    .bind(choice.updated_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many leads of each play are in each arm, exempt ones by their reason: play, arm, reason, leads.
pub(super) async fn counts(tx: &mut OrgTx) -> Result<Vec<(String, String, Option<String>, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select play, arm, exempt, count(*) from play_enrolments where org_id = $1 group by play, arm, exempt order by play, arm",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// A lead that took part.
#[derive(Clone, Debug, FromRow)]
pub(super) struct Enrolment {
    pub id: Uuid,
    pub lead: Uuid,
    pub contact: Uuid,
    pub arm: String,
    pub exempt: Option<String>,
    pub action: String,
    pub action_id: Option<Uuid>,
    pub triggered_at: DateTime<Utc>,
    pub enrolled_at: DateTime<Utc>,
    pub acted_at: Option<DateTime<Utc>>,
    pub outcome_minor: i64,
}

/// The newest enrolments of a play.
pub(super) async fn enrolments(tx: &mut OrgTx, play: Recipe, limit: i64) -> Result<Vec<Enrolment>, sqlx::Error> {
    sqlx::query_as(
        "select id, lead, contact, arm, exempt, action, action_id, triggered_at, enrolled_at, acted_at, outcome_minor \
         from play_enrolments where org_id = $1 and play = $2 and hidden_at is null order by enrolled_at desc, id limit $3",
    )
    .bind(tx.org())
    .bind(play.as_str())
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// What an experiment is read from.
#[derive(Clone, Copy, Debug, FromRow)]
pub(super) struct UnitRow {
    pub treated: bool,
    pub stratum: i32,
    pub outcome_minor: i64,
    pub before_minor: i64,
}

/// A lead of an experiment, and of which.
#[derive(Clone, Debug, FromRow)]
pub(super) struct PlayUnitRow {
    pub play: String,
    #[sqlx(flatten)]
    pub unit: UnitRow,
}

/// The randomised leads of every play, of one place or of all, enrolled from one instant and before another.
pub(super) async fn all_units(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<PlayUnitRow>, sqlx::Error> {
    sqlx::query_as(
        "select play, arm = 'treated' as treated, stratum, outcome_minor, before_minor from play_enrolments \
         where org_id = $1 and play = any($2) and arm <> 'exempt' and ($3::uuid is null or location_id = $3) \
           and enrolled_at >= $4 and enrolled_at < $5",
    )
    .bind(tx.org())
    .bind(Recipe::ALL.map(Recipe::as_str).to_vec())
    .bind(location)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// The randomised leads of a play, of one place or of all, enrolled from one instant and before another.
pub(super) async fn units(
    tx: &mut OrgTx,
    play: Recipe,
    location: Option<Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<UnitRow>, sqlx::Error> {
    sqlx::query_as(
        "select arm = 'treated' as treated, stratum, outcome_minor, before_minor from play_enrolments \
         where org_id = $1 and play = $2 and arm <> 'exempt' and ($3::uuid is null or location_id = $3) \
           and enrolled_at >= $4 and enrolled_at < $5",
    )
    .bind(tx.org())
    .bind(play.as_str())
    .bind(location)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// How many randomised leads of a play are still within the window.
pub(super) async fn running(tx: &mut OrgTx, play: Recipe, since: DateTime<Utc>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from play_enrolments where org_id = $1 and play = $2 and arm <> 'exempt' and enrolled_at > $3",
    )
    .bind(tx.org())
    .bind(play.as_str())
    .bind(since)
    .fetch_one(tx.conn())
    .await
}
