//! `recoup serve`: some roles over one DATABASE_URL, any number of processes.

use kernel::config::Config;

use crate::rooms::Rooms;
use crate::runtime::{Opened, Role, Runtime};

/// Which roles to run.
#[derive(clap::Args)]
pub struct Serve {
    /// The roles, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "web,worker,scheduler")]
    role: Vec<Role>,
}

impl Serve {
    /// Starts the roles and runs until stopped. The database must be migrated already.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::as_is(config).await?;
        let rooms = Rooms::open(&opened.kernel).await?;
        let runtime = Runtime::start(&opened.kernel, &rooms, &self.role.into_iter().collect()).await?;
        let address = runtime.address().map(|address| address.to_string());
        tracing::info!(address, "ready");
        let stopped = runtime.until_stopped().await;
        drop(rooms);
        opened.close().await;
        stopped
    }
}
