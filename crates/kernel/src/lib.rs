//! What every room stands on: ids, money, clock, configuration, the tenant-scoped database, the ledger, the queue, the live
//! bus, the vault, mail and outbound HTTP.
//!
//! The kernel knows no room. It owns the promises that must hold everywhere: tenant rows are reached only through
//! [`db::OrgTx`]; facts and jobs land with the change that caused them; time, chance and HTTP are passed in.

pub mod audit;
pub mod can_fail;
pub mod channel;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod db;
pub mod http;
pub mod ids;
pub mod ledger;
pub mod live;
pub mod mail;
pub mod money;
pub mod network;
pub mod objects;
pub mod privacy;
pub mod queue;
mod relay;
pub mod schedule;
pub mod signals;
mod tail;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;

use std::sync::Arc;

pub use can_fail::CanFail;
pub use clock::Clock;
pub use relay::run_relay;
pub use tail::{message as live_message, run_tail};

use config::Config;
use db::{Db, PoolSizes};
use http::Http;
use live::Live;
use objects::Objects;
use signals::Signals;
use vault::{MasterKeys, Vault};

/// The kernel's parts, opened once a process and passed to every room. Cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The one source of time.
    pub clock: Clock,
    /// PostgreSQL.
    pub db: Db,
    /// Live messages.
    pub live: Live,
    /// Encryption.
    pub vault: Vault,
    /// Outbound HTTP.
    pub http: Http,
    /// Pictures and archives.
    pub objects: Objects,
}

impl Kernel {
    /// Opens the kernel over a migrated database.
    pub async fn open(config: Config, database_url: &str, clock: Clock) -> anyhow::Result<Self> {
        let sizes = PoolSizes {
            app: config.database.pool,
            work: config.database.work_pool,
            system: config.database.system_pool,
            site: config.database.site_pool,
        };
        let db = Db::connect(database_url, sizes, clock.clone(), Signals::default()).await?;
        let http = Http::new(outbound(&config), clock.clone())?;
        let masters = MasterKeys::load(&config, &http, &clock)?;
        let vault = Vault::open_with(db.clone(), masters, clock.clone()).await?;
        let objects = Objects::open(&config)?;
        Ok(Self { config: Arc::new(config), clock, db, live: Live::default(), vault, http, objects })
    }
}

/// Outbound HTTP as configured.
fn outbound(config: &Config) -> http::HttpConfig {
    let given = &config.connectors.http;
    let mut outbound = http::HttpConfig::default();
    outbound.timeouts.connect = std::time::Duration::from_secs(given.connect_timeout_s);
    outbound.timeouts.total = std::time::Duration::from_secs(given.timeout_s);
    outbound.pool.idle_per_host = given.pool_per_host;
    outbound
}
