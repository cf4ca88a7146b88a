//! `recoup org`: organisations, for the operator.

use identity::organisation::restore;
use identity::registration::{NewOrganisation, register};
use kernel::config::Config;
use kernel::db::system;
use kernel::ids::OrgId;

use crate::runtime::Opened;

/// What to do with organisations.
#[derive(clap::Subcommand)]
pub enum Org {
    /// Registers an organisation with its first owner.
    Create {
        /// The organisation's name.
        #[arg(long)]
        name: String,
        /// The owner's name.
        #[arg(long)]
        owner: String,
        /// The owner's e-mail address.
        #[arg(long)]
        email: String,
        /// The owner's password; asked for by the variable so that it is in no process list.
        #[arg(long, env = "RECOUP_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// Lists organisations.
    List,
    /// Lists deleted organisations that can still be taken back, with the day they are erased.
    Deleted,
    /// Takes the deletion of an organisation back.
    Restore {
        /// Its id, as `recoup org deleted` shows it.
        id: OrgId,
    },
    /// Lets an organisation be reached from anywhere again, when its own list of addresses locked everybody out.
    Unlock {
        /// The organisation, `org_…`.
        id: OrgId,
    },
    /// What the operator says about email domains.
    #[command(subcommand)]
    Domain(OrgDomain),
}

/// What to do with an organisation's email domains.
#[derive(clap::Subcommand)]
pub enum OrgDomain {
    /// Takes your word that a domain is the organisation's own, where its TXT record cannot be asked for.
    Verify {
        /// The organisation, `org_…`.
        org: OrgId,
        /// The domain, such as example.com.
        domain: String,
    },
}

impl Org {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::migrated(config).await?;
        match self {
            Self::Create { name, owner, email, password } => {
                let new = NewOrganisation { organisation: name, name: owner, email, password };
                let made = register(&opened.kernel, new).await.map_err(super::told)?;
                println!("{}\t{}", made.org, made.user);
            }
            Self::List => {
                for (id, name) in system::list_organisations(&opened.kernel.db).await? {
                    println!("{id}\t{name}");
                }
            }
            Self::Unlock { id } => {
                identity::unlock(&opened.kernel, id).await.map_err(super::told)?;
                println!("{id} is reached from anywhere");
            }
            Self::Deleted => {
                for organisation in system::deleted_organisations(&opened.kernel.db).await? {
                    println!(
                        "{}\t{}\t{}",
                        organisation.id,
                        organisation.erase_at.format("%F %H:%M UTC"),
                        organisation.name
                    );
                }
            }
            Self::Restore { id } => {
                restore(&opened.kernel, id).await.map_err(super::told)?;
                println!("{id} is open again; its people sign in anew");
            }
            Self::Domain(OrgDomain::Verify { org, domain }) => {
                if !system::organisation_exists(&opened.kernel.db, org).await? {
                    anyhow::bail!("there is no organisation {org}");
                }
                identity::sso::verify_domain(&opened.kernel, org, &domain).await.map_err(super::told)?;
                println!("{domain} is verified for {org}");
            }
        }
        opened.close().await;
        Ok(())
    }
}
