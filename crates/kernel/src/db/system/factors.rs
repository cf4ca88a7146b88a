//! Second factors: they belong to a person, whichever organisation they work in at the moment.
//!
//! Whatever may happen once happens in one statement: a time step, a recovery code, a challenge, a pending sign-in and a
//! counter are each taken by the first request that comes, and the second one is told so. What turns a factor on or off takes the
//! organisation's transaction, so that it and its row in the audit log are there together or not at all.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::DoorRule;
use crate::audit::{self, AuditEntry};
use crate::db::{Db, OrgTx};
use crate::ids::{OrgId, SessionId, UserId};
use crate::ledger::Actor;

/// What a person has.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct Factors {
    /// When their authenticator app was confirmed.
    pub totp_at: Option<DateTime<Utc>>,
    /// How many passkeys they have.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_left: i64,
}

impl Factors {
    /// Whether there is a second factor at all; recovery codes alone are none.
    pub const fn any(&self) -> bool {
        self.totp_at.is_some() || self.passkeys > 0
    }
}

/// The secret of an authenticator app.
#[derive(FromRow)]
pub struct TotpRow {
    /// Which master key sealed it.
    pub master_key: String,
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// When a first code confirmed it; none while it is being set up.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// A sign-in whose password was right.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct PendingRow {
    /// Who.
    pub user_id: UserId,
    /// The organisation that was asked for.
    pub wanted: Option<OrgId>,
}

/// The name and email of a person, for whoever proved to be them without a password.
#[derive(Clone, Debug, FromRow)]
pub struct Named {
    /// Lower case.
    pub email: String,
    /// As they wrote it.
    pub name: String,
}

/// What a person has.
pub async fn factors_of(db: &Db, user: UserId) -> Result<Factors, sqlx::Error> {
    sqlx::query_as(
        "select (select confirmed_at from totp_secrets where user_id = $1) as totp_at, \
         (select count(*) from passkeys where user_id = $1) as passkeys, \
         (select count(*) from recovery_codes where user_id = $1 and used_at is null) as recovery_left",
    )
    .bind(user)
    .fetch_one(db.system_pool())
    .await
}

/// Those of an organisation's members who have a second factor.
pub async fn members_with_factor(db: &Db, org: OrgId) -> Result<Vec<UserId>, sqlx::Error> {
    sqlx::query_scalar(
        "select m.user_id from members m where m.org_id = $1 and \
         (exists (select 1 from totp_secrets t where t.user_id = m.user_id and t.confirmed_at is not null) \
         or exists (select 1 from passkeys p where p.user_id = m.user_id))",
    )
    .bind(org)
    .fetch_all(db.system_pool())
    .await
}

/// A person's name and email.
pub async fn person_named(db: &Db, user: UserId) -> Result<Option<Named>, sqlx::Error> {
    sqlx::query_as("select email, name from users where id = $1").bind(user).fetch_optional(db.system_pool()).await
}

/// Notes that the person behind a session has proved who they are. Sessions are an organisation's, but the proof is read
/// before any organisation is known.
pub async fn session_verified(db: &Db, org: OrgId, id: SessionId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update sessions set verified_at = $3 where org_id = $1 and id = $2 and revoked_at is null")
        .bind(org)
        .bind(id)
        .bind(now)
        .execute(db.system_pool())
        .await?;
    Ok(())
}

/// Counts an attempt before it is looked at, so that many at once are not free. Says until when there is nothing to try, if
/// there were too many; a success gives the count back by [`attempt_succeeded`].
pub async fn begin_attempt(
    db: &Db,
    door: &[u8],
    now: DateTime<Utc>,
    rule: DoorRule,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let counted: Option<i32> = sqlx::query_scalar(
        "insert into sign_in_refusals as r (email_hash, count, at) values ($1, 1, $2) \
         on conflict (email_hash) do update set at = $2, \
         count = case when r.at < $2 - make_interval(secs => $6) then 1 else r.count + 1 end, \
         closed_until = case when r.at >= $2 - make_interval(secs => $6) and r.count + 1 >= $3 \
           then $2 + make_interval(secs => least($5, $4 * power(2, least(r.count + 1 - $3, 30)))) end \
         where r.closed_until is null or r.closed_until <= $2 returning count",
    )
    .bind(door)
    .bind(now)
    .bind(rule.free)
    .bind(rule.first_s)
    .bind(rule.longest_s)
    .bind(rule.forget_s)
    .fetch_optional(db.system_pool())
    .await?;
    if counted.is_some() {
        return Ok(None);
    }
    let until = super::door_closed_until(db, door, now).await?;
    Ok(Some(until.unwrap_or(now)))
}

/// Forgets the attempts before a success.
pub async fn attempt_succeeded(db: &Db, door: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from sign_in_refusals where email_hash = $1").bind(door).execute(db.system_pool()).await?;
    Ok(())
}

/// The secret of a person's authenticator app.
pub async fn totp_of(db: &Db, user: UserId) -> Result<Option<TotpRow>, sqlx::Error> {
    sqlx::query_as("select master_key, sealed, confirmed_at from totp_secrets where user_id = $1")
        .bind(user)
        .fetch_optional(db.system_pool())
        .await
}

