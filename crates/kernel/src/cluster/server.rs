//! Starts the server and waits for it; stops it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use tokio::process::Child;

use super::account::Account;
use super::place::Place;
use super::probe::{Answer, create_database, probe};
use super::tools::Tools;
use super::{ClusterError, OWNER, stale};

/// Between two looks at the socket.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// Without a sign of life. A server in recovery answers that it is busy, and is waited for.
const SILENCE: Duration = Duration::from_secs(60);
/// Recovery after a crash reads at most a few gigabytes of log.
const RECOVERY: Duration = Duration::from_secs(15 * 60);
/// A log larger than this is set aside at the next start.
const LOG_LIMIT: u64 = 8 << 20;

/// Returns when the database takes connections, having started the server if nobody had.
pub(super) async fn bring_up(place: &Place, tools: &Tools, account: &Account) -> Result<(), ClusterError> {
    let begun = Instant::now();
    let mut last_sign = begun;
    let mut child = None;
    loop {
        match probe(place, OWNER).await? {
            Answer::Ready => break,
            Answer::NoDatabase => create_database(place).await?,
            Answer::Busy => last_sign = Instant::now(),
            Answer::Absent => match child.as_mut().map(has_ended) {
                Some(true) => return Err(ended(place)),
                None if !stale::occupied(place) => child = Some(start(place, tools, account)?),
                // Ours is between its start and its socket; or somebody else's is starting or leaving.
                _ => {}
            },
        }
        if last_sign.elapsed() > SILENCE || begun.elapsed() > RECOVERY {
            return Err(silent(place, begun));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tracing::info!(ms = begun.elapsed().as_millis() as u64, started = child.is_some(), "cluster.ready");
    Ok(())
}

/// Stops the server: running statements are cut, everything committed is kept.
pub(super) async fn shut_down(place: &Place, tools: &Tools, account: &Account) -> Result<(), ClusterError> {
    let output = account
        .command(&tools.program("pg_ctl"))
        .args(["stop", "--mode", "fast", "--wait", "--timeout", "120", "--silent", "--pgdata"])
        .arg(place.data())
        .current_dir("/")
        .output()
        .await
        .map_err(ClusterError::file("pg_ctl"))?;
    if output.status.success() || !stale::occupied(place) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Program { program: "pg_ctl stop", output: said })
}

fn start(place: &Place, tools: &Tools, account: &Account) -> Result<Child, ClusterError> {
    stale::clear(place)?;
    let path = place.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > LOG_LIMIT) {
        fs::rename(&path, path.with_extension("log.1")).map_err(ClusterError::file(&path))?;
    }
    let log =
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(ClusterError::file(&path))?;
    let errors = log.try_clone().map_err(ClusterError::file(&path))?;
    let postgres = tools.program("postgres");
    account
        .command(&postgres)
        .arg("-D")
        .arg(place.data())
        .current_dir("/")
        .stdin(std::process::Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(ClusterError::file(&postgres))
}

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

fn ended(place: &Place) -> ClusterError {
    let text = fs::read_to_string(place.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(12)..].join("\n");
    ClusterError::Ended { log: place.log(), tail }
}

fn silent(place: &Place, begun: Instant) -> ClusterError {
    ClusterError::Silent { seconds: begun.elapsed().as_secs(), socket: place.socket_dir().to_owned(), log: place.log() }
}
