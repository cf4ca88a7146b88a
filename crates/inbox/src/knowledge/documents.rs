//! `GET /v2/knowledge/documents` and `/{id}`.

use ai::knowledge::{self, Document, DocumentKind, Status};
use chrono::{DateTime, Utc};
use kernel::ids::DocumentId;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

/// A document of the knowledge, without its content.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentOut {
    id: DocumentId,
    title: String,
    /// `text`, `file`, `url`, `faq`, `product` or `service`.
    kind: &'static str,
    /// File name or address; empty for the other kinds.
    location: String,
    /// ISO 639-1, once read.
    language: Option<String>,
    /// `indexing`, `ready` or `failed`.
    status: &'static str,
    /// How far the reading is, in per cent.
    progress: u8,
    /// Why it could not be read.
    error: Option<String>,
    /// Pieces that answers may quote.
    chunk_count: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Document> for DocumentOut {
    fn from(document: Document) -> Self {
        let Document { id, title, kind, location, language, status, chunk_count, created_at, updated_at } = document;
        let (status, progress, error) = match status {
            Status::Indexing { progress } => ("indexing", progress, None),
            Status::Ready => ("ready", 100, None),
            Status::Failed { error } => ("failed", 0, Some(error)),
        };
        Self {
            id,
            title,
            kind: kind_word(kind),
            location,
            language,
            status,
            progress,
            error,
            chunk_count,
            created_at,
            updated_at,
        }
    }
}

/// The word of a kind.
fn kind_word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Text => "text",
        DocumentKind::File => "file",
        DocumentKind::Url => "url",
        DocumentKind::Faq => "faq",
        DocumentKind::Product => "product",
        DocumentKind::Service => "service",
    }
}

/// List documents, the newest first.
#[utoipa::path(get, path = "/v2/knowledge/documents", tag = "knowledge", params(PageParams), responses((status = 200, body = Listed<DocumentOut>)))]
pub(crate) async fn list_documents(
    by: Allowed<View>,
    page: Page<DocumentId>,
) -> Result<Json<Listed<DocumentOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = knowledge::list(&mut tx, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?.map(DocumentOut::from)))
}

/// Show a document and how far its reading is.
#[utoipa::path(get, path = "/v2/knowledge/documents/{id}", tag = "knowledge", responses((status = 200, body = DocumentOut)))]
pub(crate) async fn show_document(
    by: Allowed<View>,
    Path(id): Path<DocumentId>,
) -> Result<Json<DocumentOut>, AppError> {
    let mut tx = by.tx().await?;
    let document = knowledge::show(&mut tx, id).await?.ok_or_else(|| AppError::not_found("document"))?;
    Ok(Json(document.into()))
}
