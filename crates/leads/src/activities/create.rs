//! `POST /v2/leads/{id}/activities`.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ActivityId, LeadId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::ActivityOut;
use crate::desk::store;

/// Something done with a lead, or planned.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivityIn {
    /// `note`, `call`, `email`, `meeting` or `task`.
    pub kind: String,
    pub title: String,
    #[serde(default)]
    pub body: String,
    /// When a meeting begins (needed for one), or a task is due.
    pub starts_at: Option<DateTime<Utc>>,
    /// When a meeting ends (needed for one).
    pub ends_at: Option<DateTime<Utc>>,
}

impl ActivityIn {
    fn check(&self) -> Result<(), AppError> {
        if !matches!(self.kind.as_str(), "note" | "call" | "email" | "meeting" | "task") {
            return Err(AppError::field("kind", "is note, call, email, meeting or task"));
        }
        if self.title.trim().is_empty() || self.title.chars().count() > 200 {
            return Err(AppError::field("title", "must have 1 to 200 characters"));
        }
        if self.body.chars().count() > 20_000 {
            return Err(AppError::field("body", "must have at most 20,000 characters"));
        }
        match (self.starts_at, self.ends_at) {
            (None, _) if self.kind == "meeting" => Err(AppError::field("starts_at", "is required for a meeting")),
            (_, None) if self.kind == "meeting" => Err(AppError::field("ends_at", "is required for a meeting")),
            (Some(starts), Some(ends)) if ends <= starts => Err(AppError::field("ends_at", "must be after starts_at")),
            _ => Ok(()),
        }
    }
}

/// Writes an activity within a transaction.
pub(crate) async fn add(
    tx: &mut OrgTx,
    lead: LeadId,
    actor: Actor,
    given: ActivityIn,
) -> Result<ActivityOut, AppError> {
    given.check()?;
    store::find(tx, lead).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let ActivityIn { kind, title, body, starts_at, ends_at } = given;
    let (id, at) = (ActivityId::new(tx.clock()), tx.clock().now());
    let made = sqlx::query_as(
        "insert into activities (org_id, id, lead_id, kind, title, body, starts_at, ends_at, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         returning id, lead_id, kind, title, body, starts_at, ends_at, by_actor, at",
    )
    .bind(tx.org())
    .bind(id)
    .bind(lead)
    .bind(&kind)
    .bind(title.trim())
    .bind(body)
    .bind(starts_at)
    .bind(ends_at)
    .bind(actor.to_string())
    .bind(at)
    .fetch_one(tx.conn())
    .await?;
    tx.append(Event::new(Subject::Lead(lead), actor, Fact::LeadActivity { lead, activity: id, activity_kind: kind }));
    Ok(made)
}

/// Write down an activity, or plan a meeting.
#[utoipa::path(post, path = "/v2/leads/{id}/activities", tag = "leads", request_body = ActivityIn,
    responses((status = 201, body = ActivityOut)))]
pub(crate) async fn create_activity(
    by: Allowed<Reply>,
    Path(id): Path<LeadId>,
    Json(given): Json<ActivityIn>,
) -> Result<(StatusCode, Json<ActivityOut>), AppError> {
    let mut tx = by.tx().await?;
    let made = add(&mut tx, id, by.actor(), given).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}
