//! `recoup bench`: speed, each figure beside its reference in the same run. Prints `metric: value` lines.
//!
//! Always on a private cluster of its own with full durability (`fsync` and `synchronous_commit` on), so that figures of two
//! machines can be compared and nothing of the user's is touched.

mod briefing;
mod dashboard;
mod ingest;
mod load;
mod measured;
mod memory;
mod pipeline;
mod place;
mod queue;
mod revenue;
mod site;
mod start;
mod trust;

use kernel::config::Config;

/// What to measure.
#[derive(clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

/// The benches.
#[derive(clap::Subcommand)]
enum What {
    /// Durable webhook acknowledgements against the single-row inserts of pgbench.
    Ingest(ingest::Ingest),
    /// From the webhook to the reply at the stand-in.
    Pipeline(pipeline::Pipeline),
    /// No-op jobs end to end, and fairness behind a backlog.
    Queue(queue::QueueBench),
    /// The Inbox over many conversations, and search.
    Dashboard(dashboard::Dashboard),
    /// The briefing as PDF, from the figures of 90 days to the last byte.
    Briefing(briefing::Briefing),
    /// A table of signals to committed rows, views made anew, one signal until its scores changed, pages, the advisor.
    Revenue(revenue::Revenue),
    /// The public site: first byte, pages a second, handing audits in, the result as PDF, sizes of style and script.
    Site(site::Site),
    /// The start of the program, its memory, its first page.
    Start(start::Start),
    /// Checks of credentials, sign-in, the audit log, a directory of 10,000.
    Trust(trust::Trust),
}

impl Bench {
    /// Measures and prints.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        match self.what {
            What::Ingest(bench) => bench.run(config).await,
            What::Pipeline(bench) => bench.run(config).await,
            What::Queue(bench) => bench.run(config).await,
            What::Dashboard(bench) => bench.run(config).await,
            What::Briefing(bench) => bench.run(config).await,
            What::Revenue(bench) => bench.run(config).await,
            What::Site(bench) => bench.run(config).await,
            What::Start(bench) => bench.run(config).await,
            What::Trust(bench) => bench.run(config).await,
        }
    }
}
