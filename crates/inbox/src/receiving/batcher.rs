//! Group commit: receipts of concurrent requests are written with one statement and one commit.
//!
//! While one commit is under way the next batch gathers, so that a lone request waits for nobody and a flood pays for few
//! commits: each has a cost of its own, and two at once only halve the batches. Each request hears of its own commit.

use kernel::db::{Db, system};
use tokio::sync::{mpsc, oneshot};

/// The most requests in one commit.
const MOST: usize = 256;

struct Delivery {
    receipts: Vec<system::NewReceipt>,
    answer: oneshot::Sender<bool>,
}

/// Where requests leave their receipts. Cheap to clone; ends with its last clone.
#[derive(Clone)]
pub(super) struct Batcher {
    deliveries: mpsc::Sender<Delivery>,
}

impl Batcher {
    /// Starts the writer.
    pub(super) fn start(db: &Db) -> Self {
        let (deliveries, waiting) = mpsc::channel::<Delivery>(4 * MOST);
        tokio::spawn(work(db.clone(), waiting));
        Self { deliveries }
    }

    /// Keeps receipts durably; false when they could not be kept, and the platform must deliver again.
    pub(super) async fn keep(&self, receipts: Vec<system::NewReceipt>) -> bool {
        let (answer, kept) = oneshot::channel();
        if self.deliveries.send(Delivery { receipts, answer }).await.is_err() {
            return false;
        }
        kept.await.unwrap_or(false)
    }
}

async fn work(db: Db, mut waiting: mpsc::Receiver<Delivery>) {
    loop {
        let mut batch = Vec::with_capacity(MOST);
        if waiting.recv_many(&mut batch, MOST).await == 0 {
            return;
        }
        write(&db, batch).await;
    }
}

async fn write(db: &Db, batch: Vec<Delivery>) {
    let receipts: Vec<&system::NewReceipt> = batch.iter().flat_map(|delivery| &delivery.receipts).collect();
    let kept = match system::keep_receipts(db, &receipts).await {
        Ok(_) => true,
        // One bad receipt must not lose its neighbours: each request tries alone.
        Err(_) if batch.len() > 1 => return write_alone(db, batch).await,
        Err(error) => {
            tracing::error!(error = %error, receipts = receipts.len(), "a delivery could not be kept; the platform delivers again");
            false
        }
    };
    for delivery in batch {
        tell(delivery.answer, kept);
    }
}

async fn write_alone(db: &Db, batch: Vec<Delivery>) {
    for delivery in batch {
        let receipts: Vec<&system::NewReceipt> = delivery.receipts.iter().collect();
        let kept = system::keep_receipts(db, &receipts).await;
        if let Err(error) = &kept {
            tracing::error!(error = %error, "a delivery could not be kept; the platform delivers again");
        }
        tell(delivery.answer, kept.is_ok());
    }
}

/// Answers a request; one that gave up does not need it.
fn tell(answer: oneshot::Sender<bool>, kept: bool) {
    if answer.send(kept).is_err() {
        tracing::debug!(kept, "a request went away before its receipts were committed");
    }
}
