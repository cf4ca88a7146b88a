//! Which questions are asked: the program's own, or what the desk published. A published version never changes, so that what was
//! begun with it ends with it.

mod checks;

use std::sync::{Arc, LazyLock};

use kernel::db::OrgTx;
use sqlx::types::Json;

pub(crate) use checks::check;

use super::model::{Config, Question};

/// The version of the program's own.
pub(crate) const BUILT_IN: i32 = 0;

static OWN: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let config = serde_json::from_str(include_str!("../../content/audit.json"));
    Arc::new(config.expect("the program's own audit is read by a test"))
});

/// The program's own.
pub(crate) fn built_in() -> Arc<Config> {
    OWN.clone()
}

/// A version that was published, or that the transaction may preview.
pub(crate) async fn read(tx: &mut OrgTx, version: i32) -> Result<Option<Arc<Config>>, sqlx::Error> {
    if version == BUILT_IN {
        return Ok(Some(built_in()));
    }
    let org = tx.org();
    let row: Option<(Json<Config>,)> =
        sqlx::query_as("select config from site_audit_versions where org_id = $1 and version = $2")
            .bind(org)
            .bind(version)
            .fetch_optional(tx.conn())
            .await?;
    Ok(row.map(|(config,)| Arc::new(config.0)))
}

/// What new audits are begun with, and its version.
pub(crate) async fn current(tx: &mut OrgTx) -> Result<(i32, Arc<Config>), sqlx::Error> {
    newest(tx, "published").await.map(|found| found.unwrap_or_else(|| (BUILT_IN, built_in())))
}

/// What the desk is working on; a visitor's transaction sees it with the token of its preview alone.
pub(crate) async fn draft(tx: &mut OrgTx) -> Result<Option<(i32, Arc<Config>)>, sqlx::Error> {
    newest(tx, "draft").await
}

async fn newest(tx: &mut OrgTx, state: &str) -> Result<Option<(i32, Arc<Config>)>, sqlx::Error> {
    let org = tx.org();
    let row: Option<(i32, Json<Config>)> = sqlx::query_as(
        "select version, config from site_audit_versions where org_id = $1 and state = $2 order by version desc limit 1",
    )
    .bind(org)
    .bind(state)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(version, config)| (version, Arc::new(config.0))))
}

impl Config {
    /// All questions, in the order in which they are asked.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &Question> {
        self.steps.iter().flat_map(|step| &step.questions)
    }
}
