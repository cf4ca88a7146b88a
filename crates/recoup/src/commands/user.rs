//! `recoup user`: people who sign in, for the operator.

use identity::members::{self, NewMember};
use kernel::config::Config;
use kernel::ids::OrgId;
use shell::auth::Role;

use crate::runtime::Opened;

/// What to do with people.
#[derive(clap::Subcommand)]
pub enum User {
    /// Adds a person to an organisation; one who has an account already keeps their password.
    Add {
        /// The organisation, `org_…`.
        #[arg(long)]
        org: OrgId,
        /// Their name.
        #[arg(long)]
        name: String,
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// owner, admin, analyst, agent or viewer.
        #[arg(long, default_value = "agent")]
        role: String,
        /// Their first password.
        #[arg(long, env = "RECOUP_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// Takes all second factors away from somebody who lost them, and ends their sessions. Make sure of who asks.
    ResetFactors {
        /// Their e-mail address.
        #[arg(long)]
        email: String,
    },
}

impl User {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::migrated(config).await?;
        match self {
            Self::Add { org, name, email, role, password } => {
                let role: Role = serde_json::from_value(serde_json::Value::String(role))
                    .map_err(|_| anyhow::anyhow!("the role is owner, admin, analyst, agent or viewer"))?;
                let new = NewMember { email, name, password, role };
                println!("{}", members::add(&opened.kernel, org, new).await.map_err(super::told)?);
            }
            Self::ResetFactors { email } => {
                identity::reset_factors(&opened.kernel, &email).await.map_err(super::told)?;
                println!("the password alone signs {email} in now");
            }
        }
        opened.close().await;
        Ok(())
    }
}
