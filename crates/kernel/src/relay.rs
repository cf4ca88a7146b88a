//! Tells other processes what this one did: coalesced wake-ups and shared live messages.
//!
//! With Redis both go over one Redis channel. Without it wake-ups go by PostgreSQL `notify` from this one place, at most
//! one every 20 ms and outside every enqueuing transaction; live messages then stay in the process and polling covers the rest.

use std::time::Duration;

use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use crate::can_fail::CanFail;
use crate::db::Db;
use crate::live::{Live, LiveMessage};
use crate::signals::Signals;

const CHANNEL: &str = "recoup_wake";
const COALESCE: Duration = Duration::from_millis(20);

#[derive(Serialize, Deserialize)]
enum Relayed {
    Wake { from: u64, bits: u32 },
    Live { from: u64, message: LiveMessage },
}

/// Relays until the token ends; a lost connection is taken up again.
pub async fn run_relay(db: Db, live: Live, redis_url: Option<String>, stop: CancellationToken) {
    let me: u64 = rand::random();
    let work = async {
        loop {
            let result = match &redis_url {
                Some(url) => over_redis(url, me, db.signals(), &live).await,
                None => over_postgres(&db, me).await,
            };
            result.can_fail("relaying wake-ups; polling goes on");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn over_postgres(db: &Db, me: u64) -> anyhow::Result<()> {
    let mut listener = PgListener::connect_with(db.system_pool()).await?;
    listener.listen(CHANNEL).await?;
    let mut outbox = db.signals().outbox_watch();
    loop {
        tokio::select! {
            heard = listener.recv() => {
                if let Some((from, bits)) = heard?.payload().split_once(':')
                    && from.parse() != Ok(me)
                {
                    db.signals().wake(bits.parse().unwrap_or(0));
                }
            }
            changed = outbox.changed() => {
                changed?;
                tokio::time::sleep(COALESCE).await;
                let bits = db.signals().take_outbox();
                sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(format!("{me}:{bits}")).execute(db.system_pool()).await?;
            }
        }
    }
}

async fn over_redis(url: &str, me: u64, signals: &Signals, live: &Live) -> anyhow::Result<()> {
    use futures_util::StreamExt;

    let client = redis::Client::open(url)?;
    let mut publisher = client.get_multiplexed_async_connection().await?;
    let mut subscriber = client.get_async_pubsub().await?;
    subscriber.subscribe(CHANNEL).await?;
    let mut heard = subscriber.into_on_message();
    let mut outbox = signals.outbox_watch();
    let mut shared = live.subscribe_shared();
    loop {
        let out = tokio::select! {
            message = heard.next() => {
                let message = message.ok_or_else(|| anyhow::anyhow!("Redis closed the subscription"))?;
                receive(message.get_payload_bytes(), me, signals, live);
                continue;
            }
            changed = outbox.changed() => {
                changed?;
                tokio::time::sleep(COALESCE).await;
                Relayed::Wake { from: me, bits: signals.take_outbox() }
            }
            message = shared.recv() => match message {
                Ok(message) => Relayed::Live { from: me, message },
                // Presence is renewed every few seconds: a missed one does no harm.
                Err(_) => continue,
            },
        };
        publisher.publish::<_, _, ()>(CHANNEL, serde_json::to_vec(&out)?).await?;
    }
}

fn receive(bytes: &[u8], me: u64, signals: &Signals, live: &Live) {
    match serde_json::from_slice(bytes) {
        Ok(Relayed::Wake { from, bits }) if from != me => signals.wake(bits),
        Ok(Relayed::Live { from, message }) if from != me => live.publish(message),
        Ok(_) => {}
        Err(error) => tracing::warn!(error = %error, "another process relayed something else; versions may differ"),
    }
}
