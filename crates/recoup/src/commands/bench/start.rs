//! The start of `recoup up` on a cluster that is there, the memory it then holds, its first page and its scripts.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use kernel::config::Config;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::load::Connection;
use super::measured::{Samples, say};

/// How much.
#[derive(clap::Args)]
pub struct Start {
    /// Starts of the process.
    #[arg(long, default_value_t = 3)]
    starts: usize,
    /// Seconds at rest before its memory is read.
    #[arg(long, default_value_t = 5)]
    rest: u64,
    /// Requests for the first page.
    #[arg(long, default_value_t = 100)]
    requests: usize,
}

/// The page that everybody meets first.
const PAGE: &str = "/sign-in";

impl Start {
    /// Starts the program without the encoder, then, where its files are, with it.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let models = config.ai.models_dir.clone().unwrap_or_else(|| config.data_dir.0.join("models"));
        let folder = config.data_dir.0.join("bench").join("start");
        let up = |encoder: &str| {
            let mut command = Command::new(std::env::current_exe()?);
            command
                .arg("up")
                .env("RECOUP__DATA_DIR", &folder)
                .env("RECOUP__AI__MODELS_DIR", &models)
                .env("RECOUP__AI__ENCODER", encoder)
                .env("RECOUP__HTTP__BIND", "127.0.0.1:0")
                .env_remove("DATABASE_URL")
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true);
            anyhow::Ok(command)
        };
        // Makes the cluster where there is none.
        Running::wait_for(up("off")?).await?.stop().await?;
        let mut took = Vec::new();
        for number in 0..self.starts.max(1) {
            let running = Running::wait_for(up("off")?).await?;
            took.push(running.took);
            if number == 0 {
                tokio::time::sleep(Duration::from_secs(self.rest)).await;
                say("start_idle_memory_mb", running.memory_mb()?);
                self.first_page(running.address).await?;
            }
            running.stop().await?;
        }
        Samples::new(took).say("start_to_first_page");
        if crate::rooms::embedder(&config).is_some() {
            let running = Running::wait_for(up("auto")?).await?;
            tokio::time::sleep(Duration::from_secs(self.rest)).await;
            say("start_idle_memory_with_minilm_mb", running.memory_mb()?);
            running.stop().await?;
        }
        Ok(())
    }

    async fn first_page(&self, address: SocketAddr) -> anyhow::Result<()> {
        let mut took = Vec::with_capacity(self.requests);
        let mut page = String::new();
        for _ in 0..self.requests.max(1) {
            let mut connection = Connection::open(address).await?;
            let answer = connection.get(PAGE).await?;
            took.push(answer.first_byte);
            page = String::from_utf8(answer.body).context("a page is text")?;
        }
        Samples::new(took).say("first_page_ttfb");
        let mut scripts = 0;
        let mut connection = Connection::open(address).await?;
        for source in scripts_of(&page) {
            scripts += connection.get(source).await?.body.len();
        }
        say("scripts_compressed_kb", format!("{:.1}", scripts as f64 / 1024.0));
        Ok(())
    }
}

/// The program at work.
struct Running {
    child: Child,
    address: SocketAddr,
    took: Duration,
}

impl Running {
    /// Starts it and waits until it has served a page.
    async fn wait_for(mut command: Command) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = command.spawn()?;
        let said = child.stdout.take().context("its standard output is ours")?;
        let mut lines = BufReader::new(said).lines();
        let address = loop {
            let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await??;
            let line = line.context("`recoup up` ended before it was ready")?;
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().parse()?;
            }
        };
        let page = Connection::open(address).await?.get(PAGE).await?;
        anyhow::ensure!(page.status == 200, "{PAGE} was answered with {}", page.status);
        Ok(Self { child, address, took: began.elapsed() })
    }

    /// What it holds of the machine's memory.
    fn memory_mb(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("it runs")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
    }

    /// Ends it as an operator does.
    async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("it runs")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await??;
        anyhow::ensure!(ended.success(), "`recoup up` ended with {ended}");
        Ok(())
    }
}

/// The addresses of the scripts that a page loads, modules loaded ahead included.
fn scripts_of(page: &str) -> Vec<&str> {
    page.split('<')
        .filter(|tag| tag.starts_with("script ") || (tag.starts_with("link ") && tag.contains("modulepreload")))
        .filter_map(|tag| {
            let after = tag.split_once("src=\"").or_else(|| tag.split_once("href=\""))?.1;
            Some(after.split_once('"')?.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_in_a_page() {
        let page = "<link rel=\"modulepreload\" href=\"/a.js\"><link rel=\"icon\" href=\"/x\"><script src=\"/b.js\" defer></script>";
        assert_eq!(scripts_of(page), ["/a.js", "/b.js"]);
    }
}
