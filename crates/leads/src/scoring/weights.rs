//! The organisation's weights of lead signals; the product's defaults until it changes them.

use ai::local::LeadWeights;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::Value;

const NAME: &str = "lead_weights";

/// The weights in force.
pub async fn load_weights(tx: &mut OrgTx) -> Result<LeadWeights, sqlx::Error> {
    let value: Option<Value> = sqlx::query_scalar("select value from settings where org_id = $1 and name = $2")
        .bind(tx.org())
        .bind(NAME)
        .fetch_optional(tx.conn())
        .await?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Keeps new weights; leads take them with their next message.
pub async fn save_weights(tx: &mut OrgTx, weights: &LeadWeights, actor: Actor) -> Result<(), sqlx::Error> {
    let encode = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let (before, after) = audit::difference(&load_weights(tx).await?, weights).map_err(encode)?;
    let value = serde_json::to_value(weights).map_err(encode)?;
    sqlx::query(
        "insert into settings (org_id, name, value) values ($1, $2, $3) \
         on conflict (org_id, name) do update set value = excluded.value, updated_at = now()",
    )
    .bind(tx.org())
    .bind(NAME)
    .bind(value)
    .execute(tx.conn())
    .await?;
    audit::record(tx, AuditEntry::new(actor, "settings.changed").about(NAME).change(before, after)).await?;
    tx.append(Event::new(Subject::Org(tx.org()), actor, Fact::SettingsChanged { group: NAME.to_owned() }));
    Ok(())
}
