//! What was done with a lead, or will be: notes, calls, mails, tasks and meetings.

mod create;
mod list;

use chrono::{DateTime, Utc};
use kernel::ids::{ActivityId, LeadId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Desk;

pub(crate) use create::{ActivityIn, add};
pub(crate) use list::read;

/// The routes under `/v2/leads/{id}/activities` and `/meetings`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list::list_activities, create::create_activity))
        .routes(routes!(list::list_meetings))
}

/// Something done with a lead, or planned.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ActivityOut {
    pub id: ActivityId,
    pub lead_id: LeadId,
    /// `note`, `call`, `email`, `meeting`, `stage_change` or `task`.
    pub kind: String,
    pub title: String,
    pub body: String,
    /// When a meeting begins, or a task is due.
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    /// Who wrote it down.
    pub by_actor: String,
    pub at: DateTime<Utc>,
}
