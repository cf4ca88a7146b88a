//! Signing the head of each chain, hourly: so that a chain that is cut or rewritten later differs from what was signed.
//!
//! What was added since the last checkpoint is verified before it is signed: a chain that was tampered with is not vouched
//! for, and the log of the program says so within the hour. Each new checkpoint is also a line of that log, so that whoever
//! keeps logs elsewhere has a copy that the database's owner cannot reach.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::{OrgTx, system};
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;

use super::chain::{Fault, Walk};
use super::signing::{Checkpoint, Kind, PublicKeys, Signer};
use super::verify;
use crate::store::log;

/// Signs what has grown.
struct Checkpoints {
    kernel: Kernel,
}

/// The reconciler that signs audit logs.
pub(crate) fn reconciler(kernel: &Kernel) -> Arc<dyn Reconciler> {
    Arc::new(Checkpoints { kernel: kernel.clone() })
}

#[async_trait]
impl Reconciler for Checkpoints {
    fn name(&self) -> &'static str {
        "audit.checkpoints"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        sign_all(&self.kernel).await.map(|_| ())
    }
}

/// Signs every audit log that has grown since it was last signed; returns how many were signed. One that does not verify is
/// not signed.
pub async fn sign_all(kernel: &Kernel) -> anyhow::Result<usize> {
    let orgs = system::unsigned_audit_logs(&kernel.db).await?;
    if orgs.is_empty() {
        return Ok(0);
    }
    let signer = Signer::of(kernel).await?;
    let keys = PublicKeys::of(kernel).await?;
    let mut signed = 0;
    for org in orgs {
        match sign(kernel, org, &signer, &keys).await? {
            Ok(()) => signed += 1,
            Err(fault) => {
                system::count(&kernel.db, "audit_log_broken", 1).await?;
                tracing::error!(org.id = %org, fault = %fault, "an audit log does not verify; it is not signed");
            }
        }
    }
    Ok(signed)
}

async fn sign(
    kernel: &Kernel,
    org: OrgId,
    signer: &Signer,
    keys: &PublicKeys,
) -> Result<Result<(), Fault>, sqlx::Error> {
    let mut tx = kernel.db.begin(org).await?;
    let known = log::checkpoints(&mut tx).await?;
    let Some((last, head)) = log::head(&mut tx).await? else { return Ok(Ok(())) };
    if let Some(fault) = verify::signatures(org, &known, keys) {
        return Ok(Err(fault));
    }
    // From the last checkpoint on: what stands before it was verified when it was signed, and whether it still is what it
    // was is for `recoup audit verify` to say.
    let start = known.iter().max_by_key(|checkpoint| checkpoint.seq);
    let walk = Walk::from(org, start.map(|checkpoint| (checkpoint.seq, checkpoint.hash.clone())));
    if let Some(fault) = still_there(&mut tx, start).await? {
        return Ok(Err(fault));
    }
    let walk = match verify::walk_to(&mut tx, walk, last, |_| None).await? {
        Ok(walk) => walk,
        Err(fault) => return Ok(Err(fault)),
    };
    if walk.hash != head {
        return Ok(Err(Fault::Head { seq: last }));
    }
    let checkpoint = signer.checkpoint(org, Kind::Head, (last, head), kernel.clock.now());
    log::add_checkpoint(&mut tx, &checkpoint).await?;
    tx.commit().await?;
    let hash = hex::encode(&checkpoint.hash);
    tracing::info!(org.id = %org, audit.seq = last, audit.hash = hash, audit.key = signer.kid, "an audit log was signed");
    Ok(Ok(()))
}

/// The row that was signed last must still be the one that was signed.
async fn still_there(tx: &mut OrgTx, start: Option<&Checkpoint>) -> Result<Option<Fault>, sqlx::Error> {
    let Some(start) = start.filter(|start| start.kind == Kind::Head) else { return Ok(None) };
    let row = log::after(tx, start.seq - 1, 1).await?.pop().filter(|row| row.seq == start.seq);
    Ok(match row {
        Some(row) if row.hash == start.hash => None,
        Some(_) => Some(Fault::Rewritten { seq: start.seq, at: start.at }),
        None => Some(Fault::Missing { from: start.seq, to: start.seq }),
    })
}
