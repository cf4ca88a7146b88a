//! PostgreSQL behind two doors, so that tenant data cannot leak.
//!
//! Rules: rooms reach tenant rows only through [`OrgTx`] (role `recoup_app`, row-level security, the organisation set for
//! the transaction). What must cross organisations is a named function in [`system`] (role `recoup_system`); add one there
//! and nowhere else. Who serves visitors of a public site begins with [`Db::begin_site`] (role `recoup_site`), which sees what is
//! published. No pool leaves this module.

mod growth;
mod migrate;
mod org_tx;
pub mod system;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

pub use growth::Growth;
pub use migrate::{MigrateError, migrate, pending, unsealed};
pub use org_tx::{Caller, OrgTx};

use crate::Clock;
use crate::ids::OrgId;
use crate::ledger::Recent;
use crate::signals::Signals;

/// Rows are found by key, whatever the statistics say.
const BY_KEY: &str = ", set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";

/// Where nothing but keys is asked for, nothing is gained by planning for the values of one call. Followers also read stretches
/// of days, whose plans depend on how many.
const ONE_PLAN: &str = ", set_config('plan_cache_mode', 'force_generic_plan', true)";

/// The role that sees one organisation at a time.
const APP: &str = "recoup_app";

/// The role of the named functions across organisations.
const SYSTEM: &str = "recoup_system";

/// Pool sizes of one process.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    /// Connections for tenants' requests and for jobs one by one.
    pub app: u32,
    /// Connections for the batches of workers and for followers.
    pub work: u32,
    /// Connections for the named cross-tenant functions.
    pub system: u32,
    /// Connections for visitors of public sites.
    pub site: u32,
}

/// The database of one process. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    // One pointer: a request clones the database several times on its way through the layers of the web.
    inner: Arc<Inner>,
}

struct Inner {
    app: PgPool,
    // However much is to be done, pages find a connection. And a pool hands its connections out in turn: few that are always in
    // use did more than many.
    work: PgPool,
    system: PgPool,
    site: PgPool,
    clock: Clock,
    signals: Signals,
    options: PgConnectOptions,
    recent: Recent,
}

impl Db {
    /// Opens the pools; the database must be migrated.
    pub async fn connect(url: &str, sizes: PoolSizes, clock: Clock, signals: Signals) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?.application_name("recoup");
        let app = pool(&options, APP, sizes.app).await?;
        let work = pool(&options, APP, sizes.work).await?;
        let system = pool(&options, SYSTEM, sizes.system).await?;
        let site = pool(&options, "recoup_site", sizes.site).await?;
        Ok(Self {
            inner: Arc::new(Inner { app, work, system, site, clock, signals, options, recent: Recent::default() }),
        })
    }

    /// Begins a transaction that sees one organisation's rows and no others.
    pub async fn begin(&self, org: OrgId) -> Result<OrgTx, sqlx::Error> {
        self.begin_as(&self.inner.app, org, "").await
    }

    /// The same for work whose every statement finds its rows by key, as the batches of workers and followers do. Plans are
    /// kept with the connection: one made while a table was small would read all of it later, so only those may be made that
    /// stay good however much it grows.
    pub async fn begin_by_key(&self, org: OrgId) -> Result<OrgTx, sqlx::Error> {
        self.begin_as(&self.inner.work, org, &format!("{BY_KEY}{ONE_PLAN}")).await
    }

    /// The same for work that is done again when the machine loses its last moments, such as a follower's, whose cursor commits
    /// with it: the commit does not wait for the disk. Whoever commits durably after it makes it durable too.
    pub(crate) async fn begin_again_by_key(&self, org: OrgId) -> Result<OrgTx, sqlx::Error> {
        let more = format!("{BY_KEY}, set_config('synchronous_commit', 'off', true)");
        self.begin_as(&self.inner.work, org, &more).await
    }

    /// Begins a transaction of a visitor of the organisation's public site: it sees what is published, and what belongs to the
    /// visitor's token (its digest as [`site_token`] makes it). Facts and jobs that it leaves are written with the tenant's role.
    pub async fn begin_site(&self, org: OrgId, token: Option<&str>) -> Result<OrgTx, sqlx::Error> {
        // Both are hexadecimal: nothing to inject.
        let token = token.map(site_token).unwrap_or_default();
        let begin = format!(
            "begin; select set_config('recoup.org', '{}', true), set_config('recoup.site_token', '{token}', true)",
            org.uuid()
        );
        let transaction = self.inner.site.begin_with(sqlx::AssertSqlSafe(begin)).await?;
        Ok(OrgTx::new(org, transaction, self.inner.clock.clone(), self.inner.signals.clone()).of_site())
    }

    async fn begin_as(&self, pool: &PgPool, org: OrgId, more: &str) -> Result<OrgTx, sqlx::Error> {
        // The id is our own type, printed as hexadecimal: nothing to inject. One round trip begins and sets it.
        let begin = format!("begin; select set_config('recoup.org', '{}', true){more}", org.uuid());
        let transaction = pool.begin_with(sqlx::AssertSqlSafe(begin)).await?;
        Ok(OrgTx::new(org, transaction, self.inner.clock.clone(), self.inner.signals.clone()))
    }

    /// What wakes this process's workers and followers.
    pub fn signals(&self) -> &Signals {
        &self.inner.signals
    }

    /// Waits for running queries and closes the connections.
    pub async fn close(&self) {
        self.inner.app.close().await;
        self.inner.work.close().await;
        self.inner.system.close().await;
        self.inner.site.close().await;
    }

    /// What this process read of the ledger a moment ago.
    pub(crate) fn recent(&self) -> &Recent {
        &self.inner.recent
    }

    /// The pool of the narrow role: for the kernel's own modules only.
    pub(crate) fn system_pool(&self) -> &PgPool {
        &self.inner.system
    }

    /// The pool of the site's role: for its check alone; visitors are served through [`Db::begin_site`].
    pub(crate) fn site_pool(&self) -> &PgPool {
        &self.inner.site
    }

    /// The pool of the tenant role: for followers, which set the organisation themselves.
    pub(crate) fn app_pool(&self) -> &PgPool {
        &self.inner.app
    }

    /// How to open a connection outside the pools (listening, liveness lock).
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.inner.options
    }
}

/// The form in which a visitor's token is kept and compared: the SHA-256 of it, in hexadecimal.
pub fn site_token(token: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()))
}

async fn pool(options: &PgConnectOptions, role: &'static str, size: u32) -> Result<PgPool, sqlx::Error> {
    // The role is a start-up parameter of the connection: no statement of ours has to run first, and `reset all` or a
    // connection that lost its state still comes back to it.
    // No scans of whole tables where an index serves: the plan of a small table must not stay when the table has grown.
    let mut options = options.clone().options([
        ("role", role),
        ("statement_timeout", "30000"),
        ("jit", "off"),
        ("enable_seqscan", "off"),
    ]);
    if role == SYSTEM {
        // It asks by keys and for stretches of the ledger: planning for the values of each call cost as much as the reading.
        options = options.options([("plan_cache_mode", "force_generic_plan")]);
    }
    PgPoolOptions::new()
        .max_connections(size)
        .min_connections(1.min(size))
        .acquire_timeout(Duration::from_secs(15))
        .test_before_acquire(false)
        .connect_with(options)
        .await
}
