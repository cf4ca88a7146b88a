//! Session policies.

use kernel::db::OrgTx;

use crate::policy::SessionPolicy;

/// The organisation's policy; the usual one when it never said otherwise.
pub(crate) async fn get(tx: &mut OrgTx) -> Result<SessionPolicy, sqlx::Error> {
    let row: Option<(Option<i32>, Option<i32>, Vec<String>)> =
        sqlx::query_as("select idle_minutes, longest_minutes, networks from session_policies where org_id = $1")
            .bind(tx.org())
            .fetch_optional(tx.conn())
            .await?;
    let (idle_minutes, longest_minutes, networks) = row.unwrap_or_default();
    Ok(SessionPolicy { idle_minutes, longest_minutes, networks })
}

pub(crate) async fn set(tx: &mut OrgTx, policy: &SessionPolicy) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into session_policies (org_id, idle_minutes, longest_minutes, networks, updated_at) \
         values ($1, $2, $3, $4, $5) on conflict (org_id) do update set idle_minutes = excluded.idle_minutes, \
         longest_minutes = excluded.longest_minutes, networks = excluded.networks, updated_at = excluded.updated_at",
    )
    .bind(tx.org())
    .bind(policy.idle_minutes)
    .bind(policy.longest_minutes)
    .bind(&policy.networks)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
