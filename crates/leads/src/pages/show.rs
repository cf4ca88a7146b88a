//! `/leads/{id}`: the score opened into its signals, the whole story, what was done, and what the CRM holds.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use kernel::ids::LeadId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Frame, Path, Permission, show};

use crate::activities::{self, ActivityOut};
use crate::contacts::ContactOut;
use crate::core::Core;
use crate::crm::{LinkOut, SyncStatus, link_of, status_of};
use crate::desk::{LeadOut, STAGES, TimelineEntry, load, store, story};

/// How much of the story is on the page; the API has all of it.
const ENTRIES: i64 = 60;

#[derive(Template)]
#[template(path = "leads/show.html")]
struct ShowPage {
    frame: Frame,
    lead: LeadOut,
    contact: Option<ContactOut>,
    /// The sum before it was kept between 0 and 100.
    sum: i32,
    story: Vec<TimelineEntry>,
    activities: Vec<ActivityOut>,
    crm: SyncStatus,
    link: Option<LinkOut>,
    may_change: bool,
}

pub(crate) async fn page(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<LeadId>,
) -> Result<Html<String>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let row = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let story = story(&mut tx, &row, ENTRIES, None).await?;
    let activities = activities::read(&mut tx, id, None, None, ENTRIES).await?;
    let (crm, link) = (status_of(&mut tx).await?, link_of(&mut tx, id).await?);
    let shown = load(&mut tx, &vault, id).await?;
    show(&ShowPage {
        frame: by.frame(shown.lead.contact_name.clone()),
        sum: shown.lead.signals.iter().map(|signal| signal.points).sum(),
        lead: shown.lead,
        contact: shown.contact,
        story,
        activities,
        crm,
        link,
        may_change: by.may(Permission::Reply),
    })
}
