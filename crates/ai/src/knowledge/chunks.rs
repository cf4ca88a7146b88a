//! Chunks on the organisation's transaction.

use kernel::db::OrgTx;
use kernel::ids::{ChunkId, DocumentId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::retrieval::{Chunk, ChunkKind};

/// Puts a document's new chunks in the place of its old ones.
pub(super) async fn replace(tx: &mut OrgTx, document: DocumentId, chunks: &[Chunk]) -> Result<(), sqlx::Error> {
    let org = tx.org();
    sqlx::query("delete from knowledge_chunks where org_id = $1 and document_id = $2")
        .bind(org)
        .bind(document)
        .execute(tx.conn())
        .await?;
    // Vectors differ in length from no other array of the batch only when each goes as its own value.
    for (position, chunk) in chunks.iter().enumerate() {
        sqlx::query(
            "insert into knowledge_chunks (org_id, id, document_id, position, kind, heading, body, language, suspicious, vector) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(org)
        .bind(chunk.id)
        .bind(document)
        .bind(i32::try_from(position).unwrap_or(i32::MAX))
        .bind(match chunk.kind {
            ChunkKind::Passage => "passage",
            ChunkKind::Faq => "faq",
        })
        .bind(chunk.heading.replace('\0', ""))
        .bind(chunk.text.replace('\0', ""))
        .bind(&chunk.language)
        .bind(chunk.suspicious)
        .bind(&chunk.vector)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Every chunk of the organisation, in a stable order.
pub(super) async fn all(tx: &mut OrgTx) -> Result<Vec<Chunk>, sqlx::Error> {
    let org = tx.org();
    let rows: Vec<ChunkRow> = sqlx::query_as(
        "select c.id, c.document_id, d.title, c.kind, c.heading, c.body, c.language, c.suspicious, c.vector \
         from knowledge_chunks c join knowledge_documents d on d.org_id = c.org_id and d.id = c.document_id \
         where c.org_id = $1 order by c.document_id, c.position",
    )
    .bind(org)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Chunk::from).collect())
}

/// A fresh identity for a chunk.
pub(super) fn new_id(clock: &kernel::Clock) -> Uuid {
    ChunkId::new(clock).uuid()
}

#[derive(FromRow)]
struct ChunkRow {
    id: Uuid,
    document_id: Uuid,
    title: String,
    kind: String,
    heading: String,
    body: String,
    language: String,
    suspicious: bool,
    vector: Option<Vec<f32>>,
}

impl From<ChunkRow> for Chunk {
    fn from(row: ChunkRow) -> Self {
        let ChunkRow { id, document_id, title, kind, heading, body, language, suspicious, vector } = row;
        let kind = if kind == "faq" { ChunkKind::Faq } else { ChunkKind::Passage };
        Self { id, document_id, title, heading, text: body, kind, language, suspicious, vector }
    }
}
