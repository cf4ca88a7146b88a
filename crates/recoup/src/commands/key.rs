//! `recoup key`: API keys, for the operator.

use chrono::{DateTime, Utc};
use identity::keys::{self, NewKey};
use kernel::config::Config;
use kernel::ids::{KeyId, OrgId};
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
        /// When it ends by itself, such as 2030-01-31T00:00:00Z; never when absent.
        #[arg(long)]
        expires_at: Option<DateTime<Utc>>,
        /// The networks it may be used from, separated by commas, such as `192.0.2.0/24`; from everywhere when absent.
        #[arg(long, value_delimiter = ',')]
        allow_from: Vec<String>,
    },
    /// Makes a key with the same rights and prints it once; the old one ends after the overlap.
    Rotate {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
        /// The key to replace, `key_…`.
        #[arg(long)]
        key: KeyId,
        /// For how long the old key goes on, in hours.
        #[arg(long, default_value_t = 24)]
        overlap_hours: u32,
    },
    /// Lists the keys of an organisation: id, name, scopes, when they end, when and from where they were last used.
    List {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
    },
    /// Makes a new key that signs access tokens; the ones before go on verifying until their tokens have ended.
    Sign {
        /// Ends the keys before at once, and with them every access token: for a key that may have leaked.
        #[arg(long)]
        retire: bool,
    },
    /// Ends a key at once.
    Revoke {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
        /// The key, `key_…`.
        #[arg(long)]
        key: KeyId,
    },
}

impl Key {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        match self {
            Self::Create { org, name, scopes, expires_at, allow_from } => {
                let scopes = scopes.into_iter().map(|scope| permission(&scope)).collect::<anyhow::Result<_>>()?;
                let opened = Opened::migrated(config).await?;
                let new = NewKey { name, scopes, expires_at, allow_from };
                let (id, key) = keys::create(&opened.kernel, org, new).await.map_err(super::told)?;
                println!("{id}\t{key}");
                opened.close().await;
            }
            Self::Rotate { org, key, overlap_hours } => {
                let opened = Opened::migrated(config).await?;
                let (id, key) = keys::rotate(&opened.kernel, org, key, overlap_hours).await.map_err(super::told)?;
                println!("{id}\t{key}");
                opened.close().await;
            }
            Self::List { org } => {
                let opened = Opened::migrated(config).await?;
                for line in keys::lines(&opened.kernel, org).await.map_err(super::told)? {
                    println!("{line}");
                }
                opened.close().await;
            }
            Self::Sign { retire } => {
                let opened = Opened::migrated(config).await?;
                println!("{}", identity::rotate_signing_key(&opened.kernel, retire).await.map_err(super::told)?);
                opened.close().await;
            }
            Self::Revoke { org, key } => {
                let opened = Opened::migrated(config).await?;
                keys::revoke(&opened.kernel, org, key).await.map_err(super::told)?;
                println!("{key} has ended");
                opened.close().await;
            }
        }
        Ok(())
    }
}

fn permission(scope: &str) -> anyhow::Result<Permission> {
    scope.parse().map_err(|_| anyhow::anyhow!("{scope:?} is no permission; see the API reference"))
}
