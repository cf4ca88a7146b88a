//! `recoup migrate`: brings the database to the newest schema.

use kernel::cluster::Cluster;
use kernel::config::Config;

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
            println!("The database is up to date.");
        } else {
            kernel::db::migrate(&url).await?;
            println!("The database is up to date; {} applied.", missing.len());
        }
        if let Some(cluster) = cluster {
            cluster.stop().await?;
        }
        Ok(())
    }
}
