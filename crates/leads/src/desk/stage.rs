//! `PATCH /v2/leads/{id}/stage`. Won and lost close a lead; moving it back opens it again.

use axum::extract::State;
use kernel::db::OrgTx;
use kernel::ids::{ActivityId, LeadId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::show::{LeadShown, load};
use super::store;
use super::words;
use crate::core::Core;

/// The new stage.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageIn {
    /// `new`, `contacted`, `qualified`, `proposal`, `won` or `lost`.
    pub stage: String,
}

/// Moves the lead within a transaction.
pub(crate) async fn change(tx: &mut OrgTx, id: LeadId, actor: Actor, stage: &str) -> Result<(), AppError> {
    if !words::STAGES.iter().any(|(word, _)| *word == stage) {
        return Err(AppError::field("stage", "is new, contacted, qualified, proposal, won or lost"));
    }
    let lead = store::lock(tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    if lead.stage == stage {
        return Ok(());
    }
    let closed_at = words::ends(stage).then(|| tx.clock().now());
    sqlx::query("update leads set stage = $3, closed_at = $4, updated_at = now() where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(stage)
        .bind(closed_at)
        .execute(tx.conn())
        .await
        .map_err(other_open)?;
    let activity = ActivityId::new(tx.clock());
    sqlx::query(
        "insert into activities (org_id, id, lead_id, kind, title, by_actor, at) values ($1, $2, $3, 'stage_change', $4, $5, $6)",
    )
    .bind(tx.org())
    .bind(activity)
    .bind(id)
    .bind(format!("{} → {}", words::stage_label(&lead.stage), words::stage_label(stage)))
    .bind(actor.to_string())
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    let fact = Fact::LeadStage { lead: id, contact: lead.contact_id, from: lead.stage, to: stage.to_owned() };
    tx.append(Event::new(Subject::Lead(id), actor, fact));
    Ok(())
}

fn other_open(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("leads_open") => AppError::conflict("this contact has another open lead; close that one first"),
        _ => error.into(),
    }
}

/// Move a lead to another stage.
#[utoipa::path(patch, path = "/v2/leads/{id}/stage", tag = "leads", request_body = StageIn, responses((status = 200, body = LeadShown)))]
pub(crate) async fn set_stage(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<LeadId>,
    Json(given): Json<StageIn>,
) -> Result<Json<LeadShown>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    change(&mut tx, id, by.actor(), &given.stage).await?;
    let shown = load(&mut tx, &vault, id).await?;
    tx.commit().await?;
    Ok(Json(shown))
}
