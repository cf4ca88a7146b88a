//! `recoup migrate`: brings the database to the newest schema, and what stands in it to the newest form.

use kernel::cluster::Cluster;
use kernel::config::Config;
use kernel::{Clock, Kernel};

use crate::rooms::holders;

/// What to do.
#[derive(clap::Args)]
pub struct Migrate {
    /// Only says what is missing; exits with 1 when something is.
    #[arg(long)]
    check: bool,
}

impl Migrate {
    /// Applies or lists what is missing.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let cluster =
            if config.database_url.is_none() { Some(Cluster::ensure(&config.data_dir.0).await?) } else { None };
        let url = config.database_url.clone().or_else(|| cluster.as_ref().map(|cluster| cluster.url().to_owned()));
        let url = url.ok_or_else(|| anyhow::anyhow!("there is no database: set DATABASE_URL"))?;
        let missing = kernel::db::pending(&url).await?;
        if self.check {
            anyhow::ensure!(missing.is_empty(), "the database lacks: {}", missing.join(", "));
            anyhow::ensure!(!kernel::db::unsealed(&url).await?, "rows of a former version are not sealed");
            println!("The database is up to date.");
        } else {
            kernel::db::migrate(&url).await?;
            println!("The database is up to date; {} applied.", missing.len());
            // Only then are the keys asked for: a new database has nothing to seal.
            if kernel::db::unsealed(&url).await? {
                println!("{} rows of a former version sealed.", seal(config, &url).await?);
            }
        }
        if let Some(cluster) = cluster {
            cluster.stop().await?;
        }
        Ok(())
    }
}

/// Seals what a former version kept in the open. May be stopped and run again.
async fn seal(config: Config, url: &str) -> anyhow::Result<u64> {
    let kernel = Kernel::open(config, url, Clock::system()).await?;
    let rows = holders(&kernel).seal(&kernel).await?;
    kernel.db.close().await;
    Ok(rows)
}
