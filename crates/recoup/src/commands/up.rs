//! `recoup up`: the whole product on one machine.

use kernel::config::Config;

use crate::rooms::Rooms;
use crate::runtime::{Opened, Role, Runtime};

/// Starts everything, says where it is, and runs until it is stopped.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let opened = Opened::migrated(config).await?;
    let rooms = Rooms::open(&opened.kernel).await?;
    let runtime = Runtime::start(&opened.kernel, &rooms, &Role::ALL.into_iter().collect()).await?;
    if let Some(address) = runtime.address() {
        println!("Recoup is ready at http://{address}");
    }
    let stopped = runtime.until_stopped().await;
    drop(rooms);
    opened.close().await;
    stopped
}
