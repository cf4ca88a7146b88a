//! Turns the ledger into live messages in every process that serves browsers, without a cursor: it starts at now.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::Db;
use crate::ledger::{self, Recorded};
use crate::live::{Live, LiveMessage};

/// How long the tail lets events gather while somebody listens.
const STRIDE: Duration = Duration::from_millis(10);
/// How long it looks at nothing while nobody does.
const UNHEARD: Duration = Duration::from_millis(100);

/// Publishes each new event's kind and ids until the token ends.
pub async fn run_tail(db: Db, live: Live, stop: CancellationToken) {
    let mut news = db.signals().ledger_watch();
    let mut cursor = None;
    while !stop.is_cancelled() {
        if let Err(error) = publish_new(&db, &live, &mut cursor).await {
            tracing::warn!(error = %error, "live updates wait for the database");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        // A busy ledger is told in strides, not commit by commit.
        let stride = if live.is_heard() { STRIDE } else { UNHEARD };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(stride) => {}
        }
    }
}

async fn publish_new(db: &Db, live: &Live, cursor: &mut Option<ledger::TailCursor>) -> Result<(), sqlx::Error> {
    // Taken before the look whether anybody listens: who begins to listen after it still gets what is committed after it.
    let now = ledger::tail_start(db).await?;
    let Some(cursor) = cursor.as_mut().filter(|_| live.is_heard()) else {
        *cursor = Some(now);
        return Ok(());
    };
    loop {
        let events = cursor.read(db, 500).await?;
        if events.is_empty() {
            return Ok(());
        }
        for event in events {
            live.publish(message(&event));
        }
    }
}

/// The live form of an event: its kind, its place, and the ids in it.
pub fn message(event: &Recorded) -> LiveMessage {
    let kind = event.fact.kind().to_owned();
    let payload = serde_json::to_value(&event.fact)
        .ok()
        .and_then(|mut value| value.get_mut("payload").map(serde_json::Value::take));
    let data = serde_json::json!({
        "subject": { "kind": event.subject.kind(), "id": event.subject.id() },
        "at": event.at,
        "actor": event.actor.to_string(),
        "fact": payload,
    });
    LiveMessage { org: event.org, kind, id: Some(event.id.to_string()), data: Arc::new(data) }
}
