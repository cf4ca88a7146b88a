//! `recoup key`: API keys, for the operator.

use identity::keys::{self, NewKey};
use kernel::config::Config;
use kernel::ids::OrgId;
use shell::auth::Permission;

use crate::runtime::Opened;

/// What to do with keys.
#[derive(clap::Subcommand)]
pub enum Key {
    /// Makes a key and prints it once.
    Create {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do, separated by commas, such as `view,reply`.
        #[arg(long, value_delimiter = ',', default_value = "view")]
        scopes: Vec<String>,
    },
}

impl Key {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Create { org, name, scopes } = self;
        let scopes: Vec<Permission> = scopes
            .into_iter()
            .map(|scope| {
                let value = serde_json::Value::String(scope.clone());
                serde_json::from_value(value)
                    .map_err(|_| anyhow::anyhow!("{scope:?} is no permission; see the API reference"))
            })
            .collect::<anyhow::Result<_>>()?;
        let opened = Opened::migrated(config).await?;
        let (id, key) =
            keys::create(&opened.kernel, org, NewKey { name, scopes, expires_at: None }).await.map_err(super::told)?;
        println!("{id}\t{key}");
        opened.close().await;
        Ok(())
    }
}
