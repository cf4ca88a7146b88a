//! `recoup openapi`: the API's description, generated from the code.

use kernel::config::Config;

use crate::rooms::Rooms;
use crate::runtime::Opened;

/// Prints the document.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let opened = Opened::migrated(config).await?;
    let rooms = Rooms::open(&opened.kernel).await?;
    let (app, _) = rooms.web();
    let document = shell::describe(&app, rooms.plug(&app));
    println!("{}", document.to_pretty_json()?);
    opened.close().await;
    Ok(())
}
