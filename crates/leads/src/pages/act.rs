//! What people do on a lead's page; each ends on the page again.

use axum::response::Redirect;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::ids::LeadId;
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Form, Path, Toast};

use crate::activities::{ActivityIn, add};
use crate::crm;
use crate::desk::{stage as stages, tag as tags};

#[derive(Debug, Deserialize)]
pub(crate) struct TagForm {
    tag: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StageForm {
    stage: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ActivityForm {
    kind: String,
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    ends_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

fn back(id: LeadId, said: String) -> Response {
    (Toast::done(said).on_next_page(), Redirect::to(&format!("/leads/{id}"))).into_response()
}

pub(crate) async fn tag(
    by: Allowed<Reply>,
    Path(id): Path<LeadId>,
    Form(given): Form<TagForm>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    tags::change(&mut tx, id, by.actor(), &given.tag).await?;
    tx.commit().await?;
    Ok(back(id, format!("Tagged {}; the rules leave it alone now", given.tag)))
}

pub(crate) async fn stage(
    by: Allowed<Reply>,
    Path(id): Path<LeadId>,
    Form(given): Form<StageForm>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    stages::change(&mut tx, id, by.actor(), &given.stage).await?;
    tx.commit().await?;
    Ok(back(id, format!("Moved to {}", crate::desk::stage_label(&given.stage))))
}

pub(crate) async fn activity(
    by: Allowed<Reply>,
    Path(id): Path<LeadId>,
    Form(given): Form<ActivityForm>,
) -> Result<Response, AppError> {
    let ActivityForm { kind, title, body, starts_at, ends_at } = given;
    let given = ActivityIn {
        kind,
        title,
        body,
        starts_at: instant("starts_at", &starts_at)?,
        ends_at: instant("ends_at", &ends_at)?,
    };
    let mut tx = by.tx().await?;
    add(&mut tx, id, by.actor(), given).await?;
    tx.commit().await?;
    Ok(back(id, "Written down".to_owned()))
}

/// A browser's date and time, which the page says is UTC.
fn instant(field: &str, text: &str) -> Result<Option<DateTime<Utc>>, AppError> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
        .map_err(|_| AppError::field(field, "is not a date and time"))?;
    Ok(Some(read.and_utc()))
}

pub(crate) async fn sync(
    by: Allowed<Reply>,
    Path(id): Path<LeadId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    crm::force(&mut tx, id).await?;
    tx.commit().await?;
    Ok(back(id, "On its way to HubSpot".to_owned()))
}
