//! Signing in: a person, a session, a key or an invitation is known by a secret or an email before any organisation is.
//!
//! Secrets are looked up by their SHA-256; the indexes on those hashes are not unique keys, because unique keys lead with
//! the organisation, and 128 random bits do not meet twice.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::db::Db;
use crate::ids::{InviteId, KeyId, MemberId, OrgId, SessionId, UserId};

/// A person, with what a password is compared to.
#[derive(FromRow)]
pub struct Person {
    /// The person.
    pub id: UserId,
    /// Lower case.
    pub email: String,
    /// As they wrote it.
    pub name: String,
    /// A PHC string.
    pub password_hash: String,
}

/// A person's place in one organisation.
#[derive(Clone, Debug, FromRow)]
pub struct Seat {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// The membership.
    pub member: MemberId,
    /// The role's word.
    pub role: String,
    /// Whether the person gets there by the organisation's identity provider only.
    pub sso_only: bool,
}

/// A session that is not revoked, with the member behind it, who is not suspended.
#[derive(Clone, FromRow)]
pub struct SessionRow {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// Its plan's word.
    pub plan: String,
    /// The session.
    pub session: SessionId,
    /// The person.
    pub user_id: UserId,
    /// Their membership.
    pub member: MemberId,
    /// Their role's word.
    pub role: String,
    /// Their name.
    pub name: String,
    /// Their email.
    pub email: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last seen in use.
    pub seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When the person last proved who they are.
    pub verified_at: Option<DateTime<Utc>>,
    /// Whether they came in through the organisation's identity provider.
    pub sso: bool,
    /// When the organisation's patience with a member without a second factor ends; none when there is nothing to ask.
    pub factor_due: Option<DateTime<Utc>>,
    /// `browser` or `token`.
    pub kind: String,
    /// Minutes without use after which the organisation ends sessions; none when it says nothing.
    pub idle_minutes: Option<i32>,
    /// Minutes after which it ends them however much they are used; none when it says nothing.
    pub longest_minutes: Option<i32>,
    /// The ranges of addresses it is reached from; empty for anywhere.
    pub networks: Vec<String>,
}

/// An API key that is not revoked.
#[derive(Clone, FromRow)]
pub struct KeyRow {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// Its plan's word.
    pub plan: String,
    /// The key.
    pub key: KeyId,
    /// The key's name.
    pub name: String,
    /// Permission words.
    pub scopes: Vec<String>,
    /// The person who made it; none when the operator did.
    pub made_by: Option<UserId>,
    /// The maker's role today; none when they are no member any more or suspended.
    pub maker_role: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The ranges of addresses the organisation is reached from; empty for anywhere.
    pub networks: Vec<String>,
    /// The networks it may be used from; from everywhere when there are none.
    pub allow_from: Vec<String>,
}

/// An invitation that is neither accepted nor revoked.
#[derive(Clone, Debug, FromRow)]
pub struct InviteRow {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// The invitation.
    pub invite: InviteId,
    /// Who is invited.
    pub email: String,
    /// What whoever invited calls them; empty when nothing was said.
    pub name: String,
    /// The role's word.
    pub role: String,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
}

/// A refresh token, used or not.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct RefreshRow {
    /// The organisation.
    pub org: OrgId,
    /// The session (the family of tokens) it belongs to.
    pub session: SessionId,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
    /// When it was exchanged for the next one.
    pub used_at: Option<DateTime<Utc>>,
}

const SESSION: &str = "select s.org_id as org, o.name as org_name, o.plan, s.id as session, s.user_id, m.id as member, m.role, \
     u.name, u.email, s.created_at, s.seen_at, s.expires_at, s.verified_at, s.came_by = 'sso' as sso, \
     case when (f.sso_too or s.came_by <> 'sso') \
       and not exists (select 1 from totp_secrets t where t.user_id = s.user_id and t.confirmed_at is not null) \
       and not exists (select 1 from passkeys p where p.user_id = s.user_id) \
       then greatest(f.required_at, m.joined_at) + make_interval(days => f.grace_days) end as factor_due, \
     s.kind, y.idle_minutes, y.longest_minutes, coalesce(y.networks, '{}') as networks \
     from sessions s join organisations o on o.id = s.org_id and o.deleted_at is null \
     join members m on m.org_id = s.org_id and m.user_id = s.user_id and m.suspended_at is null \
     join users u on u.id = s.user_id \
     left join factor_rules f on f.org_id = s.org_id \
     left join session_policies y on y.org_id = s.org_id \
     where s.revoked_at is null and ";

