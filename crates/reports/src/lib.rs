//! Briefings, custom reports, exports and their schedules.
//!
//! A report is a sheet first (`sheet`): pages, PDF, spreadsheets and letters are made from it and say the same. Rules a newcomer
//! would break: the same figures give the same bytes; a sentence says nothing that is not in the figures; a report that could not be
//! delivered raises an alert; figures are asked for through [`Figures`] and nowhere else.

mod analytics;
mod api;
mod briefing;
mod clock;
mod core;
mod custom;
mod deliver;
pub mod figures;
mod make;
mod metrics;
mod organisation;
mod pages;
mod performance;
pub mod period;
mod readings;
mod render;
mod sheet;
mod store;
mod timing;
mod token;
mod web;

use std::sync::Arc;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;

pub use crate::core::Core;
pub use crate::figures::Figures;
pub use web::room;

/// The room's background work: making reports, and sending them.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add(Arc::new(make::Make::new(core.clone())));
    handlers.add(Arc::new(deliver::Deliver::new(core.clone())));
}

/// What is done by the clock: schedules that are due, reports that are old.
pub fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(clock::Due(core.clone())), Arc::new(clock::Old(core.clone()))]
}

/// The briefing of a day as PDF, from figures to bytes: for measuring.
pub async fn briefing_pdf(tx: &mut OrgTx, figures: &dyn Figures, day: NaiveDate) -> anyhow::Result<Vec<u8>> {
    let sheet = briefing::briefing(tx, figures, day, None).await?;
    Ok(render::Format::Pdf.file(&sheet)?.bytes)
}
