//! What comes from outside names a door, the token of a webhook or the user of a folder, or an account of the outside system: whose it
//! is crosses organisations.

use crate::db::Db;
use crate::ids::{ConnectionId, OrgId};

/// The connection whose door has this hash, unless its organisation was deleted.
pub async fn door_of(db: &Db, hash: &[u8]) -> Result<Option<(OrgId, ConnectionId)>, sqlx::Error> {
    sqlx::query_as(
        "select c.org_id, c.id from connections c join organisations o on o.id = c.org_id and o.deleted_at is null \
         where c.door_hash = $1",
    )
    .bind(hash)
    .fetch_optional(db.system_pool())
    .await
}

/// The connections of a kind that read an account of the outside system, unless their organisation was deleted.
pub async fn connections_of_account(
    db: &Db,
    kind: &str,
    account: &str,
) -> Result<Vec<(OrgId, ConnectionId)>, sqlx::Error> {
    sqlx::query_as(
        "select c.org_id, c.id from connections c join organisations o on o.id = c.org_id and o.deleted_at is null \
         where c.kind = $1 and c.settings ->> 'account' = $2 order by c.org_id, c.id",
    )
    .bind(kind)
    .bind(account)
    .fetch_all(db.system_pool())
    .await
}
