//! `/settings/organisation`: name and time zone for administrators; handing over and deleting for owners.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::ids::MemberId;
use serde::Deserialize;
use shell::auth::Permits;
use shell::auth::permission::{Billing, ManagePeople};
use shell::{Allowed, App, AppError, FieldErrors, Form, Frame, Page, Permission, RequestInfo, Role, Toast, show};

use super::settings::{OrganisationOut, OrganisationPatch};
use super::{deletion, ownership, settings};
use crate::Identity;
use crate::origin::Origin;
use crate::store::members;

/// An organisation with more people hands over through the API.
const MOST: u32 = 500;

#[derive(Template)]
#[template(path = "organisation/show.html")]
struct OrganisationPage {
    frame: Frame,
    organisation: OrganisationOut,
    zones: Vec<Zone>,
    owns: bool,
    heirs: Vec<Heir>,
    errors: FieldErrors,
    /// What was typed to delete it.
    typed: String,
}

struct Zone {
    name: &'static str,
    selected: bool,
}

/// A member who may become the owner.
struct Heir {
    id: MemberId,
    name: String,
    role: Role,
}

#[derive(Template)]
#[template(path = "organisation/deleted.html")]
struct DeletedPage {
    frame: Frame,
    name: String,
    erase_at: chrono::DateTime<chrono::Utc>,
    link: String,
}

#[derive(Deserialize)]
pub(crate) struct SettingsForm {
    name: String,
    time_zone: String,
}

#[derive(Deserialize)]
pub(crate) struct OwnershipForm {
    member_id: MemberId,
}

#[derive(Deserialize)]
pub(crate) struct DeletionForm {
    typed: String,
}

pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    Ok(show(&page(&by, FieldErrors::default(), String::new()).await?)?.into_response())
}

pub(crate) async fn change(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(SettingsForm { name, time_zone }): Form<SettingsForm>,
) -> Result<Response, AppError> {
    let patch = OrganisationPatch { name: Some(name), time_zone: Some(time_zone) };
    match settings::change(&identity, &by, patch, &origin).await {
        Ok(_) => Ok((Toast::done("Saved").on_next_page(), Redirect::to("/settings/organisation")).into_response()),
        Err(error) => problem(&by, error, String::new()).await,
    }
}

pub(crate) async fn hand_over(
    State(identity): State<Identity>,
    by: Allowed<Billing>,
    origin: Origin,
    Form(OwnershipForm { member_id }): Form<OwnershipForm>,
) -> Result<Response, AppError> {
    let taker = ownership::hand_over(&identity, &by, member_id, &origin).await?;
    let toast = Toast::done(format!("{} is an owner now, and you are an administrator", taker.name));
    Ok((toast.on_next_page(), Redirect::to("/settings/organisation")).into_response())
}

pub(crate) async fn delete(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<Billing>,
    info: RequestInfo,
    origin: Origin,
    Form(DeletionForm { typed }): Form<DeletionForm>,
) -> Result<Response, AppError> {
    match deletion::delete(&identity, &app, &by, &typed, &origin).await {
        Ok(deleted) => {
            let frame = Frame::signed_out(&info, "Deleted");
            let name = by.principal().org_name.clone();
            let page = DeletedPage { frame, name, erase_at: deleted.erase_at, link: deleted.restore_link };
            Ok(show(&page)?.into_response())
        }
        Err(error) => problem(&by, error, typed).await,
    }
}

/// The page again, with what was wrong beside its field; other refusals are a page of their own.
async fn problem<P: Permits>(by: &Allowed<P>, error: AppError, typed: String) -> Result<Response, AppError> {
    if error.details().is_empty() {
        return Err(error);
    }
    let errors = FieldErrors::from(&error);
    Ok((error.status(), show(&page(by, errors, typed).await?)?).into_response())
}

async fn page<P: Permits>(by: &Allowed<P>, errors: FieldErrors, typed: String) -> Result<OrganisationPage, AppError> {
    let mut tx = by.tx().await?;
    let organisation = settings::show(&mut tx, "").await?;
    let owns = by.may(Permission::Billing) && by.principal().role == Some(Role::Owner);
    let everyone = if owns { members::list(&mut tx, &Page { limit: MOST, after: None }).await? } else { Vec::new() };
    let heirs = everyone.into_iter().filter(|member| member.role != Role::Owner && member.suspended_at.is_none());
    let heirs = heirs.map(|member| Heir { id: member.id, name: member.name, role: member.role }).collect();
    let zone = |zone: chrono_tz::Tz| Zone { name: zone.name(), selected: zone.name() == organisation.time_zone };
    let zones = chrono_tz::TZ_VARIANTS.into_iter().map(zone).collect();
    Ok(OrganisationPage { frame: by.frame("Organisation"), organisation, zones, owns, heirs, errors, typed })
}
