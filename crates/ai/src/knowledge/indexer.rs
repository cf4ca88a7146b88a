//! Reads documents: the job behind "indexing".

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use documents::DocumentError;
use kernel::db::Db;
use kernel::http::{Http, Method};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::queue::{Handler, Job, JobError};
use kernel::{CanFail, Clock, Kernel};

use super::chunks;
use super::document::DocumentKind;
use super::reading::{Read, read};
use super::store::{
    INDEX_JOB, IndexJob, ToRead, bump_version, keep_content, set_failed, set_progress, set_ready, to_read,
};
use crate::local::Embedder;
use crate::retrieval::Chunk;

/// Chunks embedded between two progress marks.
const BATCH: usize = 32;
/// A page that takes longer is not read.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);
/// Read, before anything is embedded, in per cent.
const READ: u8 = 10;

/// The handler of `knowledge.index`.
pub struct Indexer {
    db: Db,
    http: Http,
    clock: Clock,
    embedder: Option<Arc<dyn Embedder>>,
}

impl Indexer {
    /// `embedder` makes the vectors of English chunks, when there is one.
    pub fn new(kernel: &Kernel, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self { db: kernel.db.clone(), http: kernel.http.clone(), clock: kernel.clock.clone(), embedder }
    }

    /// Fetches the page of a document that is an address; the reason when it cannot be had.
    async fn fetch(&self, url: &str) -> Result<Result<Vec<u8>, String>, JobError> {
        let request = match self.http.public(Method::GET, url) {
            Ok(request) => request.timeout(PAGE_TIMEOUT).max_body(documents::MAX_FILE).safe_to_repeat(2),
            Err(forbidden) => return Ok(Err(forbidden.to_string())),
        };
        let response = request.send().await.map_err(JobError::retry)?;
        if response.status.is_server_error() {
            return Err(JobError::retry(anyhow::anyhow!("the page answers {}", response.status.as_u16())));
        }
        if !response.status.is_success() {
            return Ok(Err(format!("the page answers {}", response.status.as_u16())));
        }
        Ok(Ok(response.body.to_vec()))
    }

    async fn fail(&self, job: &Job, index: &IndexJob, reason: &str) -> Result<(), JobError> {
        let mut tx = self.db.begin(job.org).await?;
        set_failed(&mut tx, index, reason).await?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }

    /// Adds vectors to English chunks, batch by batch, marking the progress.
    async fn embed(&self, job: &Job, index: &IndexJob, mut chunks: Vec<Chunk>) -> Result<Vec<Chunk>, JobError> {
        let Some(embedder) = &self.embedder else { return Ok(chunks) };
        let total = chunks.len();
        let mut done = 0;
        while done < total {
            let end = (done + BATCH).min(total);
            let texts: Vec<String> =
                chunks[done..end].iter().filter(|c| c.language == "en").map(Chunk::embedding_text).collect();
            if !texts.is_empty() {
                let embedder = Arc::clone(embedder);
                let vectors = tokio::task::spawn_blocking(move || {
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    embedder.embed(&texts)
                });
                let vectors = vectors.await.map_err(JobError::retry)?;
                for (chunk, vector) in chunks[done..end].iter_mut().filter(|c| c.language == "en").zip(vectors) {
                    chunk.vector = Some(vector);
                }
            }
            done = end;
            let progress = READ + ((90 - usize::from(READ)) * done / total) as u8;
            self.progress(job, index, progress).await.can_fail("showing how far a document is");
        }
        Ok(chunks)
    }

    async fn progress(&self, job: &Job, index: &IndexJob, progress: u8) -> Result<(), sqlx::Error> {
        let mut tx = self.db.begin(job.org).await?;
        set_progress(&mut tx, index, progress).await?;
        tx.commit().await
    }

    async fn record(&self, job: &Job, index: &IndexJob, read: Read) -> Result<(), JobError> {
        let Read { language, chunks: made } = read;
        let count = i32::try_from(made.len()).unwrap_or(i32::MAX);
        let mut tx = self.db.begin(job.org).await?;
        if set_ready(&mut tx, index, &language, count).await? {
            chunks::replace(&mut tx, index.document, &made).await?;
            bump_version(&mut tx).await?;
            let fact = Fact::KnowledgeIndexed { document: index.document, chunks: count };
            tx.append(Event::new(Subject::Document(index.document), Actor::System, fact));
        }
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for Indexer {
    fn kind(&self) -> &'static str {
        INDEX_JOB
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let index: IndexJob = job.parse()?;
        let mut tx = self.db.begin(job.org).await?;
        let found = to_read(&mut tx, &index).await?;
        tx.commit().await?;
        // Deleted, or asked for again since: the newer job reads it.
        let Some(mut found) = found else { return Ok(()) };
        let mut stored = found.stored();
        if stored.kind == DocumentKind::Url {
            match self.fetch(&stored.location).await {
                Ok(Ok(page)) => {
                    let mut tx = self.db.begin(job.org).await?;
                    keep_content(&mut tx, &index, &page).await?;
                    tx.commit().await?;
                    stored.content = Some(page);
                }
                Ok(Err(reason)) => return self.fail(job, &index, &reason).await,
                Err(error) if job.is_last_attempt() => {
                    tracing::warn!(knowledge.document = %index.document, ?error, "a page could not be read");
                    return self.fail(job, &index, "the page cannot be reached").await;
                }
                Err(error) => return Err(error),
            }
        }
        let clock = self.clock.clone();
        let document = index.document;
        let ToRead { title, told_language, .. } = found;
        let reading =
            tokio::task::spawn_blocking(move || read(&stored, document, &title, told_language.as_deref(), &clock));
        let outcome: Result<Read, DocumentError> = reading.await.map_err(JobError::retry)?;
        let Read { language, chunks } = match outcome {
            Ok(read) => read,
            Err(error) => return self.fail(job, &index, &error.to_string()).await,
        };
        self.progress(job, &index, READ).await.can_fail("showing how far a document is");
        let chunks = self.embed(job, &index, chunks).await?;
        self.record(job, &index, Read { language, chunks }).await
    }
}
