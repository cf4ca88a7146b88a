//! `/v2/site/audit`: for programs that keep the audit's questions, weights and benchmarks. The whole of it is read and written at once.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, Json};
use utoipa::ToSchema;

use super::store;
use crate::admin::publish;
use crate::audit::config;
use crate::audit::model::Config;
use crate::core::Core;

/// How much of a complaint about what was sent is said back.
const LONGEST: usize = 300;

/// The audit as it is asked, and what is being made of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteAudit)]
pub(super) struct AuditOut {
    /// 0: the program's own.
    version: i32,
    /// Steps with their questions, dimensions, bands, benchmarks, findings, recommendations and assumptions.
    #[schema(value_type = Object)]
    config: Value,
    draft: Option<DraftOut>,
}

/// What visitors do not see yet.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteAuditDraft)]
pub(super) struct DraftOut {
    /// What it will be once it is published.
    version: i32,
    #[schema(value_type = Object)]
    config: Value,
    /// What keeps it from being published.
    complaints: Vec<String>,
}

impl DraftOut {
    fn of(version: i32, config: &Config) -> Result<Self, AppError> {
        let complaints = config::check(config).err().unwrap_or_default();
        Ok(Self { version, config: serde_json::to_value(config).map_err(AppError::internal)?, complaints })
    }
}

/// A draft, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteAuditDraftIn)]
pub(super) struct DraftIn {
    /// As it is read: change what is to be another, and send all of it back.
    #[schema(value_type = Object)]
    config: Value,
}

/// What is asked from now on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteAuditPublished)]
pub(super) struct PublishedOut {
    version: i32,
}

/// Show the audit's questions, weights, benchmarks and recommendations, and the draft of the next version.
#[utoipa::path(get, path = "/v2/site/audit", tag = "site", responses((status = 200, body = AuditOut)))]
pub(super) async fn show(by: Allowed<ManageChannels>) -> Result<Json<AuditOut>, AppError> {
    let mut tx = by.tx().await?;
    let (version, config) = config::current(&mut tx).await?;
    let draft = config::draft(&mut tx).await?;
    let draft = draft.map(|(version, config)| DraftOut::of(version, &config)).transpose()?;
    let config = serde_json::to_value(&*config).map_err(AppError::internal)?;
    Ok(Json(AuditOut { version, config, draft }))
}

/// Write the draft of the next version. It may be wrong, and says with what.
#[utoipa::path(put, path = "/v2/site/audit/draft", tag = "site", request_body = DraftIn,
    responses((status = 200, body = DraftOut), (status = 422, description = "It is no audit")))]
pub(super) async fn keep(by: Allowed<ManageChannels>, Json(given): Json<DraftIn>) -> Result<Json<DraftOut>, AppError> {
    if given.config.to_string().contains("\\u0000") {
        return Err(AppError::field("config", "must not contain a NUL character"));
    }
    let config: Config = serde_json::from_value(given.config).map_err(|error| {
        let reason: String = error.to_string().chars().take(LONGEST).collect();
        AppError::field("config", format!("does not fit the audit: {reason}"))
    })?;
    let mut tx = by.tx().await?;
    let (version, _) = store::opened(&mut tx, by.actor()).await?;
    store::keep(&mut tx, version, &config, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_drafted").about(format!("version {version}"));
    audit::record(&mut tx, entry.detail(json!({ "at": "/" }))).await?;
    tx.commit().await?;
    Ok(Json(DraftOut::of(version, &config)?))
}

/// Throw the draft away.
#[utoipa::path(delete, path = "/v2/site/audit/draft", tag = "site", responses((status = 204), (status = 404)))]
pub(super) async fn discard(by: Allowed<ManageChannels>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    let version = store::discard(&mut tx).await?.ok_or_else(|| AppError::not_found("draft of the audit"))?;
    let entry = AuditEntry::new(by.actor(), "site.audit_discarded").about(format!("version {version}"));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publish the draft: new audits are begun with it, and those under way end as they began.
#[utoipa::path(post, path = "/v2/site/audit/publication", tag = "site",
    responses((status = 201, body = PublishedOut), (status = 404), (status = 422, description = "What keeps it from being published")))]
pub(super) async fn publish_draft(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
) -> Result<(StatusCode, Json<PublishedOut>), AppError> {
    let mut tx = by.tx().await?;
    let (version, config) = store::held(&mut tx).await?.ok_or_else(|| AppError::not_found("draft of the audit"))?;
    if let Err(complaints) = config::check(&config) {
        let details = complaints.into_iter().map(|complaint| Detail::new("config", complaint));
        return Err(AppError::fields(details.collect()));
    }
    store::publish(&mut tx, version, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.audit_published").about(format!("version {version}"));
    audit::record(&mut tx, entry).await?;
    publish(&core, tx).await?;
    Ok((StatusCode::CREATED, Json(PublishedOut { version })))
}
