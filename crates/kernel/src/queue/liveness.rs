//! Whether a worker lives: it holds a session advisory lock for its life, so its death frees its jobs at once.
//!
//! The lease of each claim is the fallback where a lock cannot tell (a frozen machine, a connection pooler in between); leases are
//! looked through every ten seconds.

use std::sync::Mutex;
use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::claim;
use crate::can_fail::CanFail;
use crate::db::Db;

/// The class of our advisory locks; the second key is the worker's number.
const LOCK_CLASS: i32 = 852_017;

/// How many beats are ten seconds: as often a worker shows itself, prolongs its claims and looks for leases that ran out.
const ROUND: u32 = 20;

/// The worker's present identity, which changes when its connection (and so its lock) is lost.
pub(super) struct Worker(Mutex<Uuid>);

impl Worker {
    pub(super) fn id(&self) -> Uuid {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn replace(&self, id: Uuid) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = id;
    }

    /// Registers this process and takes its lock. The connection must live as long as the worker.
    pub(super) async fn register(db: &Db, roles: &str) -> Result<(Self, PgConnection), sqlx::Error> {
        let id = Uuid::from_u128(rand::random());
        let connection = take_lock(db, id, roles).await?;
        Ok((Self(Mutex::new(id)), connection))
    }
}

async fn take_lock(db: &Db, id: Uuid, roles: &str) -> Result<PgConnection, sqlx::Error> {
    let mut connection = db.options().clone().options([("role", "recoup_system")]).connect().await?;
    let key: i32 = sqlx::query_scalar("insert into workers (id, roles, host) values ($1, $2, $3) returning lock_key")
        .bind(id)
        .bind(roles)
        .bind(std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".into()))
        .fetch_one(&mut connection)
        .await?;
    sqlx::query("select pg_advisory_lock($1, $2)").bind(LOCK_CLASS).bind(key).execute(&mut connection).await?;
    Ok(connection)
}

/// Keeps the worker alive in the eyes of others, and returns the jobs of those that died. Ends with the token.
pub(super) async fn keep_alive(
    db: Db,
    worker: &Worker,
    mut connection: PgConnection,
    roles: &str,
    stop: CancellationToken,
) {
    let mut beat = tokio::time::interval(Duration::from_millis(500));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut count = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = beat.tick() => {}
        }
        if let Err(error) = one_beat(&db, worker, &mut connection, count).await {
            tracing::warn!(error = %error, "the worker lost its connection; taking a new identity");
            let id = Uuid::from_u128(rand::random());
            match take_lock(&db, id, roles).await {
                Ok(fresh) => {
                    connection = fresh;
                    worker.replace(id);
                }
                Err(error) => tracing::error!(error = %error, "the database cannot be reached; trying again"),
            }
        }
        count = count.wrapping_add(1);
    }
    let pool: &PgPool = db.system_pool();
    if claim::give_back(&mut connection, worker.id()).await.can_fail("giving claimed jobs back at shutdown").is_none() {
        // It stays signed on: who finds its lock free returns its jobs.
        return;
    }
    sqlx::query("delete from workers where id = $1")
        .bind(worker.id())
        .execute(pool)
        .await
        .can_fail("signing the worker off");
}

async fn one_beat(db: &Db, worker: &Worker, connection: &mut PgConnection, count: u32) -> Result<(), sqlx::Error> {
    // The lock's own connection is used for every beat, so that losing it is noticed.
    let round = count.is_multiple_of(ROUND);
    let returned = reap_dead(connection, worker.id(), round).await?;
    if returned > 0 {
        tracing::info!(jobs = returned, "returned the jobs of a dead worker");
        for lane in super::Lane::ALL {
            db.signals().lane(*lane);
        }
    }
    if round {
        sqlx::query("update workers set seen_at = now() where id = $1")
            .bind(worker.id())
            .execute(&mut *connection)
            .await?;
        claim::prolong(connection, worker.id()).await?;
    }
    Ok(())
}

/// Finds workers whose lock is free, removes them and returns their jobs, and with `leases` those whose lease ran out; returns how
/// many jobs came back.
async fn reap_dead(connection: &mut PgConnection, me: Uuid, leases: bool) -> Result<u64, sqlx::Error> {
    let mut tx = sqlx::Connection::begin(connection).await?;
    let dead: Vec<Uuid> = sqlx::query_scalar(
        "delete from workers where id in (select id from workers where id <> $1 and started_at < now() - interval '1 second' \
         and pg_try_advisory_xact_lock($2, lock_key) for update skip locked) returning id",
    )
    .bind(me)
    .bind(LOCK_CLASS)
    .fetch_all(&mut *tx)
    .await?;
    // Looking for them reads the whole queue, so without a death it is not done at every beat.
    let returned = if leases || !dead.is_empty() { claim::reap(&mut tx, &dead).await? } else { 0 };
    tx.commit().await?;
    Ok(returned)
}
