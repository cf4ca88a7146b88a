//! A private PostgreSQL cluster under the data directory, for when no `DATABASE_URL` is given.
//!
//! It listens on a Unix socket only and lets in the operating-system user that owns it, so there is no password to keep.
//! Rules: the server outlives a killed program on purpose (the next start reuses or recovers it), so nothing here may rely
//! on being its parent; PostgreSQL refuses root, so every command that touches the data goes through [`Account`]; locks
//! are taken in the order `users`, then `start`.

mod account;
mod create;
mod error;
mod locks;
mod place;
mod probe;
mod server;
mod settings;
mod stale;
mod tools;

use std::path::{Path, PathBuf};

use account::Account;
use locks::Locks;
use place::Place;
use tools::Tools;

pub use error::ClusterError;
pub use settings::Durability;

/// The role that owns everything in the private cluster, and the name of its one database.
const OWNER: &str = "recoup";

/// A running private cluster, used by this process until [`Cluster::stop`].
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    tools: Tools,
    account: Account,
    locks: Locks,
    url: String,
}

impl Cluster {
    /// Makes the cluster of this data directory if there is none, starts it if it is not running, and waits until it
    /// answers.
    pub async fn ensure(data_dir: &Path) -> Result<Self, ClusterError> {
        Self::ensure_with(data_dir, Durability::Full).await
    }

    /// As [`Cluster::ensure`], with a choice of durability; [`Durability::ForTests`] may lose data in a power cut.
    pub async fn ensure_with(data_dir: &Path, durability: Durability) -> Result<Self, ClusterError> {
        let account = Account::choose(data_dir).await?;
        let place = Place::prepare(data_dir, &account, durability)?;
        let tools = Tools::find(place.version(), &place.data()).await?;
        let locks = Locks::join(&place).await?;
        if probe::probe(&place, OWNER).await? != probe::Answer::Ready {
            let _starting = locks.start().await?;
            create::ensure(&place, &tools, &account, durability).await?;
            settings::write(&place, &account, durability)?;
            server::bring_up(&place, &tools, &account).await?;
        }
        let url = place.url(OWNER);
        Ok(Self { place, tools, account, locks, url })
    }

    /// The database URL of the owner: what `DATABASE_URL` would have held.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where a program of the same PostgreSQL release lies, such as `pgbench` or `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.tools.program(name)
    }

    /// Stops the server cleanly, unless another process uses it too; then the last one out stops it.
    pub async fn stop(self) -> Result<(), ClusterError> {
        let Self { place, tools, account, locks, .. } = self;
        let Some(_alone) = locks.leave(&place)? else {
            return Ok(());
        };
        server::shut_down(&place, &tools, &account).await
    }
}
