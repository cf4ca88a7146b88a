//! Where the intake's signals go: to the revenue room, which keeps them.

use async_trait::async_trait;
use connectors::signal::Signal;
use intake::{Landed, Landing};
use kernel::Kernel;
use kernel::db::OrgTx;

/// The revenue room's signals as the intake asks for them.
pub(crate) struct Signals(pub(crate) Kernel);

#[async_trait]
impl Landing for Signals {
    async fn land(&self, tx: &mut OrgTx, signals: Vec<Signal>) -> anyhow::Result<Landed> {
        let vault = self.0.vault.of(tx.org()).await?;
        let landed = revenue::signals::land(tx, &vault, signals).await?;
        Ok(Landed {
            new: landed.new,
            corrected: landed.corrected,
            unchanged: landed.unchanged,
            rejected: landed.rejected.into_iter().map(|one| (one.index, one.reason)).collect(),
        })
    }
}
