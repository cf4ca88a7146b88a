//! `/v2/privacy/exports`: everything that is kept of a contact, as a file.
//!
//! The file is made in the background, sealed, and fetched by who asked for it, signed in, with a link that works for a day.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ExportId};
use kernel::ledger::Actor;
use kernel::queue::{Lane, NewJob};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use shell::auth::permission::Export;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path, Query};
use utoipa::{IntoParams, ToSchema};

use super::file::{ExportJob, file_place};
use crate::origin::Origin;
use crate::{Identity, secrets};

/// What the file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A zip with one JSON file and a CSV file for each kind.
    #[default]
    Zip,
    /// One JSON file.
    Json,
    /// A zip of CSV files.
    Csv,
}

impl Format {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        [Self::Json, Self::Csv].into_iter().find(|format| format.word() == word).unwrap_or_default()
    }
}

/// Whom to export.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportIn {
    /// The contact. Whoever was merged with it is in the file too.
    contact_id: ContactId,
    /// `zip` (JSON and CSV), `json` or `csv`.
    #[serde(default)]
    format: Format,
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportOut {
    pub id: ExportId,
    pub contact_id: ContactId,
    pub format: String,
    /// `waiting`, `ready`, `failed` or `expired`.
    pub state: String,
    /// Who asked.
    pub by: String,
    pub at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    /// Where the file is, for who asked and nobody else.
    pub link: Option<String>,
    pub link_until: Option<DateTime<Utc>>,
    /// Bytes.
    pub size: Option<i64>,
    pub error: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub id: ExportId,
    pub contact_id: ContactId,
    pub format: String,
    pub state: String,
    pub by_actor: String,
    pub at: DateTime<Utc>,
    pub ready_at: Option<DateTime<Utc>>,
    pub link_until: Option<DateTime<Utc>>,
    pub size: Option<i64>,
    pub error: Option<String>,
}

/// The secret of an export's link: known to the key, not to the table, and the same whenever its owner asks.
pub(super) fn link_secret(vault: &OrgVault, id: ExportId, by: &str) -> String {
    hex::encode(vault.blind_index("privacy_exports/link", &format!("{id} {by}")))
}

impl Row {
    /// As a caller sees it: the link only when the file is theirs.
    pub(super) fn shown(self, vault: &OrgVault, caller: Actor) -> ExportOut {
        let Self { id, contact_id, format, state, by_actor, at, ready_at, link_until, size, error } = self;
        let own = state == "ready" && by_actor == caller.to_string();
        let link = own.then(|| format!("/v2/privacy/exports/{id}/file?token={}", link_secret(vault, id, &by_actor)));
        ExportOut { id, contact_id, format, state, by: by_actor, at, ready_at, link, link_until, size, error }
    }
}

macro_rules! columns {
    () => {
        "select id, contact_id, format, state, by_actor, at, ready_at, link_until, size, error from privacy_exports where org_id = $1 "
    };
}

/// Exports before a cursor, newest first.
pub(super) async fn rows(tx: &mut OrgTx, before: Option<ExportId>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(concat!(columns!(), "and ($2::uuid is null or id < $2) order by id desc limit $3"))
        .bind(tx.org())
        .bind(before)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

async fn find(tx: &mut OrgTx, id: ExportId) -> Result<Row, AppError> {
    let row = sqlx::query_as(concat!(columns!(), "and id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn());
    row.await?.ok_or_else(|| AppError::not_found("export"))
}

/// List exports, newest first.
#[utoipa::path(get, path = "/v2/privacy/exports", tag = "privacy", params(PageParams),
    responses((status = 200, body = Listed<ExportOut>)))]
pub(crate) async fn list(by: Allowed<Export>, page: Page<ExportId>) -> Result<Json<Listed<ExportOut>>, AppError> {
    let vault = by.kernel().vault.of(by.org()).await?;
    let found = rows(&mut by.tx().await?, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, found, |row| row.id)?.map(|row| row.shown(&vault, by.actor()))))
}

