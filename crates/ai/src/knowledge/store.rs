//! Documents on the organisation's transaction.

use chrono::{DateTime, Utc};
use documents::DocumentError;
use kernel::db::OrgTx;
use kernel::ids::DocumentId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::queue::{Lane, NewJob};
use serde::{Deserialize, Serialize};

use super::document::{Document, DocumentKind, NewDocument, Status, Stored};

/// The job that reads a document.
pub(super) const INDEX_JOB: &str = "knowledge.index";

/// Which document to read, and the request it serves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexJob {
    pub document: DocumentId,
    pub generation: i64,
}

/// Why a document was not added.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The file cannot be knowledge.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Adds a document and the job that reads it.
pub async fn create(tx: &mut OrgTx, new: &NewDocument) -> Result<DocumentId, CreateError> {
    let id = DocumentId::new(tx.clock());
    let now = tx.clock().now();
    let stored = new.content.store()?;
    let title = if new.title.trim().is_empty() { new.content.default_title() } else { new.title.trim().to_owned() };
    let org = tx.org();
    sqlx::query(
        "insert into knowledge_documents (org_id, id, title, kind, location, content, told_language, created_by, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(org)
    .bind(id)
    .bind(title.replace('\0', ""))
    .bind(stored.kind.name())
    .bind(stored.location.replace('\0', ""))
    .bind(stored.content)
    .bind(&new.language)
    .bind(new.by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    enqueue(tx, id, 1);
    Ok(id)
}

/// The documents, newest first, at most `limit` of them, older than `before` when it is given.
pub async fn list(tx: &mut OrgTx, before: Option<DocumentId>, limit: i64) -> Result<Vec<Document>, sqlx::Error> {
    let org = tx.org();
    let rows: Vec<DocumentRow> = sqlx::query_as(
        "select id, title, kind, location, language, status, progress, error, chunk_count, created_at, updated_at \
         from knowledge_documents where org_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
    )
    .bind(org)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Document::from).collect())
}

/// One document, if the organisation has it.
pub async fn show(tx: &mut OrgTx, id: DocumentId) -> Result<Option<Document>, sqlx::Error> {
    let org = tx.org();
    let row: Option<DocumentRow> = sqlx::query_as(
        "select id, title, kind, location, language, status, progress, error, chunk_count, created_at, updated_at \
         from knowledge_documents where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Document::from))
}

/// Removes a document with its chunks; false when the organisation has no such document.
pub async fn delete(tx: &mut OrgTx, id: DocumentId, by: Actor) -> Result<bool, sqlx::Error> {
    let org = tx.org();
    let gone = sqlx::query("delete from knowledge_documents where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .execute(tx.conn())
        .await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    bump_version(tx).await?;
    tx.append(Event::new(Subject::Document(id), by, Fact::KnowledgeRemoved { document: id }));
    Ok(true)
}

/// Reads a document again; false when the organisation has no such document.
pub async fn reindex(tx: &mut OrgTx, id: DocumentId) -> Result<bool, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let generation: Option<i64> = sqlx::query_scalar(
        "update knowledge_documents set status = 'indexing', progress = 0, error = null, generation = generation + 1, updated_at = $3 \
         where org_id = $1 and id = $2 returning generation",
    )
    .bind(org)
    .bind(id)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(generation) = generation {
        enqueue(tx, id, generation);
    }
    Ok(generation.is_some())
}

/// Reads every document again, as after a new embedder; returns how many.
pub async fn reindex_all(tx: &mut OrgTx) -> Result<usize, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let all: Vec<(DocumentId, i64)> = sqlx::query_as(
        "update knowledge_documents set status = 'indexing', progress = 0, error = null, generation = generation + 1, updated_at = $2 \
         where org_id = $1 returning id, generation",
    )
    .bind(org)
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    for (id, generation) in &all {
        enqueue(tx, *id, *generation);
    }
    Ok(all.len())
}

fn enqueue(tx: &mut OrgTx, id: DocumentId, generation: i64) {
    // One reader at a time for each document, so that an older reading cannot land on a newer one.
    tx.enqueue(NewJob::new(Lane::Ingest, INDEX_JOB, &IndexJob { document: id, generation }).key(id));
}

