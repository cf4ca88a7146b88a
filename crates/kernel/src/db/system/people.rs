//! Changing the one list of people from within an organisation: what belongs to the whole installation must not be changed
//! by one organisation of several.
//!
//! Both functions take the narrow role for their one statement, inside the organisation's own transaction, so that the
//! person, the member and the audit log change together or not at all.

use crate::db::OrgTx;
use crate::ids::UserId;

/// Changes the name or the email (in lower case) of a member who belongs to no other organisation; false when there is
/// another. The constraint `users_email` refuses an email that somebody has.
pub async fn change_person(
    tx: &mut OrgTx,
    user: UserId,
    name: Option<&str>,
    email: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let org = tx.org();
    take(tx, "set local role recoup_system").await?;
    let done = sqlx::query(
        "update users set name = coalesce($3, name), email = coalesce($4, email) where id = $2 \
         and exists (select 1 from members where org_id = $1 and user_id = $2) \
         and not exists (select 1 from members where org_id <> $1 and user_id = $2)",
    )
    .bind(org)
    .bind(user)
    .bind(name)
    .bind(email)
    .execute(tx.conn())
    .await?;
    take(tx, "set local role recoup_app").await?;
    Ok(done.rows_affected() == 1)
}

/// Frees the email of an account that belongs to no organisation, for a new account; false when it belongs to one. The old
/// account, with whatever can sign in to it, stays behind under an address that cannot exist.
pub async fn retire_account(tx: &mut OrgTx, user: UserId) -> Result<bool, sqlx::Error> {
    take(tx, "set local role recoup_system").await?;
    let done = sqlx::query(
        "update users set email = 'retired-' || id || '@no-email.invalid' where id = $1 \
         and not exists (select 1 from members where user_id = $1)",
    )
    .bind(user)
    .execute(tx.conn())
    .await?;
    take(tx, "set local role recoup_app").await?;
    Ok(done.rows_affected() == 1)
}

/// A failure in between leaves the transaction unusable, and with it the role.
async fn take(tx: &mut OrgTx, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(tx.conn()).await?;
    Ok(())
}
