//! Leads at the desk: listed, counted, opened, tagged, moved. One file an action.

mod list;
mod show;
pub(crate) mod stage;
mod stats;
pub(crate) mod store;
pub(crate) mod tag;
mod timeline;
mod words;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Desk;

pub(crate) use list::{Filter, LeadOut, read};
pub(crate) use show::load;
pub use stats::{LeadStats, count};
pub(crate) use timeline::{TimelineEntry, read as story};
pub(crate) use words::{STAGES, signal_label, spaced, stage_label, tag_of};

/// The routes under `/v2/leads`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list::list_leads))
        .routes(routes!(stats::lead_stats))
        .routes(routes!(show::show_lead))
        .routes(routes!(tag::set_tag))
        .routes(routes!(stage::set_stage))
        .routes(routes!(timeline::lead_timeline))
}
