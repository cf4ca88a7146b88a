//! A process at work: the kernel opened, the roles started, everything drained at the end.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kernel::cluster::Cluster;
use kernel::config::Config;
use kernel::queue::{Handlers, Queue};
use kernel::{CanFail, Clock, Kernel};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::rooms::{Rooms, holders};

/// How long running work may take to end before the process gives it up.
const PATIENCE: Duration = Duration::from_secs(25);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// Answers browsers, programs and platforms.
    Web,
    /// Works off the queue and keeps the views.
    Worker,
    /// Runs what is due by the clock.
    Scheduler,
}

impl Role {
    /// Every role: one process is the whole product.
    pub const ALL: [Self; 3] = [Self::Web, Self::Worker, Self::Scheduler];
}

/// The kernel of a process, with the private cluster it may run.
pub struct Opened {
    /// The kernel.
    pub kernel: Kernel,
    /// The private PostgreSQL, when no `DATABASE_URL` was given.
    pub cluster: Option<Cluster>,
}

impl Opened {
    /// Finds or starts the database, migrates it, and opens the kernel.
    pub async fn migrated(config: Config) -> anyhow::Result<Self> {
        Self::open(config, true).await
    }

    /// Finds or starts the database and opens the kernel; refuses a database that lacks migrations.
    pub async fn as_is(config: Config) -> anyhow::Result<Self> {
        Self::open(config, false).await
    }

    async fn open(config: Config, migrate: bool) -> anyhow::Result<Self> {
        let cluster = match &config.database_url {
            Some(_) => None,
            None => Some(Cluster::ensure(&config.data_dir.0).await?),
        };
        let url = match (&config.database_url, &cluster) {
            (Some(url), _) => url.clone(),
            (None, Some(cluster)) => cluster.url().to_owned(),
            (None, None) => anyhow::bail!("there is no database: set DATABASE_URL"),
        };
        if migrate {
            kernel::db::migrate(&url).await?;
        } else {
            let pending = kernel::db::pending(&url).await?;
            anyhow::ensure!(
                pending.is_empty(),
                "the database lacks {}; run `recoup migrate` first",
                pending.join(", ")
            );
        }
        let waits = kernel::db::unsealed(&url).await?;
        anyhow::ensure!(migrate || !waits, "rows of a former version are not sealed; run `recoup migrate` first");
        let kernel = Kernel::open(config, &url, Clock::system()).await.context("the kernel cannot be opened")?;
        if waits {
            let rows = holders(&kernel).seal(&kernel).await.context("rows of a former version cannot be sealed")?;
            tracing::info!(rows, "sealed what a former version kept in the open");
        }
        Ok(Self { kernel, cluster })
    }

    /// Closes the connections and stops the private cluster.
    pub async fn close(self) {
        self.kernel.vault.write_uses().await.can_fail("writing the last uses of secrets into the audit log");
        self.kernel.db.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await.can_fail("stopping the private PostgreSQL; the next start recovers it");
        }
    }
}

/// The roles of a process at work.
pub struct Runtime {
    stop: CancellationToken,
    queue: Option<kernel::queue::Running>,
    tasks: Vec<JoinHandle<()>>,
    web: Option<Web>,
    /// Whose uses are written down when all work has ended.
    vault: kernel::vault::Vault,
    /// Whose visits are written down when the web server has ended.
    site: site::Core,
}

/// The web server of a process.
struct Web {
    address: SocketAddr,
    drain: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl Runtime {
    /// Starts roles over a kernel.
    pub async fn start(kernel: &Kernel, rooms: &Rooms, roles: &BTreeSet<Role>) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let mut tasks = vec![tokio::spawn(kernel::run_relay(
            kernel.db.clone(),
            kernel.live.clone(),
            kernel.config.redis_url.clone(),
            stop.clone(),
        ))];
        tasks.push(tokio::spawn(kernel.vault.clone().keep_writing_uses(stop.clone())));
        let mut queue = None;
        if roles.contains(&Role::Worker) {
            let mut handlers = Handlers::default();
            rooms.handlers(&mut handlers);
            let words: Vec<String> = roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
            queue = Some(Queue::new(kernel.db.clone(), handlers).start(&words.join(",")).await?);
            tasks.push(tokio::spawn(kernel::ledger::run_followers(kernel.db.clone(), rooms.followers(), stop.clone())));
        }
        if roles.contains(&Role::Scheduler) {
            let mut reconcilers = rooms.reconcilers();
            reconcilers.push(Arc::new(kernel::db::Growth(kernel.db.clone())));
            tasks.push(tokio::spawn(kernel::schedule::run_schedules(kernel.db.clone(), reconcilers, stop.clone())));
        }
        let mut web = None;
        if roles.contains(&Role::Web) {
            tasks.push(tokio::spawn(kernel::run_tail(kernel.db.clone(), kernel.live.clone(), stop.clone())));
            web = Some(Web::start(kernel, rooms).await?);
            tasks.push(tokio::spawn(take_files(rooms.intake().clone(), stop.clone())));
        }
        Ok(Self { stop, queue, tasks, web, vault: kernel.vault.clone(), site: rooms.site().clone() })
    }

    /// Where the web server listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(|web| web.address)
    }

    /// Waits for SIGTERM or Ctrl-C, then ends everything in order: no new requests, running work to its end, then the rest.
    pub async fn until_stopped(self) -> anyhow::Result<()> {
        stop_signal().await?;
        tracing::info!("stopping: finishing what runs");
        self.drain().await;
        Ok(())
    }

    /// Ends everything in order.
    pub async fn drain(self) {
        if let Some(web) = self.web {
            web.drain.cancel();
            if tokio::time::timeout(PATIENCE, web.server).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
            self.site.settle().await;
        }
        if let Some(queue) = self.queue {
            queue.drain(PATIENCE).await;
        }
        self.stop.cancel();
        for task in self.tasks {
            if tokio::time::timeout(Duration::from_secs(5), task).await.is_err() {
                tracing::warn!("a background task did not end in time");
            }
        }
        self.vault.write_uses().await.can_fail("writing the last uses of secrets into the audit log");
    }
}

impl Web {
    async fn start(kernel: &Kernel, rooms: &Rooms) -> anyhow::Result<Self> {
        let bind = kernel.config.http.bind;
        let listener = TcpListener::bind(bind)
            .await
            .with_context(|| format!("{bind} cannot be listened on; set RECOUP__HTTP__BIND to another address"))?;
        let address = listener.local_addr()?;
        let (app, router) = rooms.web();
        let drain = app.drain().clone();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(drain.clone().cancelled_owned());
        Ok(Self { address, drain, server: tokio::spawn(server.into_future()) })
    }
}

/// Takes files over SFTP where an address is configured for it.
async fn take_files(intake: intake::Core, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        served = intake::serve_drops(intake) => {
            served.can_fail("taking files over SFTP; everything else goes on");
        }
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}
