//! What the desk does with the audit.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::audit::{self, AuditEntry};
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManageChannels;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Form, Toast};

use super::show::{refused, unfit};
use super::{apply, fields, store};
use crate::admin::publish;
use crate::audit::{config, submit};
use crate::core::Core;

const HERE: &str = "/admin/audit";
/// The field that says which part of the audit a form is about.
const AT: &str = "at";

/// `POST /admin/audit/edit`
pub(super) async fn save(
    by: Allowed<ManageChannels>,
    Form(mut typed): Form<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    let at = typed.remove(AT).unwrap_or_default();
    let mut tx = by.tx().await?;
    let (version, config) = store::opened(&mut tx, by.actor()).await?;
    if fields::form(&config, &at).is_none() {
        return Err(AppError::not_found("part of the audit"));
    }
    let after = match apply::fields(&config, &at, &typed) {
        Ok(after) => after,
        Err(error) => return refused(&by, &config, &at, &typed, &error),
    };
    store::keep(&mut tx, version, &after, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_drafted").about(format!("version {version}"));
    audit::record(&mut tx, entry.detail(json!({ "at": at }))).await?;
    tx.commit().await?;
    Ok((Toast::done("Kept in the draft").on_next_page(), Redirect::to(&edit_of(&at))).into_response())
}

/// A list of the audit that grows or shrinks.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    /// The list, or what is taken out of it.
    at: String,
    #[serde(default)]
    remove: bool,
}

/// `POST /admin/audit/list`
pub(super) async fn list(by: Allowed<ManageChannels>, Form(listed): Form<Listed>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let (version, config) = store::opened(&mut tx, by.actor()).await?;
    let (after, place) = if listed.remove {
        (apply::remove(&config, &listed.at)?, String::new())
    } else {
        apply::add(&config, &listed.at)?
    };
    store::keep(&mut tx, version, &after, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_drafted").about(format!("version {version}"));
    audit::record(&mut tx, entry.detail(json!({ "at": listed.at, "removed": listed.remove }))).await?;
    tx.commit().await?;
    // A choice is changed with its question.
    let whole = |place: &str| place.split("/choices").next().unwrap_or_default().to_owned();
    let next = if listed.remove && !listed.at.contains("/choices/") {
        HERE.to_owned()
    } else {
        edit_of(&whole(if listed.remove { &listed.at } else { &place }))
    };
    let said = if listed.remove { "Taken out of the draft" } else { "Added to the draft" };
    Ok((Toast::done(said).on_next_page(), Redirect::to(&next)).into_response())
}

/// Which version a draft begins with.
#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    version: i32,
}

/// `POST /admin/audit/draft`: a draft that says what a version said.
pub(super) async fn begin(by: Allowed<ManageChannels>, Form(from): Form<Begun>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let config =
        config::read(&mut tx, from.version).await?.ok_or_else(|| AppError::not_found("version of the audit"))?;
    if store::held(&mut tx).await?.is_some() {
        return Err(AppError::conflict("there is a draft already; publish it or throw it away first"));
    }
    let version = store::begin(&mut tx, &config, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_drafted").about(format!("version {version}"));
    audit::record(&mut tx, entry.detail(json!({ "from": from.version }))).await?;
    tx.commit().await?;
    Ok((Toast::done("The draft is made; visitors see nothing of it").on_next_page(), Redirect::to(HERE))
        .into_response())
}

/// `POST /admin/audit/discard`
pub(super) async fn discard(by: Allowed<ManageChannels>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let version = store::discard(&mut tx).await?.ok_or_else(|| AppError::not_found("draft of the audit"))?;
    let entry = AuditEntry::new(by.actor(), "site.audit_discarded").about(format!("version {version}"));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok((Toast::done("The draft is gone; what is asked stays as it is").on_next_page(), Redirect::to(HERE))
        .into_response())
}

/// `POST /admin/audit/preview`: a link that shows the draft to whoever has it.
pub(super) async fn preview(by: Allowed<ManageChannels>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let (version, _) = store::held(&mut tx).await?.ok_or_else(|| AppError::not_found("draft of the audit"))?;
    let token = submit::token()?;
    store::allow(&mut tx, version, &token).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_previewed").about(format!("version {version}"));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("{HERE}?link={token}")).into_response())
}

/// `POST /admin/audit/publish`: new audits are begun with the draft; those that were begun end as they began.
pub(super) async fn publish_draft(by: Allowed<ManageChannels>, State(core): State<Core>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let (version, config) = store::held(&mut tx).await?.ok_or_else(|| AppError::not_found("draft of the audit"))?;
    if let Err(complaints) = config::check(&config) {
        drop(tx);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, unfit(&by, &core, complaints).await?).into_response());
    }
    store::publish(&mut tx, version, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_published").about(format!("version {version}"));
    audit::record(&mut tx, entry).await?;
    publish(&core, tx).await?;
    let said = "Published; new audits ask it from now on, and those under way end as they began";
    Ok((Toast::done(said).on_next_page(), Redirect::to(HERE)).into_response())
}

fn edit_of(at: &str) -> String {
    format!("{HERE}/edit?at={}", url_encoded(at))
}
