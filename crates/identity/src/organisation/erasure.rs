//! The reconciler that erases organisations whose grace period is over: first the data keys, then the people who are nowhere
//! else, then every row. Stopped anywhere, it goes on where it stopped.

use std::time::Duration;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;

/// Rows of each table removed in one transaction: a large organisation holds nobody up.
const AT_ONCE: i32 = 5_000;

/// Erases deleted organisations.
pub struct Erasure(pub Kernel);

#[async_trait]
impl Reconciler for Erasure {
    fn name(&self) -> &'static str {
        "organisations.erasure"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        for organisation in system::deleted_organisations(&self.0.db).await? {
            if organisation.erase_at <= now {
                self.erase(organisation.id).await?;
            }
        }
        Ok(())
    }
}

impl Erasure {
    async fn erase(&self, org: OrgId) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        if !system::destroy_keys(&self.0.db, org, now).await? {
            return Ok(());
        }
        system::erase_people(&self.0.db, org).await?;
        let (mut rows, mut most) = (0, AT_ONCE);
        loop {
            match system::erase_rows(&self.0.db, org, now, most).await {
                Ok(0) => break,
                Ok(removed) => rows += removed,
                // Rows that refer to one another do not go in part.
                Err(sqlx::Error::Database(_)) if most == AT_ONCE => most = i32::MAX,
                Err(error) => return Err(error.into()),
            }
        }
        // Pictures are sealed with no key: they go themselves.
        let objects = self.0.objects.delete_all(org).await?;
        system::organisation_erased(&self.0.db, org, now).await?;
        tracing::info!(org = %org, rows, objects, "organisation.erased");
        Ok(())
    }
}
