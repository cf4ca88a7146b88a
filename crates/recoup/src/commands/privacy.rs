//! `recoup privacy`: looking for a person in everything, erasing one at once, checking a certificate.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use identity::privacy::{Signed, erase_now, verify};
use kernel::config::Config;
use kernel::db::system;
use kernel::ids::{ContactId, OrgId};
use kernel::privacy::{Hit, Probe, find};

use crate::rooms::{Rooms, holders};
use crate::runtime::Opened;

/// What to do about a person outside.
#[derive(clap::Subcommand)]
pub enum Privacy {
    /// Looks for a name, an address, a number, an id or words in every column of every table, opened where it is sealed, and in
    /// the files of the data directory. Ends with 1 when something is found, with 0 when nothing is.
    Find {
        /// What to look for; several are looked for at once.
        #[arg(required = true, value_name = "PROBE")]
        probes: Vec<String>,
        /// The organisation, `org_…`; without it every organisation is searched.
        #[arg(long)]
        org: Option<OrgId>,
    },
    /// Hides a contact and erases it after 30 days; with --now at once, for good.
    Erase {
        /// The contact, `contact_…`.
        contact: ContactId,
        /// The organisation, `org_…`; without it the one that has the contact.
        #[arg(long)]
        org: Option<OrgId>,
        /// Do not wait: nothing brings it back.
        #[arg(long)]
        now: bool,
    },
    /// Checks an erase certificate, without the database: the file as the API gave it.
    Verify {
        /// The file.
        file: PathBuf,
    },
}

impl Privacy {
    /// Does it; found something is a failure of its own.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        if let Self::Verify { file } = &self {
            return check(file);
        }
        let opened = Opened::as_is(config).await?;
        let done = match &self {
            Self::Find { probes, org } => look(&opened, probes, *org).await,
            Self::Erase { contact, org, now } => erase(&opened, *contact, *org, *now).await,
            Self::Verify { .. } => Ok(ExitCode::SUCCESS),
        };
        opened.close().await;
        done
    }
}

async fn orgs(opened: &Opened, org: Option<OrgId>) -> anyhow::Result<Vec<OrgId>> {
    Ok(match org {
        Some(org) => vec![org],
        None => system::list_organisations(&opened.kernel.db).await?.into_iter().map(|(org, _)| org).collect(),
    })
}

async fn look(opened: &Opened, texts: &[String], org: Option<OrgId>) -> anyhow::Result<ExitCode> {
    let probes: Vec<Probe> = texts.iter().filter_map(|text| Probe::new(text)).collect();
    anyhow::ensure!(!probes.is_empty(), "there is nothing to look for");
    let openers = holders(&opened.kernel).openers();
    let mut found = false;
    for org in orgs(opened, org).await? {
        for Hit { place, probe, rows, example } in find(&opened.kernel, org, &probes, &openers).await? {
            found = true;
            let example = if example.is_empty() { example } else { format!(", such as {example}") };
            println!("{org}: {probe:?} in {place}: {rows}{example}");
        }
    }
    if !found {
        println!("nothing was found");
    }
    Ok(if found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn erase(opened: &Opened, contact: ContactId, org: Option<OrgId>, now: bool) -> anyhow::Result<ExitCode> {
    let rooms = Rooms::open(&opened.kernel).await?;
    let identity = rooms.identity();
    for org in orgs(opened, org).await? {
        let mut tx = opened.kernel.db.begin(org).await?;
        tx.see_hidden().await?;
        if !identity.holders().know(&mut tx, contact).await? {
            continue;
        }
        drop(tx);
        if !now {
            let mut tx = opened.kernel.db.begin(org).await?;
            let by = kernel::ledger::Actor::System;
            let from = identity::Origin::default();
            let id = identity::privacy::request(identity, &mut tx, contact, by, &from).await.map_err(super::told)?;
            tx.commit().await?;
            println!("{id}: hidden, and gone in 30 days");
            return Ok(ExitCode::SUCCESS);
        }
        let (id, erased) = erase_now(identity, org, contact).await?;
        println!("{id}: erased; the certificate follows when the CRM has answered");
        for one in erased.iter().filter(|one| one.rows > 0) {
            println!("{} {}: {}", one.holder, one.place, one.rows);
        }
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("there is no contact {contact}")
}

fn check(file: &Path) -> anyhow::Result<ExitCode> {
    let signed: Signed = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    anyhow::ensure!(verify(&signed), "the certificate was changed since it was signed");
    println!("{}", signed.certificate);
    println!("signed by {} with the key {}", signed.kid, signed.public_key);
    Ok(ExitCode::SUCCESS)
}
