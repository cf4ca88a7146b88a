//! `recoup audit`: the audit log, for the operator and for whoever was given an export.

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use identity::audit::{self, Proved};
use kernel::Kernel;
use kernel::config::Config;
use kernel::ids::OrgId;

use crate::runtime::Opened;

/// What to do with the audit log.
#[derive(clap::Subcommand)]
pub enum Audit {
    /// Proves an exported file (with no database), an organisation's log, or that the log still holds what a file had.
    Verify {
        /// The exported file.
        #[arg(required_unless_present = "org")]
        file: Option<PathBuf>,
        /// The organisation whose log is proved; with a file, the two are compared.
        #[arg(long)]
        org: Option<OrgId>,
        /// A key to trust, by its name from `recoup audit keys`; may be given several times. Without it, the keys in the file
        /// are believed.
        #[arg(long = "key", value_name = "NAME")]
        keys: Vec<String>,
    },
    /// Signs the head of every log that has grown; a running scheduler does it every hour.
    Sign,
    /// Lists the keys that sign: name, public key, when it was made.
    Keys,
    /// Writes an organisation's log to standard output; `recoup audit verify` proves it.
    Export {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
    },
    /// Removes what is older than an instant at least seven years ago; a signed anchor takes its place.
    Prune {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
        /// The instant, such as 2030-01-31T00:00:00Z.
        #[arg(long)]
        before: DateTime<Utc>,
    },
}

impl Audit {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let (file, keys, org) = match self {
            Self::Verify { file: Some(file), keys, org: None } => {
                println!("{}", told(&prove(&file, &keys)?));
                return Ok(());
            }
            Self::Verify { file, keys, org } => (file, keys, org),
            other => return other.with_database(config).await,
        };
        let org = org.context("give a file or an organisation")?;
        let kept = file.map(|file| prove(&file, &keys)).transpose()?;
        let opened = Opened::migrated(config).await?;
        let outcome = verify(&opened.kernel, org, kept.as_ref()).await;
        opened.close().await;
        outcome
    }

    async fn with_database(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::migrated(config).await?;
        let outcome = self.over(&opened.kernel).await;
        opened.close().await;
        outcome
    }

    async fn over(self, kernel: &Kernel) -> anyhow::Result<()> {
        match self {
            Self::Verify { .. } => {}
            Self::Sign => println!("{} signed", audit::sign_all(kernel).await?),
            Self::Keys => {
                for line in audit::keys(kernel).await? {
                    println!("{line}");
                }
            }
            Self::Export { org } => {
                let mut lines = std::pin::pin!(audit::export(kernel, org).await.map_err(super::told)?);
                while let Some(bytes) = lines.try_next().await? {
                    std::io::stdout().write_all(&bytes)?;
                }
            }
            Self::Prune { org, before } => {
                println!("{} entries removed", audit::prune(kernel, org, before).await?);
            }
        }
        Ok(())
    }
}

fn prove(file: &Path, keys: &[String]) -> anyhow::Result<Proved> {
    let open = std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    audit::prove(BufReader::new(open), keys).map_err(|fault| anyhow::anyhow!("{}: {fault}", file.display()))
}

async fn verify(kernel: &Kernel, org: OrgId, kept: Option<&Proved>) -> anyhow::Result<()> {
    let verdict = audit::verify(kernel, org).await?;
    if let Some(fault) = verdict.fault {
        anyhow::bail!("{org}: {fault}; the {} entries before it are whole", verdict.entries);
    }
    println!("{org}: {} entries are whole and in order; the last hash is {}", verdict.entries, verdict.head);
    match verdict.signed_at {
        Some(at) => println!("signed up to entry {} on {at}", verdict.signed_to),
        None => println!("nothing of it is signed yet: run a scheduler, or `recoup audit sign`"),
    }
    let Some(kept) = kept else { return Ok(()) };
    anyhow::ensure!(kept.org == org, "the file is of {}, not of {org}", kept.org);
    anyhow::ensure!(kept.filter.is_empty(), "the file holds chosen entries; compare with a whole export");
    let same = audit::holds_at(kernel, org, kept.last_seq, &kept.last_hash).await?;
    anyhow::ensure!(
        same,
        "the log was rewritten or cut after the file was made on {}: entry {} is not the one in the file",
        kept.exported_at,
        kept.last_seq
    );
    println!("it still holds what the file had on {}", kept.exported_at);
    Ok(())
}

fn told(proved: &Proved) -> String {
    let Proved { org, last_seq, last_hash, entries, filter, checkpoints, exported_at, kid } = proved;
    let chosen = if filter.is_empty() { String::new() } else { format!(" chosen by {filter}") };
    format!(
        "{org}: {entries} entries{chosen} up to entry {last_seq} are whole; {checkpoints} checkpoints hold; the last hash is \
         {last_hash}\nexported on {exported_at}, signed by the key {kid} (compare with `recoup audit keys`)"
    )
}
