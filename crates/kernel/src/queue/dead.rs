//! Dead letters: listed, inspected, retried by hand or every 15 minutes, archived and removed after 7 days.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::Clock;
use crate::db::{Db, OrgTx};
use crate::ids::{JobId, OrgId};

/// How often the machine tries a dead job again by itself.
const AUTOMATIC_RETRIES: i32 = 8;

/// A job after its last failure.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct DeadLetter {
    /// The organisation it worked for.
    pub org_id: OrgId,
    /// Its identity.
    pub id: JobId,
    /// Its lane's name.
    pub lane: String,
    /// Its kind.
    pub kind: String,
    /// Its order key.
    pub key: Option<String>,
    /// What it was to work on.
    pub payload: Value,
    /// How often it was tried.
    pub attempts: i32,
    /// How often a worker died on it.
    pub crashes: i32,
    /// Its last error.
    pub error: String,
    /// When it was first enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// When it died.
    pub died_at: DateTime<Utc>,
    /// How often it was retried since.
    pub retries: i32,
}

/// The organisation's dead letters, newest first, below a cursor.
pub async fn list_dead(tx: &mut OrgTx, limit: i64, before: Option<JobId>) -> Result<Vec<DeadLetter>, sqlx::Error> {
    sqlx::query_as(
        "select org_id, id, lane, kind, key, payload, attempts, crashes, error, enqueued_at, died_at, retries from dead_letters \
         where org_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
    )
    .bind(tx.org())
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Puts one dead letter of the organisation back to work; false when there is none of that id.
pub async fn retry_dead(tx: &mut OrgTx, id: JobId) -> Result<bool, sqlx::Error> {
    let revived = sqlx::query(
        "with risen as (delete from dead_letters where org_id = $1 and id = $2 returning *) \
         insert into jobs (org_id, id, lane, kind, key, payload, last_error, enqueued_at, revivals) \
         select org_id, id, lane, kind, key, payload, error, enqueued_at, retries + 1 from risen",
    )
    .bind(tx.org())
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(revived.rows_affected() == 1)
}

/// Puts dead letters older than 15 minutes back to work, a few times at most; returns how many.
pub async fn retry_due_dead(db: &Db) -> Result<u64, sqlx::Error> {
    let revived = sqlx::query(
        "with due as (delete from dead_letters where died_at < now() - interval '15 minutes' and retries < $1 \
           and lane <> 'follower' returning *) \
         insert into jobs (org_id, id, lane, kind, key, payload, last_error, enqueued_at, revivals) \
         select org_id, id, lane, kind, key, payload, error, enqueued_at, retries + 1 from due",
    )
    .bind(AUTOMATIC_RETRIES)
    .execute(db.system_pool())
    .await?;
    Ok(revived.rows_affected())
}

/// Writes dead letters older than 7 days to a file of the archive and removes them; returns how many.
pub async fn archive_dead(db: &Db, clock: &Clock, archive: &Path) -> anyhow::Result<usize> {
    let mut tx = db.system_pool().begin().await?;
    let old: Vec<DeadLetter> = sqlx::query_as(
        "delete from dead_letters where died_at < now() - interval '7 days' \
         returning org_id, id, lane, kind, key, payload, attempts, crashes, error, enqueued_at, died_at, retries",
    )
    .fetch_all(&mut *tx)
    .await?;
    if !old.is_empty() {
        tokio::fs::create_dir_all(archive).await?;
        let path = archive.join(format!("dead-letters-{}.jsonl", clock.now().format("%Y-%m-%d")));
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
        for letter in &old {
            file.write_all(serde_json::to_string(letter)?.as_bytes()).await?;
            file.write_all(b"\n").await?;
        }
        file.sync_all().await?;
    }
    tx.commit().await?;
    Ok(old.len())
}
