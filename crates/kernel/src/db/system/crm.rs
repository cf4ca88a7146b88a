//! A CRM's webhook names its own account: whose it is crosses organisations.

use crate::db::Db;
use crate::ids::OrgId;

/// The organisations that connected an account of a CRM.
pub async fn crm_organisations(db: &Db, system: &str, account_id: &str) -> Result<Vec<OrgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select org_id from crm_connections where system = $1 and account_id = $2 and status <> 'disconnected'",
    )
    .bind(system)
    .bind(account_id)
    .fetch_all(db.system_pool())
    .await
}
