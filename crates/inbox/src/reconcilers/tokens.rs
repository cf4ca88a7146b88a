//! Renews channel tokens before they end.

use std::time::Duration;

use async_trait::async_trait;
use kernel::CanFail;
use kernel::db::system;
use kernel::schedule::Reconciler;

use crate::channels::oauth::renew;
use crate::core::Core;

pub(super) struct Tokens(pub Core);

#[async_trait]
impl Reconciler for Tokens {
    fn name(&self) -> &'static str {
        "inbox.tokens"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(300)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.0.kernel.db).await? {
            renew(&self.0, org).await.can_fail("renewing an organisation's channel tokens; the next run tries again");
        }
        Ok(())
    }
}
