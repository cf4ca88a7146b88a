//! Experiments in the database.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ExperimentId;
use kernel::ledger::Actor;
use sqlx::types::Json;

use super::form::Plan;
use crate::tally::Variant;

/// The most of one site that are listed.
const MOST: i64 = 200;

/// An experiment.
pub(super) struct Experiment {
    pub id: ExperimentId,
    pub plan: Plan,
    pub state: String,
    pub decision: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ExperimentId,
    name: String,
    page: String,
    goal: String,
    variants: Json<Vec<Variant>>,
    baseline: f64,
    smallest_effect: f64,
    needed: i64,
    state: String,
    decision: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Row> for Experiment {
    fn from(row: Row) -> Self {
        let plan = Plan {
            name: row.name,
            page: row.page,
            goal: row.goal,
            variants: row.variants.0,
            baseline: row.baseline,
            effect: row.smallest_effect,
            needed: u64::try_from(row.needed).unwrap_or_default(),
        };
        Self {
            id: row.id,
            plan,
            state: row.state,
            decision: row.decision,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

/// All of a site, those that run first.
pub(super) async fn all(tx: &mut OrgTx) -> Result<Vec<Experiment>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, name, page, goal, variants, baseline, smallest_effect, needed, state, decision, created_at, started_at, \
         ended_at from site_experiments where org_id = $1 \
         order by array_position(array['running', 'draft', 'stopped'], state), created_at desc limit $2",
    )
    .bind(tx.org())
    .bind(MOST)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Experiment::from).collect())
}

/// One, locked until the transaction ends.
pub(super) async fn held(tx: &mut OrgTx, id: ExperimentId) -> Result<Option<Experiment>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select id, name, page, goal, variants, baseline, smallest_effect, needed, state, decision, created_at, started_at, \
         ended_at from site_experiments where org_id = $1 and id = $2 for update",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Experiment::from))
}

/// Writes a draft down, new or changed.
pub(super) async fn keep(tx: &mut OrgTx, id: ExperimentId, plan: &Plan, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into site_experiments (org_id, id, name, page, goal, variants, baseline, smallest_effect, needed, by_actor, \
         created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (org_id, id) do update set name = $3, \
         page = $4, goal = $5, variants = $6, baseline = $7, smallest_effect = $8, needed = $9",
    )
    .bind(org)
    .bind(id)
    .bind(&plan.name)
    .bind(&plan.page)
    .bind(&plan.goal)
    .bind(Json(&plan.variants))
    .bind(plan.baseline)
    .bind(plan.effect)
    .bind(i64::try_from(plan.needed).unwrap_or(i64::MAX))
    .bind(by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The experiment that runs on a page; the rows of the page are locked, so that two cannot start at once.
pub(super) async fn running_on(tx: &mut OrgTx, page: &str) -> Result<Option<String>, sqlx::Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select name, state from site_experiments where org_id = $1 and page = $2 order by id for update",
    )
    .bind(tx.org())
    .bind(page)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().find(|(_, state)| state == "running").map(|(name, _)| name))
}

/// Lets an experiment begin.
pub(super) async fn start(tx: &mut OrgTx, id: ExperimentId) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("update site_experiments set state = 'running', started_at = $3 where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends an experiment, with what was decided.
pub(super) async fn stop(tx: &mut OrgTx, id: ExperimentId, decision: &str) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_experiments set state = 'stopped', ended_at = $3, decision = nullif($4, '') where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(now)
    .bind(decision)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a draft.
pub(super) async fn remove(tx: &mut OrgTx, id: ExperimentId) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query("delete from site_experiments where org_id = $1 and id = $2 and state = 'draft'")
        .bind(org)
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Visitors of each wording, and those of them who reached the goal.
pub(super) async fn counts(tx: &mut OrgTx, id: ExperimentId, variants: usize) -> Result<Vec<(u64, u64)>, sqlx::Error> {
    let rows: Vec<(i16, i64, i64)> = sqlx::query_as(
        "select variant, count(*), count(*) filter (where reached) from site_exposures \
         where org_id = $1 and experiment_id = $2 group by variant",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    let mut counts = vec![(0, 0); variants];
    for (variant, shown, reached) in rows {
        if let Some(count) = usize::try_from(variant).ok().and_then(|place| counts.get_mut(place)) {
            *count = (shown.unsigned_abs(), reached.unsigned_abs());
        }
    }
    Ok(counts)
}
