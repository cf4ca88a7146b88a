//! Plays: recovery recipes with a random holdout, so that what they earn is measured and not claimed.
//!
//! Rules a newcomer would break: eligibility and consent come before chance, by one rule for both arms; urgent and regulated
//! cases are never left to chance and never counted as if they had been; a lead meets a play at most once a window; an action is a
//! row before it is done; an increase is claimed only when the whole interval lies above zero.

mod act;
pub(crate) mod api;
pub mod assign;
mod enrol;
pub mod experiment;
mod outcome;
mod outreach;
mod page;
pub(crate) mod privacy;
mod recipe;
mod store;
pub(crate) mod told;
mod words;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use kernel::Kernel;
use kernel::can_fail::CanFail;
use kernel::db::system;
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use act::Act;
pub use enrol::enrol;
pub use experiment::{Recovered, recovered};
pub use outcome::refresh;
pub use outreach::{Deed, Done, Exempt, Outreach, Prospect, Screen};
pub use recipe::Recipe;

use crate::Revenue;

/// The routes under `/v2/plays`.
pub(crate) fn api() -> OpenApiRouter<Revenue> {
    OpenApiRouter::new()
        .routes(routes!(api::list_plays))
        .routes(routes!(api::change_play))
        .routes(routes!(api::show_play_results))
}

/// The pages.
pub(crate) fn pages() -> Router<Revenue> {
    Router::new()
        .route("/revenue/plays", get(page::list))
        .route("/revenue/plays/{play}", get(page::read_out).post(page::save))
}

/// Days within which a lead meets a play once, and within which what it pays counts.
pub const WINDOW_DAYS: i64 = 30;

/// Enrols whoever is due, every minute.
pub struct Enrol {
    kernel: Kernel,
    outreach: Arc<dyn Outreach>,
}

impl Enrol {
    /// The reconciler.
    pub fn new(kernel: Kernel, outreach: Arc<dyn Outreach>) -> Self {
        Self { kernel, outreach }
    }

    /// Enrols whoever is due in an organisation; says how many.
    pub async fn run_for(&self, org: OrgId) -> anyhow::Result<usize> {
        let mut all = 0;
        let mut tx = self.kernel.db.begin(org).await?;
        let on: Vec<Recipe> = store::choices(&mut tx)
            .await?
            .into_iter()
            .filter(|choice| choice.enabled)
            .filter_map(|choice| Recipe::named(&choice.play))
            .collect();
        drop(tx);
        for play in on {
            let mut tx = self.kernel.db.begin(org).await?;
            all += enrol(&mut tx, &self.kernel.vault, self.outreach.as_ref(), play).await?;
            tx.commit().await?;
        }
        Ok(all)
    }
}

#[async_trait]
impl Reconciler for Enrol {
    fn name(&self) -> &'static str {
        "revenue.plays"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.kernel.db).await? {
            self.run_for(org).await.can_fail("enrolling leads in plays; the next run tries again");
        }
        Ok(())
    }
}

/// Reads what enrolled leads paid, every ten minutes.
pub struct Outcomes {
    kernel: Kernel,
}

impl Outcomes {
    /// The reconciler.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Reconciler for Outcomes {
    fn name(&self) -> &'static str {
        "revenue.play_outcomes"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.kernel.db).await? {
            let mut tx = self.kernel.db.begin(org).await?;
            refresh(&mut tx, self.kernel.clock.now()).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}
