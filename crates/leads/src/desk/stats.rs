//! `GET /v2/leads/stats`.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

/// How many leads there are.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LeadStats {
    /// Neither won nor lost.
    pub open: i64,
    /// Open leads by `HOT`, `WARM`, `COLD`.
    pub by_tag: BTreeMap<String, i64>,
    /// All leads by stage.
    pub by_stage: BTreeMap<String, i64>,
    /// Made since midnight UTC.
    pub new_today: i64,
    /// Made in the last seven days.
    pub new_7_days: i64,
}

/// Counts leads.
pub async fn count(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<LeadStats, sqlx::Error> {
    let midnight = now - now.time().signed_duration_since(chrono::NaiveTime::MIN);
    let rows: Vec<(String, String, i64, i64, i64, i64)> = sqlx::query_as(
        "select tag, stage, count(*), count(*) filter (where closed_at is null), \
         count(*) filter (where created_at >= $2), count(*) filter (where created_at >= $3) \
         from leads where org_id = $1 group by tag, stage",
    )
    .bind(tx.org())
    .bind(midnight)
    .bind(now - Duration::days(7))
    .fetch_all(tx.conn())
    .await?;
    let mut stats = LeadStats::default();
    for tag in ["HOT", "WARM", "COLD"] {
        stats.by_tag.insert(tag.to_owned(), 0);
    }
    for (tag, stage, all, open, today, week) in rows {
        stats.open += open;
        *stats.by_tag.entry(tag).or_default() += open;
        *stats.by_stage.entry(stage).or_default() += all;
        stats.new_today += today;
        stats.new_7_days += week;
    }
    Ok(stats)
}

/// Count leads by tag and stage.
#[utoipa::path(get, path = "/v2/leads/stats", tag = "leads", responses((status = 200, body = LeadStats)))]
pub(crate) async fn lead_stats(by: Allowed<View>) -> Result<Json<LeadStats>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(count(&mut tx, by.now()).await?))
}
