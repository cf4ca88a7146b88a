//! Reading the ledger: for followers across organisations, and for one subject's timeline.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Actor, Fact, Recorded, Subject};
use crate::db::{Db, OrgTx};
use crate::ids::{EventId, OrgId};

/// A place in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub xact: String,
    pub event: Uuid,
}

#[derive(sqlx::FromRow)]
struct Row {
    org_id: OrgId,
    id: EventId,
    at: DateTime<Utc>,
    kind: String,
    subject_kind: String,
    subject_id: Uuid,
    cause_id: Option<EventId>,
    actor: String,
    payload: Value,
    #[sqlx(default)]
    xact: String,
}

impl Row {
    fn into_recorded(self) -> Recorded {
        Recorded {
            org: self.org_id,
            id: self.id,
            at: self.at,
            subject: Subject::from_row(&self.subject_kind, self.subject_id).unwrap_or(Subject::Org(self.org_id)),
            actor: self.actor.parse().unwrap_or(Actor::System),
            cause: self.cause_id,
            fact: Fact::from_row(&self.kind, self.payload),
        }
    }
}

/// Events after a cursor in the order of their transactions, below the oldest transaction still running, so that a slow
/// commit is never skipped. Returns them with the cursor behind the last.
pub(crate) async fn after(pool: &PgPool, cursor: &Cursor, limit: i64) -> Result<(Vec<Recorded>, Cursor), sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select org_id, id, at, kind, subject_kind, subject_id, cause_id, actor, payload, xact_id::text as xact from events \
         where (xact_id, id) > ($1::xid8, $2) and xact_id < pg_snapshot_xmin(pg_current_snapshot()) \
         order by xact_id, id limit $3",
    )
    .bind(&cursor.xact)
    .bind(cursor.event)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let next =
        rows.last().map_or_else(|| cursor.clone(), |row| Cursor { xact: row.xact.clone(), event: row.id.uuid() });
    Ok((rows.into_iter().map(Row::into_recorded).collect(), next))
}

/// The cursor behind everything committed before now, for readers that want only what comes.
pub async fn tail_start(db: &Db) -> Result<TailCursor, sqlx::Error> {
    let xact: String =
        sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text").fetch_one(db.system_pool()).await?;
    Ok(TailCursor(Cursor { xact, event: Uuid::nil() }))
}

/// A reader's place in the ledger that lives only as long as the reader.
#[derive(Clone, Debug)]
pub struct TailCursor(Cursor);

impl TailCursor {
    /// Reads what was committed since, moving the cursor.
    pub async fn read(&mut self, db: &Db, limit: i64) -> Result<Vec<Recorded>, sqlx::Error> {
        let (events, next) = after(db.system_pool(), &self.0, limit).await?;
        self.0 = next;
        Ok(events)
    }
}

/// The facts of one subject, newest first, below a cursor.
pub async fn timeline(
    tx: &mut OrgTx,
    subject: Subject,
    limit: i64,
    before: Option<EventId>,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select org_id, id, at, kind, subject_kind, subject_id, cause_id, actor, payload, '' as xact from events \
         where org_id = $1 and subject_kind = $2 and subject_id = $3 and ($4::uuid is null or id < $4) \
         order by id desc limit $5",
    )
    .bind(tx.org())
    .bind(subject.kind())
    .bind(subject.id())
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Row::into_recorded).collect())
}
