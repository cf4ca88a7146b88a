//! How the local models are measured: public sets from a folder given as an argument, and our own in `eval/own`.
//!
//! [`run`] measures every suite of one tier and returns a [`Report`]; [`Report::check`] is the gate. A suite whose set is
//! not in the folder is left out, the project's own sets are always measured.

pub mod answers;
mod bench;
pub mod measures;
pub mod own_faq;
mod report;
pub mod retrieval;
pub mod retrieval_sets;
mod suites;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};

pub use bench::{Bench, Suite};
pub use report::{Gate, Report, Row};

use crate::local::{Embedder, Local};

/// What to measure.
#[derive(Clone, Default)]
pub struct Options {
    /// The folder of public sets, if there is one.
    pub data: Option<PathBuf>,
    /// Measures tier 1 when present, tier 0 otherwise.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Names of the suites to run; empty runs all.
    pub only: Vec<String>,
}

/// Measures the suites of one tier.
pub fn run(options: &Options) -> Result<Report> {
    let local = options.embedder.clone().map_or_else(Local::new, Local::with_embedder);
    let bench = Bench { local, embedder: options.embedder.clone(), data: options.data.clone() };
    let mut report = Report { tier: u8::from(bench.embedder.is_some()), rows: Vec::new() };
    for suite in suites::all() {
        if options.only.is_empty() || options.only.iter().any(|name| name == suite.name()) {
            report.rows.extend(suite.measure(&bench).with_context(|| format!("measuring {}", suite.name()))?);
        }
    }
    Ok(report)
}
