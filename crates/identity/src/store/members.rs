//! People and their places in the organisation.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, UserId};
use shell::{AppError, Page, Role};
use sqlx::FromRow;

use crate::input::Email;

/// A member with the person behind it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) joined_at: DateTime<Utc>,
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// Since when they may not sign in.
    pub(crate) suspended_at: Option<DateTime<Utc>>,
}

impl Member {
    /// Whether nobody else could manage the organisation without this member; `owners` as [`lock_owners`] counted them.
    pub(crate) fn is_last_owner(&self, owners: usize) -> bool {
        self.role == Role::Owner && self.suspended_at.is_none() && owners == 1
    }
}

#[derive(FromRow)]
struct Row {
    id: MemberId,
    user_id: UserId,
    name: String,
    email: String,
    role: String,
    joined_at: DateTime<Utc>,
    seen_at: Option<DateTime<Utc>>,
    suspended_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Member {
    type Error = AppError;

    fn try_from(row: Row) -> Result<Self, AppError> {
        let Row { id, user_id, name, email, role, joined_at, seen_at, suspended_at } = row;
        let role = role.parse().map_err(AppError::internal)?;
        Ok(Self { id, user: user_id, name, email, role, joined_at, seen_at, suspended_at })
    }
}

const SELECT: &str = "select m.id, m.user_id, u.name, u.email, m.role, m.joined_at, m.suspended_at, \
     (select max(s.seen_at) from sessions s where s.org_id = m.org_id and s.user_id = m.user_id) as seen_at \
     from members m join users u on u.id = m.user_id where m.org_id = $1";

/// A page of the members, oldest first.
pub(crate) async fn list(tx: &mut OrgTx, page: &Page<MemberId>) -> Result<Vec<Member>, AppError> {
    let query = format!("{SELECT} and ($2::uuid is null or m.id > $2) order by m.id limit $3");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(page.after)
        .bind(page.fetch())
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Member::try_from).collect()
}

/// One member, locked against other changes until the end of the transaction.
pub(crate) async fn lock(tx: &mut OrgTx, id: MemberId) -> Result<Option<Member>, AppError> {
    let query = format!("{SELECT} and m.id = $2 for update of m");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    row.map(Member::try_from).transpose()
}

/// Whether somebody with this email is a member.
pub(crate) async fn has_email(tx: &mut OrgTx, email: &Email) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from members m join users u on u.id = m.user_id where m.org_id = $1 and u.email = $2)",
    )
    .bind(tx.org())
    .bind(email.as_str())
    .fetch_one(tx.conn())
    .await
}

/// Locks the owners (in one order, so that two who demote one another wait instead of deadlocking) and counts those who are
/// not suspended.
pub(crate) async fn lock_owners(tx: &mut OrgTx) -> Result<usize, sqlx::Error> {
    let active: Vec<bool> = sqlx::query_scalar(
        "select suspended_at is null from members where org_id = $1 and role = 'owner' order by id for update",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    Ok(active.into_iter().filter(|active| *active).count())
}

/// Makes a new person. The constraint `users_email` refuses one whose email is known.
pub(crate) async fn add_user(tx: &mut OrgTx, email: &Email, name: &str, hash: &str) -> Result<UserId, sqlx::Error> {
    let (id, now) = (UserId::new(tx.clock()), tx.clock().now());
    sqlx::query("insert into users (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(email.as_str())
        .bind(name)
        .bind(hash)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Gives a person a place. The constraint `members_once` refuses a second one.
pub(crate) async fn add(tx: &mut OrgTx, user: UserId, role: Role) -> Result<MemberId, sqlx::Error> {
    let (id, now) = (MemberId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "with back as (delete from former_members where org_id = $1 and user_id = $3) \
         insert into members (org_id, id, user_id, role, joined_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(user)
    .bind(role.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    name_user(tx, id).await?;
    Ok(id)
}

/// What identity providers know a member by, until one says otherwise: the email. (A statement of its own: before the member
/// is there, the organisation does not see the person.)
async fn name_user(tx: &mut OrgTx, id: MemberId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update members m set user_name = u.email from users u where m.org_id = $1 and m.id = $2 and u.id = m.user_id \
         and not exists (select 1 from members o where o.org_id = $1 and o.user_key = lower(u.email))",
    )
    .bind(tx.org())
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn set_role(tx: &mut OrgTx, id: MemberId, role: Role) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query("update members set role = $3, changed_at = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(role.as_str())
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(crate) async fn set_suspended(tx: &mut OrgTx, id: MemberId, at: Option<DateTime<Utc>>) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    // A provider that took `active` away sees it again.
    sqlx::query(
        "update members set suspended_at = $3, changed_at = $4, scim = scim - 'active' where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a place away and remembers that the person had it: an identity provider does not bring them back.
pub(crate) async fn remove(tx: &mut OrgTx, id: MemberId) -> Result<(), sqlx::Error> {
    // Their teams change with them, which the cascade does not write down.
    let now = tx.clock().now();
    sqlx::query(
        "update teams set version = version + 1, changed_at = $3 where org_id = $1 \
         and id in (select team_id from team_members where org_id = $1 and member_id = $2)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "with gone as (delete from members where org_id = $1 and id = $2 returning user_id) \
         insert into former_members (org_id, user_id, left_at) select $1, user_id, $3 from gone \
         on conflict (org_id, user_id) do update set left_at = excluded.left_at",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The name of the constraint a statement ran against, if that is why it failed.
pub(crate) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}