/// Begins setting up an authenticator app; false when there is a confirmed one.
pub async fn begin_totp(
    db: &Db,
    user: UserId,
    (master_key, sealed): (&str, &[u8]),
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into totp_secrets as t (user_id, master_key, sealed, created_at) values ($1, $2, $3, $4) \
         on conflict (user_id) do update set master_key = $2, sealed = $3, created_at = $4, last_step = 0 \
         where t.confirmed_at is null",
    )
    .bind(user)
    .bind(master_key)
    .bind(sealed)
    .bind(now)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Turns on the authenticator app that is being set up, using up the step of its first code. False when another request did.
pub async fn confirm_totp(tx: &mut OrgTx, user: UserId, step: i64, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update totp_secrets set confirmed_at = $3, last_step = $2 where user_id = $1 and confirmed_at is null",
    )
    .bind(user)
    .bind(step)
    .bind(now)
    .execute(tx.narrow().await?)
    .await?;
    tx.tenant().await?;
    Ok(done.rows_affected() == 1)
}

/// Uses up a time step and those before it; false when that was done already, and the code is a replay.
pub async fn use_totp_step(db: &Db, user: UserId, step: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "update totp_secrets set last_step = $2 where user_id = $1 and confirmed_at is not null and last_step < $2",
    )
    .bind(user)
    .bind(step)
    .execute(db.system_pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a person's authenticator app; false when there is none.
pub async fn remove_totp(tx: &mut OrgTx, user: UserId) -> Result<bool, sqlx::Error> {
    let narrow = tx.narrow().await?;
    let done = sqlx::query("delete from totp_secrets where user_id = $1").bind(user).execute(narrow).await?;
    tx.tenant().await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces a person's recovery codes.
pub async fn set_recovery_codes(
    tx: &mut OrgTx,
    user: UserId,
    hashes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let narrow = tx.narrow().await?;
    sqlx::query("delete from recovery_codes where user_id = $1").bind(user).execute(&mut *narrow).await?;
    sqlx::query("insert into recovery_codes (user_id, code_hash, created_at) select $1, unnest($2::bytea[]), $3")
        .bind(user)
        .bind(hashes)
        .bind(now)
        .execute(&mut *narrow)
        .await?;
    tx.tenant().await
}

/// Uses a recovery code up; false when it is unknown or used.
pub async fn use_recovery_code(db: &Db, user: UserId, hash: &[u8], now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null")
            .bind(user)
            .bind(hash)
            .bind(now)
            .execute(db.system_pool())
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a person's recovery codes when no second factor is left that they could stand in for.
pub async fn drop_stray_recovery_codes(tx: &mut OrgTx, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from recovery_codes where user_id = $1 \
         and not exists (select 1 from totp_secrets where user_id = $1 and confirmed_at is not null) \
         and not exists (select 1 from passkeys where user_id = $1)",
    )
    .bind(user)
    .execute(tx.narrow().await?)
    .await?;
    tx.tenant().await
}

/// Takes every second factor away from a person and ends their sessions everywhere.
pub async fn reset_factors(tx: &mut OrgTx, user: UserId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    take_factors(tx.narrow().await?, user, now).await?;
    tx.tenant().await
}

/// The same for the operator, with a row in the audit log of every organisation that the person is in: all of it or nothing.
pub async fn reset_factors_everywhere(db: &Db, user: UserId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let mut seats = super::seats_of(db, user).await?;
    // In one order for everybody: each audit log is locked until the end.
    seats.sort_unstable_by_key(|seat| seat.org);
    let Some(first) = seats.first() else {
        let mut alone = db.system_pool().begin().await?;
        take_factors(&mut alone, user, now).await?;
        return alone.commit().await;
    };
    let mut tx = db.begin(first.org).await?;
    reset_factors(&mut tx, user, now).await?;
    for seat in &seats {
        tx.switch_org(seat.org).await?;
        audit::record(&mut tx, AuditEntry::new(Actor::System, "factors.reset").about(seat.member)).await?;
    }
    tx.commit().await
}

async fn take_factors(narrow: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    for statement in [
        "delete from totp_secrets where user_id = $1",
        "delete from passkeys where user_id = $1",
        "delete from recovery_codes where user_id = $1",
        "delete from pending_sign_ins where user_id = $1",
    ] {
        sqlx::query(statement).bind(user).execute(&mut *narrow).await?;
    }
    sqlx::query("update sessions set revoked_at = $2 where user_id = $1 and revoked_at is null")
        .bind(user)
        .bind(now)
        .execute(narrow)
        .await?;
    Ok(())
}

/// Notes a sign-in whose second step is outstanding, and forgets those that ended.
pub async fn add_pending(
    db: &Db,
    token: &[u8],
    row: PendingRow,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with swept as (delete from pending_sign_ins where expires_at < $4) \
         insert into pending_sign_ins (token_hash, user_id, wanted, created_at, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(token)
    .bind(row.user_id)
    .bind(row.wanted)
    .bind(now)
    .bind(until)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// The sign-in behind a token, if its time is not over.
pub async fn pending_by_token(db: &Db, token: &[u8], now: DateTime<Utc>) -> Result<Option<PendingRow>, sqlx::Error> {
    sqlx::query_as("select user_id, wanted from pending_sign_ins where token_hash = $1 and expires_at > $2")
        .bind(token)
        .bind(now)
        .fetch_optional(db.system_pool())
        .await
}

/// Ends a pending sign-in; false when another request did so first.
pub async fn use_pending(db: &Db, token: &[u8], now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from pending_sign_ins where token_hash = $1 and expires_at > $2")
        .bind(token)
        .bind(now)
        .execute(db.system_pool())
        .await?;
    Ok(done.rows_affected() == 1)
}
