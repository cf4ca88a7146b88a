//! What is done with experiments.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::ExperimentId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Path, Toast};

use super::form::{Plan, Typed};
use super::show::edit;
use super::store::{self, Experiment};
use crate::admin::publish;
use crate::core::Core;

const LONGEST_DECISION: usize = 300;

/// `POST /admin/experiments`
pub(super) async fn create(by: Allowed<ManageChannels>, Form(typed): Form<Typed>) -> Result<Response, AppError> {
    let id = ExperimentId::new(&by.kernel().clock);
    write(&by, by.tx().await?, id, true, typed).await
}

/// `POST /admin/experiments/{id}`
pub(super) async fn save(
    by: Allowed<ManageChannels>,
    Path(id): Path<ExperimentId>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    draft(&mut tx, id).await?;
    write(&by, tx, id, false, typed).await
}

async fn write(
    by: &Allowed<ManageChannels>,
    mut tx: OrgTx,
    id: ExperimentId,
    new: bool,
    typed: Typed,
) -> Result<Response, AppError> {
    let plan = match typed.read() {
        Ok(plan) => plan,
        Err(error) => {
            let page = edit(by, (!new).then_some(id), typed, FieldErrors::from(&error))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    keep(by, &mut tx, id, &plan).await?;
    tx.commit().await?;
    Ok((Toast::done("Kept; it starts when you say so").on_next_page(), Redirect::to(&address(id))).into_response())
}

/// Writes a plan down.
pub(super) async fn keep(
    by: &Allowed<ManageChannels>,
    tx: &mut OrgTx,
    id: ExperimentId,
    plan: &Plan,
) -> Result<(), AppError> {
    store::keep(tx, id, plan, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.experiment_kept").about(id);
    let detail = json!({ "name": plan.name, "page": plan.page, "goal": plan.goal, "needed": plan.needed });
    audit::record(tx, entry.detail(detail)).await?;
    Ok(())
}

/// `POST /admin/experiments/{id}/start`
pub(super) async fn start(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ExperimentId>,
) -> Result<Response, AppError> {
    set_going(&by, &core, id).await?;
    Ok((Toast::done("Started; visitors see its wordings now").on_next_page(), Redirect::to(&address(id)))
        .into_response())
}

/// Starts a draft: what is compared does not change from then on.
pub(super) async fn set_going(by: &Allowed<ManageChannels>, core: &Core, id: ExperimentId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let page = find(&mut tx, id).await?.plan.page;
    if let Some(other) = store::running_on(&mut tx, &page).await? {
        return Err(AppError::conflict(format!(
            "“{other}” runs on this page; stop it first, so that each can be told apart"
        )));
    }
    draft(&mut tx, id).await?;
    store::start(&mut tx, id).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "site.experiment_started").about(id)).await?;
    publish(core, tx).await
}

/// What was decided.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Decided {
    decision: String,
}

/// `POST /admin/experiments/{id}/stop`
pub(super) async fn stop(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ExperimentId>,
    Form(decided): Form<Decided>,
) -> Result<Response, AppError> {
    end(&by, &core, id, &decided.decision).await?;
    Ok((Toast::done("Stopped; everybody sees the page as it is").on_next_page(), Redirect::to(&address(id)))
        .into_response())
}

/// Stops an experiment that runs, with what was decided.
pub(super) async fn end(
    by: &Allowed<ManageChannels>,
    core: &Core,
    id: ExperimentId,
    decision: &str,
) -> Result<(), AppError> {
    let decision = decision.trim();
    if decision.chars().count() > LONGEST_DECISION {
        return Err(AppError::field("decision", format!("is at most {LONGEST_DECISION} characters")));
    }
    let mut tx = by.tx().await?;
    if find(&mut tx, id).await?.state != "running" {
        return Err(AppError::conflict("the experiment is not running"));
    }
    store::stop(&mut tx, id, decision).await?;
    let entry = AuditEntry::new(by.actor(), "site.experiment_stopped").about(id);
    audit::record(&mut tx, entry.detail(json!({ "decision": decision }))).await?;
    publish(core, tx).await
}

/// `POST /admin/experiments/{id}/remove`
pub(super) async fn remove(by: Allowed<ManageChannels>, Path(id): Path<ExperimentId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let experiment = draft(&mut tx, id).await?;
    store::remove(&mut tx, id).await?;
    let entry = AuditEntry::new(by.actor(), "site.experiment_removed").about(id);
    audit::record(&mut tx, entry.detail(json!({ "name": experiment.plan.name }))).await?;
    tx.commit().await?;
    Ok((Toast::done("Removed").on_next_page(), Redirect::to("/admin/experiments")).into_response())
}

pub(super) async fn find(tx: &mut OrgTx, id: ExperimentId) -> Result<Experiment, AppError> {
    store::held(tx, id).await?.ok_or_else(|| AppError::not_found("experiment"))
}

/// A draft: what began does not change any more.
async fn draft(tx: &mut OrgTx, id: ExperimentId) -> Result<Experiment, AppError> {
    let experiment = find(tx, id).await?;
    if experiment.state == "draft" {
        return Ok(experiment);
    }
    Err(AppError::conflict("the experiment has begun, and what is compared does not change any more; make a new one"))
}

fn address(id: ExperimentId) -> String {
    format!("/admin/experiments/{id}")
}
