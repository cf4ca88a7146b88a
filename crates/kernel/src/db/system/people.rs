//! Changing the one list of people from within an organisation: what belongs to the whole installation must not be changed
//! by one organisation of several.
//!
//! These functions take the narrow role for their one statement, inside the organisation's own transaction, so that the
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

/// Takes from an account whatever could sign in to it, in every organisation: its password becomes `hash`, its sessions end,
/// its second factors and passkeys go. For an organisation that proved the email's domain its own and takes somebody in whom
/// it did not see prove themselves: whoever made the account may be somebody else.
pub async fn empty_account(tx: &mut OrgTx, user: UserId, hash: &str) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    take(tx, "set local role recoup_system").await?;
    sqlx::query(
        "with ended as (update sessions set revoked_at = $3 where user_id = $1 and revoked_at is null), \
         secrets as (delete from totp_secrets where user_id = $1), keys as (delete from passkeys where user_id = $1), \
         codes as (delete from recovery_codes where user_id = $1), \
         pending as (delete from pending_sign_ins where user_id = $1) \
         update users set password_hash = $2 where id = $1",
    )
    .bind(user)
    .bind(hash)
    .bind(now)
    .execute(tx.conn())
    .await?;
    take(tx, "set local role recoup_app").await
}

/// A failure in between leaves the transaction unusable, and with it the role.
async fn take(tx: &mut OrgTx, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(tx.conn()).await?;
    Ok(())
}
