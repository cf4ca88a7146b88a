//! Reading the ledger: for followers across organisations, and for one subject's timeline.

use std::num::ParseIntError;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sqlx::PgPool;
use sqlx::types::Json;
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

/// The same in numbers, which compare as the database compares them.
pub(super) type Place = (u64, Uuid);

impl Cursor {
    pub(super) fn at((xact, event): Place) -> Self {
        Self { xact: xact.to_string(), event }
    }

    pub(super) fn place(&self) -> Option<Place> {
        Some((self.xact.parse().ok()?, self.event))
    }
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
    payload: Json<Box<RawValue>>,
    #[sqlx(default)]
    xact: String,
    #[sqlx(default)]
    looked_at: i64,
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
            fact: Fact::from_json(&self.kind, self.payload.0.get()),
        }
    }
}

/// A stretch of the ledger in the order of its transactions.
pub(crate) struct Page {
    /// The events of the wanted kinds.
    pub events: Vec<Recorded>,
    /// The cursor behind the last event, wanted or not.
    pub next: Cursor,
    /// Whether as many events were looked at as were asked for: there is probably more.
    pub full: bool,
    /// Whether nothing was there at all.
    pub empty: bool,
}

/// Looks at events after a cursor in the order of their transactions, below the oldest transaction still running, so that a
/// slow commit is never skipped. Only the wanted kinds are read; the others only move the cursor.
pub(crate) async fn after(
    pool: &PgPool,
    cursor: &Cursor,
    limit: i64,
    kinds: Option<&[&str]>,
) -> Result<Page, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "with page as materialized (\
           select org_id, id, at, kind, subject_kind, subject_id, cause_id, actor, payload, xact_id from events \
           where (xact_id, id) > ($1::xid8, $2) and xact_id < pg_snapshot_xmin(pg_current_snapshot()) \
           order by xact_id, id limit $3) \
         select p.org_id, p.id, p.at, p.kind, p.subject_kind, p.subject_id, p.cause_id, p.actor, p.payload, p.xact_id::text as xact, \
           (select count(*) from page) as looked_at \
         from page p where $4::text[] is null or p.kind = any($4) \
           or (p.xact_id, p.id) = (select l.xact_id, l.id from page l order by l.xact_id desc, l.id desc limit 1) \
         order by p.xact_id, p.id",
    )
    .bind(&cursor.xact)
    .bind(cursor.event)
    .bind(limit)
    .bind(kinds)
    .fetch_all(pool)
    .await?;
    let next =
        rows.last().map_or_else(|| cursor.clone(), |row| Cursor { xact: row.xact.clone(), event: row.id.uuid() });
    let looked_at = rows.last().map_or(0, |row| row.looked_at);
    let events = rows
        .into_iter()
        .filter(|row| kinds.is_none_or(|kinds| kinds.contains(&row.kind.as_str())))
        .map(Row::into_recorded)
        .collect();
    Ok(Page { events, next, full: looked_at >= limit, empty: looked_at == 0 })
}

/// Every event behind a place with its own, in the same order and with the same care as [`after`].
pub(super) async fn placed_after(
    pool: &PgPool,
    (xact, event): Place,
    most: usize,
) -> Result<Vec<(Place, Recorded)>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select org_id, id, at, kind, subject_kind, subject_id, cause_id, actor, payload, xact_id::text as xact from events \
         where (xact_id, id) > ($1::xid8, $2) and xact_id < pg_snapshot_xmin(pg_current_snapshot()) \
         order by xact_id, id limit $3",
    )
    .bind(xact.to_string())
    .bind(event)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let xact: u64 = row.xact.parse().map_err(|error: ParseIntError| sqlx::Error::Decode(error.into()))?;
            Ok(((xact, row.id.uuid()), row.into_recorded()))
        })
        .collect()
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
        let page = db.recent().after(db.system_pool(), &self.0, limit, None).await?;
        self.0 = page.next;
        Ok(page.events)
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
