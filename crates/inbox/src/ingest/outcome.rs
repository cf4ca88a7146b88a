//! What became of each delivery, for the operator and for a replay after a parser fix.

use kernel::db::OrgTx;
use kernel::ids::ReceiptId;
use uuid::Uuid;

/// Marks deliveries as handled.
pub(super) async fn record(tx: &mut OrgTx, outcomes: &[(ReceiptId, &'static str)]) -> Result<(), sqlx::Error> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = outcomes.iter().map(|(id, _)| id.uuid()).collect();
    let words: Vec<&str> = outcomes.iter().map(|(_, word)| *word).collect();
    sqlx::query(
        "update receipts r set handled_at = now(), outcome = o.word from unnest($2::uuid[], $3::text[]) as o (id, word) \
         where r.org_id = $1 and r.id = any($2) and r.id = o.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(words)
    .execute(tx.conn())
    .await?;
    Ok(())
}
