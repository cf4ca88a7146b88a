//! Invitations.

use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use kernel::ids::InviteId;
use shell::{AppError, Role};
use sqlx::FromRow;

use crate::input::Email;

/// An invitation that waits to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct Invite {
    pub(crate) id: InviteId,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: InviteId,
    email: String,
    role: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for Invite {
    type Error = AppError;

    fn try_from(row: Row) -> Result<Self, AppError> {
        let Row { id, email, role, created_at, expires_at } = row;
        Ok(Self { id, email, role: role.parse().map_err(AppError::internal)?, created_at, expires_at })
    }
}

/// The open invitations, newest first, those that ended included: they can be sent again.
pub(crate) async fn open(tx: &mut OrgTx, before: Option<InviteId>, limit: i64) -> Result<Vec<Invite>, AppError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select id, email, role, created_at, expires_at from invites \
         where org_id = $1 and accepted_at is null and revoked_at is null and ($2::uuid is null or id < $2) \
         order by id desc limit $3",
    )
    .bind(tx.org())
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Invite::try_from).collect()
}

/// The invitation that somebody could accept now.
pub(crate) async fn open_for(tx: &mut OrgTx, email: &Email) -> Result<Option<Invite>, AppError> {
    let now = tx.clock().now();
    let row: Option<Row> = sqlx::query_as(
        "select id, email, role, created_at, expires_at from invites \
         where org_id = $1 and email = $2 and accepted_at is null and revoked_at is null and expires_at > $3",
    )
    .bind(tx.org())
    .bind(email.as_str())
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    row.map(Invite::try_from).transpose()
}

/// Makes an invitation, ending an earlier one to the same person.
pub(crate) async fn add(
    tx: &mut OrgTx,
    email: &Email,
    role: Role,
    (hash, by): (&[u8], &str),
    lasts: Duration,
) -> Result<Invite, sqlx::Error> {
    let (id, now) = (InviteId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "update invites set revoked_at = $3 \
         where org_id = $1 and email = $2 and accepted_at is null and revoked_at is null",
    )
    .bind(tx.org())
    .bind(email.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "insert into invites (org_id, id, email, role, token_hash, invited_by, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(email.as_str())
    .bind(role.as_str())
    .bind(hash)
    .bind(by)
    .bind(now)
    .bind(now + lasts)
    .execute(tx.conn())
    .await?;
    Ok(Invite { id, email: email.to_string(), role, created_at: now, expires_at: now + lasts })
}

/// The team an invitation names.
pub(crate) async fn team_of(tx: &mut OrgTx, id: InviteId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select team from invites where org_id = $1 and id = $2 and team <> ''")
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// An open invitation, those that ended included, locked against being used or sent again meanwhile.
pub(crate) async fn lock_open(tx: &mut OrgTx, id: InviteId) -> Result<Option<Invite>, AppError> {
    let row: Option<Row> = sqlx::query_as(
        "select id, email, role, created_at, expires_at from invites \
         where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null for update",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    row.map(Invite::try_from).transpose()
}

/// Gives an invitation another link and another end.
pub(crate) async fn renew(
    tx: &mut OrgTx,
    id: InviteId,
    hash: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update invites set token_hash = $3, expires_at = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(hash)
        .bind(expires_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Takes an invitation back; false when there is no such open one.
pub(crate) async fn revoke(tx: &mut OrgTx, id: InviteId) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update invites set revoked_at = $3 where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses an invitation up; false when somebody else did, or it ended, a moment ago.
pub(crate) async fn accept(tx: &mut OrgTx, id: InviteId) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update invites set accepted_at = $3 \
         where org_id = $1 and id = $2 and accepted_at is null and revoked_at is null and expires_at > $3",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}
