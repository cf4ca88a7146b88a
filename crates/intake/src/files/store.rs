//! The rows of files that wait or are being read.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, UploadId};
use sqlx::types::Json;

use super::look::Layout;
use crate::csv::mapping::{Answers, Mapping};

/// Bytes of an organisation's files that wait or are being read: two of the largest.
const MOST_WAITING: i64 = 100 << 30;
/// Why there is no room.
pub(crate) const FULL: &str = "files of more than 100 GB wait to be read; nothing of this one was kept: have those read first, or send it again \
     when they are gone, which they are after a week";

/// A file.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Upload {
    pub id: UploadId,
    pub connection_id: Option<ConnectionId>,
    pub bytes: i64,
    pub preview: Vec<u8>,
    pub mapping: Option<Json<Mapping>>,
    pub answers: Option<Json<Answers>>,
}

/// Where a preview is sealed.
pub(crate) fn place(id: UploadId) -> String {
    format!("intake_files/{id}/preview")
}

/// A file to keep.
pub(crate) struct NewUpload<'a> {
    pub id: UploadId,
    pub connection: Option<ConnectionId>,
    pub name: &'a str,
    pub bytes: i64,
    pub digest: &'a [u8],
    pub layout: &'a Layout,
    pub preview: Vec<u8>,
    pub by: String,
}

/// Keeps a file.
pub(crate) async fn keep(tx: &mut OrgTx, new: NewUpload<'_>) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_files (org_id, id, connection_id, name, bytes, digest, layout, preview, created_at, made_by) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tx.org())
    .bind(new.id)
    .bind(new.connection)
    .bind(new.name)
    .bind(new.bytes)
    .bind(new.digest)
    .bind(Json(new.layout))
    .bind(new.preview)
    .bind(now)
    .bind(new.by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One file.
pub(crate) async fn find(tx: &mut OrgTx, id: UploadId) -> Result<Option<Upload>, sqlx::Error> {
    sqlx::query_as(
        "select id, connection_id, bytes, preview, mapping, answers from intake_files \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_optional(tx.conn())
    .await
}

/// Writes how a file is to be read.
pub(crate) async fn decide(
    tx: &mut OrgTx,
    id: UploadId,
    mapping: &Mapping,
    answers: &Answers,
) -> Result<(), sqlx::Error> {
    sqlx::query("update intake_files set mapping = $3, answers = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(Json(mapping))
        .bind(Json(answers))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether a run that is not over, or a real one that went well, read the file.
pub(crate) async fn is_taken(tx: &mut OrgTx, id: UploadId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from intake_runs where org_id = $1 and file_id = $2 \
           and (finished_at is null or (state = 'done' and not dry_run)))",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_one(tx.conn())
    .await
}

/// Whether there is room for another file: the disk is everybody's, and files that wait stay a week.
pub(crate) async fn has_room(tx: &mut OrgTx) -> Result<bool, sqlx::Error> {
    let waiting: i64 = sqlx::query_scalar(
        "select coalesce(sum(f.bytes), 0)::bigint from intake_files f where f.org_id = $1 and not exists (select from intake_runs r \
           where r.org_id = f.org_id and r.file_id = f.id and r.state = 'done' and not r.dry_run)",
    )
    .bind(tx.org())
    .fetch_one(tx.conn())
    .await?;
    Ok(waiting < MOST_WAITING)
}

/// The organisation's time zone; UTC where it has none that we know.
pub(crate) async fn zone(tx: &mut OrgTx) -> Result<Tz, sqlx::Error> {
    let name: Option<String> = sqlx::query_scalar("select time_zone from organisations where id = $1")
        .bind(tx.org())
        .fetch_optional(tx.conn())
        .await?;
    Ok(name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC))
}

/// Takes the rows of files that were made before an instant and that no run is reading; gives their ids.
pub(crate) async fn sweep(tx: &mut OrgTx, before: DateTime<Utc>) -> Result<Vec<UploadId>, sqlx::Error> {
    sqlx::query_scalar(
        "delete from intake_files f where f.org_id = $1 and f.created_at < $2 and not exists (select from intake_runs r \
           where r.org_id = f.org_id and r.file_id = f.id and r.finished_at is null) returning f.id",
    )
    .bind(tx.org())
    .bind(before)
    .fetch_all(tx.conn())
    .await
}
