//! `recoup vault`: the keys that encrypt, for the operator.

use kernel::config::Config;
use kernel::ids::OrgId;

use crate::runtime::Opened;

/// What to do with keys.
#[derive(clap::Subcommand)]
pub enum Vault {
    /// Wraps every data key with the current master key. Before it, give every process the new key as current and the old one
    /// as previous; after it, the old one is not needed. May be stopped and run again.
    Rotate,
    /// Gives an organisation a new data key: what is sealed from ten minutes on is sealed with it, the rest opens as before.
    Rekey {
        /// The organisation, `org_…`.
        org: OrgId,
    },
}

impl Vault {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::migrated(config).await?;
        let vault = &opened.kernel.vault;
        match self {
            Self::Rotate => {
                let done = vault.rotate().await?;
                println!(
                    "rewrapped: {} data keys, {} keys of the installation, {} secrets of the installation",
                    done.data_keys, done.own_keys, done.secrets
                );
            }
            Self::Rekey { org } => println!("data key {} of {org} seals from ten minutes on", vault.rekey(org).await?),
        }
        opened.close().await;
        Ok(())
    }
}
