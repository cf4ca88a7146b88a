//! `recoup`: the command line, and the wiring of rooms to the roles of a process.

mod commands;
mod logging;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kernel::config::Config;
use recoup::{rooms, runtime};

/// Requests and batches are many small allocations, freed on another thread than they were made.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Finds the revenue a business is losing between "a customer reached out" and "the customer paid", and wins it back.
#[derive(Parser)]
#[command(name = "recoup", version, about, max_term_width = 100)]
pub struct Cli {
    /// Configuration file; by default recoup.toml here, if there is one. Variables RECOUP__SECTION__KEY go over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything on this machine; without DATABASE_URL over a private PostgreSQL under the data directory.
    Up,
    /// Runs everything with a believable business, 90 days of history, and customers who write; nothing leaves this machine.
    Demo(commands::demo::Demo),
    /// Runs some roles of Recoup over DATABASE_URL; SIGTERM drains.
    Serve(commands::serve::Serve),
    /// Brings the database to the newest schema.
    Migrate(commands::migrate::Migrate),
    /// Looks at everything Recoup stands on: one line a check, what is wrong and how to mend it.
    Doctor,
    /// Runs a recorded decision again and says what differs.
    Replay(commands::replay::Replay),
    /// Makes a view anew from what it is made of, or says how the two differ (--check).
    Rebuild(commands::rebuild::Rebuild),
    /// Measures the local models; with --gate fails under what they must reach.
    Eval(commands::eval::Eval),
    /// Measures speed and prints `metric: value` lines.
    Bench(commands::bench::Bench),
    /// The local models' files.
    #[command(subcommand)]
    Models(commands::models::Models),
    /// Organisations.
    #[command(subcommand)]
    Org(commands::org::Org),
    /// People who sign in.
    #[command(subcommand)]
    User(commands::user::User),
    /// API keys.
    #[command(subcommand)]
    Key(commands::key::Key),
    /// A person outside: look for them, erase them, check the certificate.
    #[command(subcommand)]
    Privacy(commands::privacy::Privacy),
    /// The audit log: proving, signing, exporting it.
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    /// The keys that encrypt.
    #[command(subcommand)]
    Vault(commands::vault::Vault),
    /// Measures what is promised of the statistics, on made-up worlds.
    #[command(subcommand)]
    Sim(commands::sim::Sim),
    /// Prints the API's description (OpenAPI 3.1).
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::load(cli.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("recoup: {error}");
            return ExitCode::from(2);
        }
    };
    logging::start(&config.log);
    match run(cli.command, config).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("recoup: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    let done = match command {
        // Finding something is no error, and yet no success.
        Command::Privacy(privacy) => return privacy.run(config).await,
        Command::Up => commands::up::run(config).await,
        Command::Demo(demo) => demo.run(config).await,
        Command::Serve(serve) => serve.run(config).await,
        Command::Migrate(migrate) => migrate.run(config).await,
        Command::Doctor => commands::doctor::run(config).await,
        Command::Replay(replay) => replay.run(config).await,
        Command::Rebuild(rebuild) => rebuild.run(config).await,
        Command::Eval(eval) => eval.run(config).await,
        Command::Bench(bench) => bench.run(config).await,
        Command::Models(models) => models.run(&config).await,
        Command::Org(org) => org.run(config).await,
        Command::User(user) => user.run(config).await,
        Command::Key(key) => key.run(config).await,
        Command::Audit(audit) => audit.run(config).await,
        Command::Vault(vault) => vault.run(config).await,
        Command::Sim(sim) => tokio::task::block_in_place(|| sim.run()),
        Command::Openapi => commands::openapi::run(config).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}
