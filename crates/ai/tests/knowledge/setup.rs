use std::sync::Arc;

use ai::knowledge::{Content, Indexer, NewDocument, Retriever, Status, create, show};
use ai::local::Embedder;
use ai::retrieval::StaticVectors;
use kernel::Kernel;
use kernel::ids::{DocumentId, OrgId};
use kernel::ledger::Actor;
use kernel::queue::{Handlers, Queue};
use kernel::testing::TestDb;

pub struct World {
    pub db: TestDb,
    pub kernel: Kernel,
    pub org: OrgId,
    pub retriever: Retriever,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        let org = db.org(&kernel, "Northwind Dental").await;
        let retriever = Retriever::new(kernel.db.clone(), Some(Arc::new(Static)));
        Self { db, kernel, org, retriever }
    }

    /// Adds a document and reads everything that waits.
    pub async fn add(&self, org: OrgId, title: &str, content: Content) -> DocumentId {
        let mut tx = self.kernel.db.begin(org).await.unwrap();
        let new = NewDocument { title: title.to_owned(), content, language: None, by: Actor::System };
        let id = create(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        self.read(org, id).await;
        id
    }

    /// Runs the queue until a document is no longer being read.
    pub async fn read(&self, org: OrgId, id: DocumentId) -> Status {
        let mut handlers = Handlers::default();
        handlers.add(Arc::new(Indexer::new(&self.kernel, Some(Arc::new(Static)))));
        let running = Queue::new(self.kernel.db.clone(), handlers).start("worker").await.unwrap();
        let status = loop {
            let status = self.status(org, id).await;
            if !matches!(status, Status::Indexing { .. }) {
                break status;
            }
            tokio::task::yield_now().await;
        };
        running.drain(std::time::Duration::from_secs(10)).await;
        status
    }

    pub async fn status(&self, org: OrgId, id: DocumentId) -> Status {
        let mut tx = self.kernel.db.begin(org).await.unwrap();
        let document = show(&mut tx, id).await.unwrap().expect("the document is there");
        tx.commit().await.unwrap();
        document.status
    }
}

/// The built-in vectors stand in for a sentence model: the same door, no files.
struct Static;

impl Embedder for Static {
    fn dims(&self) -> usize {
        StaticVectors::built_in().dims()
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        StaticVectors::built_in().embed(texts)
    }
}
