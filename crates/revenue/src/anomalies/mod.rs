//! Anomalies: days out of the ordinary in any daily metric, each with its evidence, told once.
//!
//! Rules a newcomer would break: a day is judged when it is over at its place, once, by the days before it alone; the id of an
//! anomaly is derived from metric, place and first day, so that looking again finds the same list; an alert is a row before it is a
//! call.

mod alerts;
mod api;
mod deliver;
mod evidence;
mod look;
mod page;
mod series;
mod store;
pub(crate) mod told;
mod words;

use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::{get, post};
use kernel::Kernel;
use kernel::can_fail::CanFail;
use kernel::db::system;
use kernel::ids::{AnomalyId, OrgId};
use kernel::schedule::Reconciler;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use deliver::Deliver;
pub use look::look;

use crate::Revenue;
use crate::settings::Rules;

/// The routes under `/v2/anomalies`.
pub(crate) fn api() -> OpenApiRouter<Revenue> {
    OpenApiRouter::new()
        .routes(routes!(api::list_anomalies))
        .routes(routes!(api::show_anomaly))
        .routes(routes!(api::acknowledge_anomaly))
        .routes(routes!(api::mute_metric))
        .routes(routes!(api::show_alerts, api::change_alerts))
}

/// The pages.
pub(crate) fn pages() -> Router<Revenue> {
    Router::new()
        .route("/revenue/anomalies", get(page::list))
        .route("/revenue/anomalies/mute", post(page::mute))
        .route("/revenue/anomalies/alerts", post(page::save_alerts))
        .route("/revenue/anomalies/{id}", get(page::one))
        .route("/revenue/anomalies/{id}/acknowledgement", post(page::acknowledge))
}

/// Looks at every day that closed.
pub struct Watch {
    kernel: Kernel,
}

impl Watch {
    /// The reconciler.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }

    /// Looks at the places of an organisation and at the whole; tells of what is new. Returns it.
    pub async fn run_for(&self, org: OrgId) -> anyhow::Result<Vec<AnomalyId>> {
        let mut tx = self.kernel.db.begin(org).await?;
        let rules = Rules::load(&mut tx).await?;
        drop(tx);
        let now = self.kernel.clock.now();
        // Where there is one place, it and the whole are the same.
        let mut places: Vec<Option<uuid::Uuid>> = vec![None];
        if rules.places.len() > 1 {
            places.extend(rules.places.keys().copied().map(Some));
            places.sort_unstable();
        }
        let mut all = Vec::new();
        for place in places {
            let mut tx = self.kernel.db.begin(org).await?;
            let new = look(&mut tx, &rules, place, now).await?;
            alerts::tell(&mut tx, &self.kernel, &new, now).await?;
            tx.commit().await?;
            all.extend(new);
        }
        Ok(all)
    }
}

#[async_trait]
impl Reconciler for Watch {
    fn name(&self) -> &'static str {
        "revenue.anomalies"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.kernel.db).await? {
            self.run_for(org).await.can_fail("looking for anomalies; the next run tries again");
        }
        Ok(())
    }
}