/// A document as its reader needs it.
#[derive(sqlx::FromRow)]
pub(super) struct ToRead {
    pub title: String,
    kind: String,
    location: String,
    content: Option<Vec<u8>>,
    pub told_language: Option<String>,
}

impl ToRead {
    /// Its content, taken out.
    pub(super) fn stored(&mut self) -> Stored {
        let location = std::mem::take(&mut self.location);
        Stored { kind: DocumentKind::from_name(&self.kind), location, content: self.content.take() }
    }
}

/// The document of a job; nothing when it is gone or a newer request has replaced this one.
pub(super) async fn to_read(tx: &mut OrgTx, job: &IndexJob) -> Result<Option<ToRead>, sqlx::Error> {
    let org = tx.org();
    sqlx::query_as(
        "select title, kind, location, content, told_language from knowledge_documents where org_id = $1 and id = $2 and generation = $3",
    )
    .bind(org)
    .bind(job.document)
    .bind(job.generation)
    .fetch_optional(tx.conn())
    .await
}

pub(super) async fn set_progress(tx: &mut OrgTx, job: &IndexJob, progress: u8) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query("update knowledge_documents set progress = $4 where org_id = $1 and id = $2 and generation = $3")
        .bind(org)
        .bind(job.document)
        .bind(job.generation)
        .bind(i16::from(progress))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn set_failed(tx: &mut OrgTx, job: &IndexJob, error: &str) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update knowledge_documents set status = 'failed', error = $4, updated_at = $5 where org_id = $1 and id = $2 and generation = $3",
    )
    .bind(org)
    .bind(job.document)
    .bind(job.generation)
    .bind(error.replace('\0', ""))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Marks a document as read; false when a newer request has replaced this one.
pub(super) async fn set_ready(
    tx: &mut OrgTx,
    job: &IndexJob,
    language: &str,
    chunks: i32,
) -> Result<bool, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let done = sqlx::query(
        "update knowledge_documents set status = 'ready', progress = 100, error = null, language = $4, chunk_count = $5, updated_at = $6 \
         where org_id = $1 and id = $2 and generation = $3",
    )
    .bind(org)
    .bind(job.document)
    .bind(job.generation)
    .bind(language)
    .bind(chunks)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn keep_content(tx: &mut OrgTx, job: &IndexJob, content: &[u8]) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query("update knowledge_documents set content = $4 where org_id = $1 and id = $2 and generation = $3")
        .bind(org)
        .bind(job.document)
        .bind(job.generation)
        .bind(content)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Says that the organisation's chunks have changed.
pub(super) async fn bump_version(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query(
        "insert into knowledge_versions (org_id, version) values ($1, 1) \
         on conflict (org_id) do update set version = knowledge_versions.version + 1",
    )
    .bind(org)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How often the organisation's chunks have changed.
pub(super) async fn version(tx: &mut OrgTx) -> Result<i64, sqlx::Error> {
    let org = tx.org();
    let version: Option<i64> = sqlx::query_scalar("select version from knowledge_versions where org_id = $1")
        .bind(org)
        .fetch_optional(tx.conn())
        .await?;
    Ok(version.unwrap_or(0))
}

#[derive(sqlx::FromRow)]
struct DocumentRow {
    id: DocumentId,
    title: String,
    kind: String,
    location: String,
    language: Option<String>,
    status: String,
    progress: i16,
    error: Option<String>,
    chunk_count: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<DocumentRow> for Document {
    fn from(row: DocumentRow) -> Self {
        let DocumentRow {
            id,
            title,
            kind,
            location,
            language,
            status,
            progress,
            error,
            chunk_count,
            created_at,
            updated_at,
        } = row;
        let status = match status.as_str() {
            "ready" => Status::Ready,
            "failed" => Status::Failed { error: error.unwrap_or_default() },
            _ => Status::Indexing { progress: u8::try_from(progress).unwrap_or(0) },
        };
        Self {
            id,
            title,
            kind: DocumentKind::from_name(&kind),
            location,
            language,
            status,
            chunk_count,
            created_at,
            updated_at,
        }
    }
}
