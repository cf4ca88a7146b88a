//! Members as an identity provider keeps them.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use serde_json::Value;
use sqlx::FromRow;

use crate::scim::sql::{Cond, query};

/// A member with what a provider said about them.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Provisioned {
    pub(crate) id: MemberId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) joined_at: DateTime<Utc>,
    pub(crate) changed_at: Option<DateTime<Utc>>,
    pub(crate) suspended_at: Option<DateTime<Utc>>,
    pub(crate) user_name: Option<String>,
    pub(crate) external_id: Option<String>,
    /// None until a provider wrote this member.
    pub(crate) scim: Option<Value>,
}

/// What a provider's write leaves in the member's row.
pub(crate) struct Written<'a> {
    pub(crate) user_name: &'a str,
    pub(crate) external_id: Option<&'a str>,
    /// In lower case, to search by.
    pub(crate) emails: Vec<String>,
    pub(crate) scim: &'a Value,
}

const COLUMNS: &str = "select m.id, u.name, u.email, m.joined_at, m.changed_at, m.suspended_at, m.user_name, \
     m.external_id, m.scim";
const FROM: &str = " from members m join users u on u.id = m.user_id where m.org_id = ";

/// One member.
pub(crate) async fn find(tx: &mut OrgTx, id: MemberId) -> Result<Option<Provisioned>, sqlx::Error> {
    let query = format!("{COLUMNS}{FROM}$1 and m.id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await
}

/// How many members a condition lets through.
pub(crate) async fn count(tx: &mut OrgTx, cond: &Cond) -> Result<i64, sqlx::Error> {
    if *cond == Cond::Always {
        let all = sqlx::query_scalar("select count(*) from members where org_id = $1");
        return all.bind(tx.org()).fetch_one(tx.conn()).await;
    }
    let mut count = query(tx, &format!("select count(*){FROM}"), cond);
    count.build_query_scalar().fetch_one(tx.conn()).await
}

/// Members that a condition lets through, oldest first.
pub(crate) async fn list(
    tx: &mut OrgTx,
    cond: &Cond,
    skip: usize,
    count: usize,
) -> Result<Vec<Provisioned>, sqlx::Error> {
    let (skip, count) = (i64::try_from(skip).unwrap_or(i64::MAX), i64::try_from(count).unwrap_or(i64::MAX));
    if *cond == Cond::Always {
        // The window is cut from the key alone, so that a late page does not join all the people before it.
        let page = format!(
            "{COLUMNS} from (select id from members where org_id = $1 order by id offset $2 limit $3) k \
             join members m on m.org_id = $1 and m.id = k.id join users u on u.id = m.user_id order by m.id"
        );
        let page = sqlx::query_as(sqlx::AssertSqlSafe(page)).bind(tx.org()).bind(skip).bind(count);
        return page.fetch_all(tx.conn()).await;
    }
    let mut page = query(tx, &format!("{COLUMNS}{FROM}"), cond);
    page.push(" order by m.id offset ").push_bind(skip).push(" limit ").push_bind(count);
    page.build_query_as().fetch_all(tx.conn()).await
}

/// Writes what a provider said. The unique index `members_user_name` refuses a name that another member has.
pub(crate) async fn write(tx: &mut OrgTx, id: MemberId, new: Written<'_>) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "update members set user_name = $3, external_id = $4, emails = $5, scim = $6, changed_at = $7 \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(new.user_name)
    .bind(new.external_id)
    .bind(new.emails)
    .bind(new.scim)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The member with an email, if the organisation has one.
pub(crate) async fn by_email(tx: &mut OrgTx, email: &str) -> Result<Option<MemberId>, sqlx::Error> {
    sqlx::query_scalar(
        "select m.id from members m join users u on u.id = m.user_id where m.org_id = $1 and u.email = $2",
    )
    .bind(tx.org())
    .bind(email)
    .fetch_optional(tx.conn())
    .await
}
