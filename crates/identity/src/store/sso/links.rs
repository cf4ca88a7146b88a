//! Which person an account of a provider is.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, SsoId, UserId};
use shell::{AppError, Role};
use sqlx::FromRow;

/// A member as an arrival finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) member: MemberId,
    pub(crate) role: Role,
    /// Whether they may not sign in for now.
    pub(crate) suspended: bool,
}

/// The person an account is, locked until the end of the transaction.
pub(crate) async fn find(tx: &mut OrgTx, connection: SsoId, subject: &str) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar(
        "select user_id from sso_links where org_id = $1 and connection_id = $2 and subject = $3 for update",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(subject)
    .fetch_optional(tx.conn())
    .await
}

/// Whether a person has an account of this provider already.
pub(crate) async fn has(tx: &mut OrgTx, connection: SsoId, user: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from sso_links where org_id = $1 and connection_id = $2 and user_id = $3)",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(user)
    .fetch_one(tx.conn())
    .await
}

/// Links an account to a person. The constraints `sso_links_pkey` and `sso_links_person` refuse a second link of either.
pub(crate) async fn add(
    tx: &mut OrgTx,
    connection: SsoId,
    subject: &str,
    user: UserId,
    email: &str,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into sso_links (org_id, connection_id, subject, user_id, email, created_at, seen_at) \
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(subject)
    .bind(user)
    .bind(email)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that an account was used, and under which address.
pub(crate) async fn seen(tx: &mut OrgTx, connection: SsoId, subject: &str, email: &str) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "update sso_links set seen_at = $4, email = coalesce(nullif($5, ''), email) \
         where org_id = $1 and connection_id = $2 and subject = $3",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(subject)
    .bind(now)
    .bind(email)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A link as the settings list it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Linked {
    pub(crate) user_id: UserId,
    pub(crate) name: Option<String>,
    pub(crate) email: String,
    pub(crate) subject: String,
    pub(crate) seen_at: DateTime<Utc>,
}

/// The links of a connection, those used last first. People who are no members any more have no name here.
pub(crate) async fn list(tx: &mut OrgTx, connection: SsoId, limit: i64) -> Result<Vec<Linked>, sqlx::Error> {
    sqlx::query_as(
        "select l.user_id, u.name, l.email, l.subject, l.seen_at from sso_links l left join users u on u.id = l.user_id \
         where l.org_id = $1 and l.connection_id = $2 order by l.seen_at desc limit $3",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// Removes a person's link, so that another account of the provider can become theirs; false when there is none.
pub(crate) async fn remove(tx: &mut OrgTx, connection: SsoId, user: UserId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sso_links where org_id = $1 and connection_id = $2 and user_id = $3")
        .bind(tx.org())
        .bind(connection)
        .bind(user)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes every link of a connection: another issuer has other accounts.
pub(crate) async fn remove_all(tx: &mut OrgTx, connection: SsoId) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("delete from sso_links where org_id = $1 and connection_id = $2")
        .bind(tx.org())
        .bind(connection)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// A person's place, locked against changes, with the email of their account.
pub(crate) async fn place(tx: &mut OrgTx, user: UserId) -> Result<Option<(Place, String)>, AppError> {
    let row: Option<(MemberId, String, bool, String)> = sqlx::query_as(
        "select m.id, m.role, m.suspended_at is not null, u.email from members m join users u on u.id = m.user_id \
         where m.org_id = $1 and m.user_id = $2 for update of m",
    )
    .bind(tx.org())
    .bind(user)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|(member, role, suspended, email)| {
        Ok((Place { member, role: role.parse().map_err(AppError::internal)?, suspended }, email))
    })
    .transpose()
}

/// Whether a person was a member once and was removed or left.
pub(crate) async fn is_former(tx: &mut OrgTx, user: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from former_members where org_id = $1 and user_id = $2)")
        .bind(tx.org())
        .bind(user)
        .fetch_one(tx.conn())
        .await
}
