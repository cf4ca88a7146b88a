//! Removing what is older than seven years, by the operator alone.
//!
//! A signed anchor takes the place of what is removed, so that the rest verifies as before; the removal is itself a row.

use chrono::{DateTime, Months, Utc};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::system::{self, AnchorRow};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde_json::json;

use super::signing::{Kind, Signer};
use super::verify;
use crate::store::log;

/// How long rows are kept, whoever asks: the database keeps them too.
const KEPT: Months = Months::new(7 * 12);

/// Removes an organisation's rows before an instant, which must be seven years ago; returns how many.
pub async fn prune(kernel: &Kernel, org: OrgId, before: DateTime<Utc>) -> anyhow::Result<u64> {
    let now = kernel.clock.now();
    let youngest = now.checked_sub_months(KEPT).unwrap_or(DateTime::UNIX_EPOCH);
    anyhow::ensure!(
        before <= youngest,
        "the audit log is kept for seven years: {youngest} is the latest that can be given"
    );
    let verdict = verify::verify(kernel, org).await?;
    if let Some(fault) = verdict.fault {
        anyhow::bail!("nothing was removed, because the log does not verify: {fault}");
    }
    let mut tx = kernel.db.begin(org).await?;
    let Some((first, last)) = log::older_than(&mut tx, before).await? else { return Ok(0) };
    let hash = log::after(&mut tx, last - 1, 1).await?.pop().map(|row| row.hash).unwrap_or_default();
    // The row comes first: what cannot be told of is not done.
    let detail = json!({ "from": first, "to": last, "before": before });
    audit::record(&mut tx, AuditEntry::new(Actor::System, "audit_log.pruned").about(org).detail(detail)).await?;
    tx.commit().await?;
    let signed = Signer::of(kernel).await?.checkpoint(org, Kind::Anchor, (last, hash), now);
    let anchor =
        AnchorRow { seq: last, hash: signed.hash, at: signed.at, kid: signed.kid, signature: signed.signature };
    let rows = (last - first + 1).unsigned_abs();
    let done = system::prune_audit_log(&kernel.db, org, &anchor, rows).await?;
    anyhow::ensure!(done, "nothing was removed: the database holds some of these rows to be younger than seven years");
    Ok(rows)
}
