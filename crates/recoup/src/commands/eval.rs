//! `recoup eval`: how good the local models are, on public sets and on our own.

use std::path::PathBuf;

use ai::eval::{self, Options};
use kernel::config::Config;

use crate::rooms;

/// What to measure.
#[derive(clap::Args)]
pub struct Eval {
    /// Fails with every measurement that stays under its gate.
    #[arg(long)]
    gate: bool,
    /// The folder of public sets; without it only the project's own are measured.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only these suites, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Eval {
    /// Measures tier 0 and, where the encoder's files are, tier 1.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self { gate, data, only, json } = self;
        let encoder = rooms::embedder(&config);
        let mut tiers = vec![Options { data: data.clone(), embedder: None, only: only.clone() }];
        tiers.extend(encoder.map(|embedder| Options { data, embedder: Some(embedder), only }));
        let mut checked = Ok(());
        for options in tiers {
            let report = tokio::task::spawn_blocking(move || eval::run(&options)).await??;
            if json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                println!("{report}");
            }
            if gate && checked.is_ok() {
                checked = report.check();
            }
        }
        checked
    }
}