/// Export everything that is kept of a contact.
#[utoipa::path(post, path = "/v2/privacy/exports", tag = "privacy", request_body = ExportIn,
    responses((status = 202, body = ExportOut), (status = 403, description = "Prove yourself again first: `step_up_required`.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<Export>,
    origin: Origin,
    Json(given): Json<ExportIn>,
) -> Result<(StatusCode, Json<ExportOut>), AppError> {
    let id = ask(&identity, &by, given.contact_id, given.format, &origin).await?;
    let vault = by.kernel().vault.of(by.org()).await?;
    let row = find(&mut by.tx().await?, id).await?;
    Ok((StatusCode::ACCEPTED, Json(row.shown(&vault, by.actor()))))
}

/// Writes a request down with the job that carries it out.
pub(super) async fn ask(
    identity: &Identity,
    by: &Allowed<Export>,
    contact: ContactId,
    format: Format,
    origin: &Origin,
) -> Result<ExportId, AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    if !identity.holders().know(&mut tx, contact).await.map_err(AppError::internal)? {
        return Err(AppError::not_found("contact"));
    }
    let id = ExportId::new(tx.clock());
    sqlx::query(
        "insert into privacy_exports (org_id, id, contact_id, format, by_actor, at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(contact)
    .bind(format.word())
    .bind(by.actor().to_string())
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    tx.enqueue(NewJob::new(Lane::Report, "privacy.export", &ExportJob { export: id }));
    let entry = AuditEntry::new(by.actor(), "export.requested").about(contact).from_ip(origin.ip);
    audit::record(&mut tx, entry.detail(serde_json::json!({ "export": id, "format": format.word() }))).await?;
    tx.commit().await?;
    Ok(id)
}

/// An export, with its link for who asked.
#[utoipa::path(get, path = "/v2/privacy/exports/{id}", tag = "privacy", params(("id" = ExportId, Path,)),
    responses((status = 200, body = ExportOut)))]
pub(crate) async fn get(by: Allowed<Export>, Path(id): Path<ExportId>) -> Result<Json<ExportOut>, AppError> {
    let vault = by.kernel().vault.of(by.org()).await?;
    Ok(Json(find(&mut by.tx().await?, id).await?.shown(&vault, by.actor())))
}

/// What a link carries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Link {
    /// The secret of the link.
    token: String,
}

/// Fetch an export's file: only who asked for it, for a day; each time is in the audit log.
#[utoipa::path(get, path = "/v2/privacy/exports/{id}/file", tag = "privacy", params(("id" = ExportId, Path,), Link),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 404, description = "The link ended, or is somebody else's.")))]
pub(crate) async fn download(
    by: Allowed<Export>,
    origin: Origin,
    Path(id): Path<ExportId>,
    Query(link): Query<Link>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let row: Option<(ContactId, String, Vec<u8>)> = sqlx::query_as(
        "select contact_id, format, content from privacy_exports where org_id = $1 and id = $2 and state = 'ready' \
         and by_actor = $3 and link_hash = $4 and link_until > $5",
    )
    .bind(tx.org())
    .bind(id)
    .bind(by.actor().to_string())
    .bind(secrets::hash(&link.token))
    .bind(by.now())
    .fetch_optional(tx.conn())
    .await?;
    let (contact, format, sealed) =
        row.ok_or_else(|| AppError::not_found("file, or its link has ended; ask for a new export"))?;
    let entry = AuditEntry::new(by.actor(), "export.downloaded").about(contact).from_ip(origin.ip);
    audit::record(&mut tx, entry.detail(serde_json::json!({ "export": id }))).await?;
    tx.commit().await?;
    let vault = by.kernel().vault.of(by.org()).await?;
    let file = vault.open(&file_place(id), &sealed)?;
    let (end, kind) =
        if Format::of(&format) == Format::Json { ("json", "application/json") } else { ("zip", "application/zip") };
    let name = HeaderValue::try_from(format!("attachment; filename=\"{id}.{end}\"")).map_err(AppError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, file).into_response())
}