/// The person with an email (in lower case).
pub async fn user_by_email(db: &Db, email: &str) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as("select id, email, name, password_hash from users where email = $1")
        .bind(email)
        .fetch_optional(db.system_pool())
        .await
}

/// Every organisation in which a person is a member and not suspended, the one they used last first.
pub async fn seats_of(db: &Db, user: UserId) -> Result<Vec<Seat>, sqlx::Error> {
    sqlx::query_as(
        "select m.org_id as org, o.name as org_name, m.id as member, m.role, \
         m.role <> 'owner' and exists (select 1 from sso_only x join sso_domains d on d.org_id = x.org_id \
           where x.org_id = m.org_id and d.domain = split_part(u.email, '@', 2) and d.verified_at is not null) as sso_only \
         from members m join organisations o on o.id = m.org_id and o.deleted_at is null join users u on u.id = m.user_id \
         where m.user_id = $1 and m.suspended_at is null \
         order by (select max(s.created_at) from sessions s where s.org_id = m.org_id and s.user_id = $1) desc nulls last, m.id",
    )
    .bind(user)
    .fetch_all(db.system_pool())
    .await
}

/// The browser session with a cookie's hash.
pub async fn session_by_token(db: &Db, hash: &[u8]) -> Result<Option<SessionRow>, sqlx::Error> {
    let query = format!("{SESSION} s.token_hash = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(hash).fetch_optional(db.system_pool()).await
}

/// The session an access token names.
pub async fn session_by_id(db: &Db, org: OrgId, session: SessionId) -> Result<Option<SessionRow>, sqlx::Error> {
    let query = format!("{SESSION} s.org_id = $1 and s.id = $2");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(org).bind(session).fetch_optional(db.system_pool()).await
}

/// Notes that a session is in use and lets it last until a new instant.
pub async fn touch_session(
    db: &Db,
    row: &SessionRow,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update sessions set seen_at = $3, expires_at = greatest(expires_at, $4) where org_id = $1 and id = $2",
    )
    .bind(row.org)
    .bind(row.session)
    .bind(now)
    .bind(until)
    .execute(db.system_pool())
    .await?;
    Ok(())
}

/// The API key with a hash.
pub async fn key_by_hash(db: &Db, hash: &[u8]) -> Result<Option<KeyRow>, sqlx::Error> {
    sqlx::query_as(
        "select k.org_id as org, o.name as org_name, o.plan, k.id as key, k.name, k.scopes, k.made_by, m.role as maker_role, \
         k.expires_at, k.last_used_at, k.allow_from, coalesce(y.networks, '{}') as networks \
         from api_keys k join organisations o on o.id = k.org_id and o.deleted_at is null \
         left join members m on m.org_id = k.org_id and m.user_id = k.made_by and m.suspended_at is null \
         left join session_policies y on y.org_id = k.org_id \
         where k.key_hash = $1 and k.revoked_at is null",
    )
    .bind(hash)
    .fetch_optional(db.system_pool())
    .await
}

/// Notes that a key is in use, and from where.
pub async fn touch_key(db: &Db, row: &KeyRow, now: DateTime<Utc>, ip: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update api_keys set last_used_at = $3, last_used_ip = $4 where org_id = $1 and id = $2")
        .bind(row.org)
        .bind(row.key)
        .bind(now)
        .bind(ip)
        .execute(db.system_pool())
        .await?;
    Ok(())
}

/// The invitation with a link's hash.
pub async fn invite_by_token(db: &Db, hash: &[u8]) -> Result<Option<InviteRow>, sqlx::Error> {
    sqlx::query_as(
        "select i.org_id as org, o.name as org_name, i.id as invite, i.email, i.name, i.role, i.expires_at \
         from invites i join organisations o on o.id = i.org_id and o.deleted_at is null \
         where i.token_hash = $1 and i.accepted_at is null and i.revoked_at is null",
    )
    .bind(hash)
    .fetch_optional(db.system_pool())
    .await
}

/// The refresh token with a hash.
pub async fn refresh_by_hash(db: &Db, hash: &[u8]) -> Result<Option<RefreshRow>, sqlx::Error> {
    sqlx::query_as(
        "select org_id as org, session_id as session, expires_at, used_at from refresh_tokens where token_hash = $1",
    )
    .bind(hash)
    .fetch_optional(db.system_pool())
    .await
}
