//! Sessions and refresh tokens.

use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use kernel::ids::{SessionId, SsoId, UserId};
use sqlx::FromRow;

use crate::origin::Origin;
use crate::sessions::{Proof, ProvedAt};

/// Sessions that ended this long ago are removed when the same person signs in again.
const KEPT: Duration = Duration::days(30);

/// A session about to be opened.
pub(crate) struct NewSession {
    pub(crate) kind: &'static str,
    pub(crate) token_hash: Option<Vec<u8>>,
    pub(crate) lasts: Duration,
    pub(crate) proof: Proof,
    /// The connection whose provider vouched for the person.
    pub(crate) vouched_by: Option<SsoId>,
}

pub(crate) async fn add(
    tx: &mut OrgTx,
    user: UserId,
    origin: &Origin,
    new: NewSession,
) -> Result<SessionId, sqlx::Error> {
    let (id, now) = (SessionId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "with swept as (delete from sessions where org_id = $1 and user_id = $3 and expires_at < $10) \
         insert into sessions (org_id, id, user_id, kind, token_hash, created_at, seen_at, expires_at, ip, agent, verified_at, \
           came_by, sso_connection) \
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $11, $12, $13)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(user)
    .bind(new.kind)
    .bind(new.token_hash)
    .bind(now)
    .bind(now + new.lasts)
    .bind(origin.ip.map(|ip| ip.to_string()).unwrap_or_default())
    .bind(&origin.agent)
    .bind(now - KEPT)
    .bind(match new.proof.at {
        ProvedAt::Now => Some(now),
        ProvedAt::Before(at) => at,
    })
    .bind(new.proof.by.as_str())
    .bind(new.vouched_by)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Ends a session; false when it was over already.
pub(crate) async fn revoke(tx: &mut OrgTx, session: SessionId) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query("update sessions set revoked_at = $3 where org_id = $1 and id = $2 and revoked_at is null")
        .bind(tx.org())
        .bind(session)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a person in this organisation.
pub(crate) async fn revoke_all(tx: &mut OrgTx, user: UserId) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let done =
        sqlx::query("update sessions set revoked_at = $3 where org_id = $1 and user_id = $2 and revoked_at is null")
            .bind(tx.org())
            .bind(user)
            .bind(now)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected())
}

/// Lets a session last from now; false when it was ended meanwhile.
pub(crate) async fn prolong(tx: &mut OrgTx, session: SessionId, lasts: Duration) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sessions set seen_at = $3, expires_at = $4 where org_id = $1 and id = $2 and revoked_at is null",
    )
    .bind(tx.org())
    .bind(session)
    .bind(now)
    .bind(now + lasts)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn add_refresh(
    tx: &mut OrgTx,
    session: SessionId,
    hash: &[u8],
    lasts: Duration,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into refresh_tokens (org_id, token_hash, session_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(tx.org())
    .bind(hash)
    .bind(session)
    .bind(now)
    .bind(now + lasts)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Marks a refresh token as exchanged; false when another request did so first.
pub(crate) async fn use_refresh(tx: &mut OrgTx, hash: &[u8]) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done =
        sqlx::query("update refresh_tokens set used_at = $3 where org_id = $1 and token_hash = $2 and used_at is null")
            .bind(tx.org())
            .bind(hash)
            .bind(now)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected() == 1)
}

/// A session that stands.
#[derive(FromRow)]
pub(crate) struct Standing {
    pub(crate) id: SessionId,
    pub(crate) kind: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) ip: String,
    pub(crate) agent: String,
}

/// The sessions of a person that stand, the one used last first. What the policy ended stands no more.
pub(crate) async fn standing(tx: &mut OrgTx, user: UserId) -> Result<Vec<Standing>, sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query_as(
        "select s.id, s.kind, s.created_at, s.seen_at, s.ip, s.agent from sessions s \
         left join session_policies y on y.org_id = s.org_id \
         where s.org_id = $1 and s.user_id = $2 and s.revoked_at is null and s.expires_at > $3 \
         and (y.idle_minutes is null or s.seen_at + make_interval(mins => y.idle_minutes + 1) > $3) \
         and (y.longest_minutes is null or s.created_at + make_interval(mins => y.longest_minutes) > $3) \
         order by s.seen_at desc, s.id desc limit 200",
    )
    .bind(tx.org())
    .bind(user)
    .bind(now)
    .fetch_all(tx.conn())
    .await
}

/// Ends a session if it is this person's; false when they have no such session, or it is over.
pub(crate) async fn revoke_own(tx: &mut OrgTx, user: UserId, session: SessionId) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sessions set revoked_at = $4 where org_id = $1 and user_id = $2 and id = $3 and revoked_at is null",
    )
    .bind(tx.org())
    .bind(user)
    .bind(session)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a person in this organisation but one.
pub(crate) async fn revoke_but(tx: &mut OrgTx, user: UserId, keep: Option<SessionId>) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sessions set revoked_at = $4 \
         where org_id = $1 and user_id = $2 and id is distinct from $3 and revoked_at is null and expires_at > $4",
    )
    .bind(tx.org())
    .bind(user)
    .bind(keep)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// What the person's sessions since an instant said they were, each once.
pub(crate) async fn agents_of(tx: &mut OrgTx, user: UserId, since: DateTime<Utc>) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct agent from sessions where org_id = $1 and user_id = $2 and created_at > $3 limit 200",
    )
    .bind(tx.org())
    .bind(user)
    .bind(since)
    .fetch_all(tx.conn())
    .await
}

/// A session as its person is told of it.
#[derive(FromRow)]
pub(crate) struct Told {
    pub(crate) email: String,
    pub(crate) org_name: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ip: String,
    pub(crate) agent: String,
}

/// A session with the address its person reads letters at; none when they have left.
pub(crate) async fn told_of(tx: &mut OrgTx, session: SessionId) -> Result<Option<Told>, sqlx::Error> {
    sqlx::query_as(
        "select u.email, o.name as org_name, s.created_at, s.ip, s.agent from sessions s \
         join users u on u.id = s.user_id join organisations o on o.id = s.org_id \
         where s.org_id = $1 and s.id = $2",
    )
    .bind(tx.org())
    .bind(session)
    .fetch_optional(tx.conn())
    .await
}
