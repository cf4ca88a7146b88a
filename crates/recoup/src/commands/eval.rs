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
        if !json {
            println!("measured on {}; times are the processor's, of one thread\n", machine());
            if encoder.is_none() {
                println!("tier 1 is not measured: `recoup models fetch` brings the encoder\n");
            }
        }
        let mut tiers = vec![Options { data: data.clone(), embedder: None, only: only.clone() }];
        tiers.extend(encoder.map(|embedder| Options { data, embedder: Some(embedder), only }));
        let mut missed = Vec::new();
        for options in tiers {
            let report = tokio::task::spawn_blocking(move || eval::run(&options)).await??;
            if json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                println!("{report}");
            }
            missed.extend(report.check().err().map(|error| format!("tier {}: {error}", report.tier)));
        }
        anyhow::ensure!(!gate || missed.is_empty(), missed.join("\n"));
        Ok(())
    }
}

/// The processor's name, where the system tells it, and how many cores there are.
fn machine() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{name}, {cores} cores")
}
