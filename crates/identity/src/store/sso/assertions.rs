//! SAML assertions that were used: each signs somebody in once.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::SsoId;

use crate::secrets;

/// Notes an assertion as used until a copy would be refused for its age; false when it was used already. Of two at the same
/// moment the second waits for the first one's commit. Sweeps what the organisation does not need any more.
pub(crate) async fn use_once(
    tx: &mut OrgTx,
    connection: SsoId,
    assertion: &str,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "with swept as (delete from saml_assertions where org_id = $1 and expires_at < $4) \
         insert into saml_assertions (org_id, connection_id, assertion_hash, used_at, expires_at) \
         values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(secrets::hash(assertion))
    .bind(now)
    .bind(until)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the last one met who came by a connection since a time: none who did; when, and why they were refused if they were.
pub(crate) async fn last_sign_in(
    tx: &mut OrgTx,
    connection: SsoId,
    since: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, Option<String>)>, sqlx::Error> {
    sqlx::query_as(
        "select at, why from ( \
           select at, detail::jsonb ->> 'why' as why from audit_log \
             where org_id = $1 and action = 'sso.failed' and subject = $3 and at > $4 \
           union all \
           select seen_at, null from sso_links where org_id = $1 and connection_id = $2 and seen_at > $4 \
         ) as came order by at desc limit 1",
    )
    .bind(tx.org())
    .bind(connection)
    .bind(connection.to_string())
    .bind(since)
    .fetch_optional(tx.conn())
    .await
}
