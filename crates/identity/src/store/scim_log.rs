//! The last requests of the identity provider.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::KeyId;
use sqlx::FromRow;

/// A request about to be noted.
pub(crate) struct NewRequest<'a> {
    pub(crate) key: KeyId,
    pub(crate) method: &'a str,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) agent: &'a str,
}

/// A request as it was noted.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Noted {
    pub(crate) at: DateTime<Utc>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: i16,
    pub(crate) reason: String,
    pub(crate) agent: String,
}

/// Notes a request over the fiftieth before it.
pub(crate) async fn add(tx: &mut OrgTx, new: NewRequest<'_>) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "with head as (insert into scim_heads (org_id, seq) values ($1, 1) \
           on conflict (org_id) do update set seq = scim_heads.seq + 1 returning seq) \
         insert into scim_requests as r (org_id, slot, seq, at, key_id, method, path, status, reason, agent) \
         select $1, seq % 50, seq, $2, $3, $4, $5, $6, $7, $8 from head \
         on conflict (org_id, slot) do update set seq = excluded.seq, at = excluded.at, key_id = excluded.key_id, \
           method = excluded.method, path = excluded.path, status = excluded.status, reason = excluded.reason, \
           agent = excluded.agent",
    )
    .bind(tx.org())
    .bind(now)
    .bind(new.key)
    .bind(new.method)
    .bind(new.path)
    .bind(i16::try_from(new.status).unwrap_or(i16::MAX))
    .bind(new.reason)
    .bind(new.agent)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The last requests, newest first.
pub(crate) async fn list(tx: &mut OrgTx) -> Result<Vec<Noted>, sqlx::Error> {
    sqlx::query_as(
        "select at, method, path, status, reason, agent from scim_requests where org_id = $1 order by seq desc",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}
