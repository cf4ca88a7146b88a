//! Imports, what is known about their emails, and the invitations they make, in few statements for many rows.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{InviteId, MemberImportId};
use serde::{Deserialize, Serialize};
use shell::{AppError, Page, Role};
use sqlx::FromRow;
use uuid::Uuid;

use super::decide::{Known, Wanted};
use super::{Counts, ImportOut, RowOut};
use crate::invites::LASTS;

/// What is kept of an import, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) ignored_columns: Vec<String>,
    pub(super) rows: Vec<RowOut>,
}

#[derive(FromRow)]
struct Stored {
    id: MemberImportId,
    created_at: DateTime<Utc>,
    done_at: Option<DateTime<Utc>>,
    rows: i32,
    invited: i32,
    waiting: i32,
    members: i32,
    refused: i32,
    sealed: Vec<u8>,
}

impl Stored {
    fn out(self) -> (ImportOut, Vec<u8>) {
        let Self { id, created_at, done_at, rows, invited, waiting, members, refused, sealed } = self;
        (ImportOut { id, created_at, done_at, counts: Counts { rows, invited, waiting, members, refused } }, sealed)
    }
}

const COLUMNS: &str = "id, created_at, done_at, rows, invited, waiting, members, refused";

/// Where the rows are sealed.
pub(super) fn place(id: MemberImportId) -> String {
    format!("member_imports/{id}/sealed")
}

/// One import of an organisation at a time: two would find the same emails free.
pub(super) async fn lock(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('member_imports/' || $1::text, 0))")
        .bind(tx.org())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What is known about some emails (in lower case).
pub(super) async fn known(tx: &mut OrgTx, emails: &[String], may_own: bool) -> Result<Known, AppError> {
    let members: Vec<(String, String)> = sqlx::query_as(
        "select u.email, m.role from members m join users u on u.id = m.user_id where m.org_id = $1 and u.email = any($2)",
    )
    .bind(tx.org())
    .bind(emails)
    .fetch_all(tx.conn())
    .await?;
    let invites: Vec<(String, String, DateTime<Utc>)> = sqlx::query_as(
        "select email, role, expires_at from invites \
         where org_id = $1 and email = any($2) and accepted_at is null and revoked_at is null",
    )
    .bind(tx.org())
    .bind(emails)
    .fetch_all(tx.conn())
    .await?;
    let teams: Vec<String> =
        sqlx::query_scalar("select name from teams where org_id = $1").bind(tx.org()).fetch_all(tx.conn()).await?;
    let role = |word: &str| word.parse::<Role>().map_err(AppError::internal);
    Ok(Known {
        members: members.into_iter().map(|(email, word)| Ok((email, role(&word)?))).collect::<Result<_, AppError>>()?,
        invites: invites
            .into_iter()
            .map(|(email, word, ends)| Ok((email, (role(&word)?, ends))))
            .collect::<Result<_, AppError>>()?,
        teams: teams.into_iter().map(|name| (name.to_lowercase(), name)).collect(),
        may_own,
    })
}

/// Makes the invitations, ending earlier ones to the same people; gives each its id. The order is that of `wanted`.
pub(super) async fn invite(
    tx: &mut OrgTx,
    wanted: &[Wanted],
    hashes: Vec<Vec<u8>>,
    by: &str,
) -> Result<Vec<InviteId>, sqlx::Error> {
    let now = tx.clock().now();
    let emails: Vec<&str> = wanted.iter().map(|one| one.email.as_str()).collect();
    sqlx::query(
        "update invites set revoked_at = $3 \
         where org_id = $1 and email = any($2) and accepted_at is null and revoked_at is null",
    )
    .bind(tx.org())
    .bind(&emails)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let ids: Vec<InviteId> = wanted.iter().map(|_| InviteId::new(tx.clock())).collect();
    sqlx::query(
        "insert into invites (org_id, id, email, role, name, team, token_hash, invited_by, created_at, expires_at) \
         select $1, n.id, n.email, n.role, n.name, n.team, n.hash, $8, $9, $10 \
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[]) \
         as n (id, email, role, name, team, hash)",
    )
    .bind(tx.org())
    .bind(ids.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>())
    .bind(&emails)
    .bind(wanted.iter().map(|one| one.role.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|one| one.team.as_str()).collect::<Vec<_>>())
    .bind(hashes)
    .bind(by)
    .bind(now)
    .bind(now + LASTS)
    .execute(tx.conn())
    .await?;
    Ok(ids)
}

/// Keeps an import, tried or done; one that was tried before is replaced by what was done.
pub(super) async fn keep(tx: &mut OrgTx, import: &ImportOut, by: &str, sealed: Vec<u8>) -> Result<(), sqlx::Error> {
    let Counts { rows, invited, waiting, members, refused } = import.counts;
    sqlx::query(
        "insert into member_imports \
         (org_id, id, made_by, created_at, done_at, rows, invited, waiting, members, refused, sealed) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (org_id, id) do update \
         set done_at = $5, invited = $7, waiting = $8, members = $9, refused = $10, sealed = $11",
    )
    .bind(tx.org())
    .bind(import.id)
    .bind(by)
    .bind(import.created_at)
    .bind(import.done_at)
    .bind(rows)
    .bind(invited)
    .bind(waiting)
    .bind(members)
    .bind(refused)
    .bind(sealed)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes imports that were tried and never done, and the rows of old ones: they hold people who never joined.
pub(super) async fn sweep(tx: &mut OrgTx, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("delete from member_imports where org_id = $1 and created_at < $2")
        .bind(tx.org())
        .bind(before)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An import with its sealed rows; locked, so that it is done once, when it is about to be done.
pub(super) async fn find(
    tx: &mut OrgTx,
    id: MemberImportId,
    lock: bool,
) -> Result<Option<(ImportOut, Vec<u8>)>, sqlx::Error> {
    let lock = if lock { " for update" } else { "" };
    let query = format!("select {COLUMNS}, sealed from member_imports where org_id = $1 and id = $2{lock}");
    let stored: Option<Stored> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(stored.map(Stored::out))
}

/// The imports, newest first, without their rows.
pub(super) async fn list(tx: &mut OrgTx, page: &Page<MemberImportId>) -> Result<Vec<ImportOut>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS}, ''::bytea as sealed from member_imports \
         where org_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3"
    );
    let stored: Vec<Stored> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(page.after)
        .bind(page.fetch())
        .fetch_all(tx.conn())
        .await?;
    Ok(stored.into_iter().map(|row| row.out().0).collect())
}
