//! Settings by name: each group is one row.

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A group of settings with its defaults.
pub trait Setting: Serialize + DeserializeOwned + Default {
    /// Its name in the table.
    const NAME: &'static str;
}

/// The organisation's choice, or the default. A stored group that no longer fits counts as the default.
pub async fn load<S: Setting>(tx: &mut OrgTx) -> Result<S, sqlx::Error> {
    let value: Option<Value> = sqlx::query_scalar("select value from settings where org_id = $1 and name = $2")
        .bind(tx.org())
        .bind(S::NAME)
        .fetch_optional(tx.conn())
        .await?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Keeps the organisation's choice, with the state before and after in the audit log, and says in the ledger that it changed.
pub async fn save<S: Setting>(tx: &mut OrgTx, setting: &S, actor: Actor) -> Result<(), sqlx::Error> {
    let stored: Option<Value> =
        sqlx::query_scalar("select value from settings where org_id = $1 and name = $2 for update")
            .bind(tx.org())
            .bind(S::NAME)
            .fetch_optional(tx.conn())
            .await?;
    let encode = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let value = serde_json::to_value(setting).map_err(encode)?;
    let stored = stored.map_or_else(|| serde_json::to_value(S::default()), Ok).map_err(encode)?;
    let (before, after) = audit::difference(&stored, &value).map_err(encode)?;
    sqlx::query(
        "insert into settings (org_id, name, value) values ($1, $2, $3) \
         on conflict (org_id, name) do update set value = excluded.value, updated_at = now()",
    )
    .bind(tx.org())
    .bind(S::NAME)
    .bind(value)
    .execute(tx.conn())
    .await?;
    audit::record(tx, AuditEntry::new(actor, "settings.changed").about(S::NAME).change(before, after)).await?;
    tx.append(Event::new(Subject::Org(tx.org()), actor, Fact::SettingsChanged { group: S::NAME.to_owned() }));
    Ok(())
}
