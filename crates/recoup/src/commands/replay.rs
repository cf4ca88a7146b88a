//! `recoup replay`: runs a recorded decision again and says what differs.

use kernel::config::Config;
use kernel::db::system;
use kernel::ids::{DecisionId, OrgId};

use crate::rooms;
use crate::runtime::Opened;

/// Which decision.
#[derive(clap::Args)]
pub struct Replay {
    /// The decision, `dec_…`.
    decision: DecisionId,
    /// The organisation, `org_…`; without it every organisation is looked through.
    #[arg(long)]
    org: Option<OrgId>,
}

impl Replay {
    /// Prints what was run again and every difference; fails when there is one.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::as_is(config).await?;
        let said = self.again(&opened).await;
        opened.close().await;
        said
    }

    async fn again(&self, opened: &Opened) -> anyhow::Result<()> {
        let kernel = &opened.kernel;
        let orgs = match self.org {
            Some(org) => vec![org],
            None => system::list_organisations(&kernel.db).await?.into_iter().map(|(org, _)| org).collect(),
        };
        for org in orgs {
            let Some(decision) = ai::decision::read(kernel, org, self.decision).await? else { continue };
            let replay = ai::decision::replay(&decision, &inbox::replay::stages(rooms::embedder(&kernel.config)));
            println!("decision: {} of {org}, {}, policy {}", decision.id, decision.at.to_rfc3339(), decision.policy);
            println!("outcome: {}", decision.result.outcome);
            println!("run again: {}", listed(&replay.replayed));
            println!("from the record: {}", listed(&replay.from_record));
            for difference in &replay.diff {
                println!("{} {}: {} is now {}", difference.stage, difference.path, difference.recorded, difference.now);
            }
            anyhow::ensure!(replay.same, "{} values differ", replay.diff.len());
            println!("the same");
            return Ok(());
        }
        anyhow::bail!("there is no decision {}", self.decision)
    }
}

fn listed(stages: &[String]) -> String {
    if stages.is_empty() { "nothing".to_owned() } else { stages.join(", ") }
}
