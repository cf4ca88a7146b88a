//! `recoup rebuild`: makes a view anew from what it is made of, or says how the two differ.

use std::time::Instant;

use kernel::Kernel;
use kernel::config::Config;
use kernel::db::system;
use kernel::ids::OrgId;

use crate::runtime::Opened;

/// The longest list of differences that is printed for one organisation.
const LINES: usize = 100;

/// Which view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// Journeys, daily sums and scores, from the signals; the sums of the inbox, from the ledger.
    Scores,
}

/// What to make anew.
#[derive(clap::Args)]
pub struct Rebuild {
    /// The view.
    #[arg(value_enum)]
    view: View,
    /// The organisation, `org_…`; all of them without it.
    #[arg(long)]
    org: Option<OrgId>,
    /// Changes nothing: prints how the view differs, and fails when it does.
    #[arg(long)]
    check: bool,
}

impl Rebuild {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let opened = Opened::as_is(config).await?;
        let outcome = self.over(&opened.kernel).await;
        opened.close().await;
        outcome
    }

    async fn over(&self, kernel: &Kernel) -> anyhow::Result<()> {
        let orgs = match self.org {
            Some(org) if system::organisation_exists(&kernel.db, org).await? => vec![org],
            Some(org) => anyhow::bail!("there is no organisation {org}"),
            None => system::list_organisations(&kernel.db).await?.into_iter().map(|(org, _)| org).collect(),
        };
        let mut differ = 0;
        for org in orgs {
            match (self.view, self.check) {
                (View::Scores, true) => differ += usize::from(!check(kernel, org).await?),
                (View::Scores, false) => scores(kernel, org).await?,
            }
        }
        anyhow::ensure!(
            differ == 0,
            "the views of {differ} organisations differ; `recoup rebuild scores` makes them anew"
        );
        Ok(())
    }
}

async fn scores(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut tx = kernel.db.begin(org).await?;
    let done = revenue::journeys::rebuild(&mut tx).await?;
    tx.commit().await?;
    let mut tx = kernel.db.begin(org).await?;
    let facts = revenue::rebuild_desk_sums(&mut tx).await?;
    tx.commit().await?;
    println!(
        "{org}: {} signals, {} journeys, {} rows were not as they should be; {facts} facts of the inbox; {:.1} s",
        done.signals,
        done.journeys,
        done.changed,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn check(kernel: &Kernel, org: OrgId) -> anyhow::Result<bool> {
    let mut tx = kernel.db.begin(org).await?;
    let difference = revenue::journeys::check(&mut tx).await?;
    let lines = difference.to_string();
    for line in lines.lines().take(LINES) {
        println!("{org}: {line}");
    }
    let rows = difference.rows();
    println!(
        "{org}: {}",
        if rows == 0 { "the views are as the signals say".to_owned() } else { format!("{rows} rows differ") }
    );
    Ok(rows == 0)
}
