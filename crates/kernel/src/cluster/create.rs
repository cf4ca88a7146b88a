//! Makes the cluster's data with `initdb`: UTF-8, checksums, and all of it or nothing.

use std::fs;
use std::path::Path;

use super::account::Account;
use super::place::Place;
use super::tools::Tools;
use super::{ClusterError, Durability, OWNER};

/// Makes the data when there is none. A run that was killed half-way leaves only [`Place::unfinished`], which is made anew.
pub(super) async fn ensure(
    place: &Place,
    tools: &Tools,
    account: &Account,
    durability: Durability,
) -> Result<(), ClusterError> {
    if place.version().is_some() {
        return Ok(());
    }
    let unfinished = place.unfinished();
    // Not every C library has C.UTF-8; without it case folding knows ASCII only, which is still correct.
    if initdb("C.UTF-8", &unfinished, tools, account, durability).await.is_err() {
        initdb("C", &unfinished, tools, account, durability).await?;
    }
    fs::rename(&unfinished, place.data()).map_err(ClusterError::file(&unfinished))?;
    tracing::info!(data = %place.data().display(), "cluster.created");
    Ok(())
}

async fn initdb(
    locale: &str,
    data: &Path,
    tools: &Tools,
    account: &Account,
    durability: Durability,
) -> Result<(), ClusterError> {
    if data.exists() {
        fs::remove_dir_all(data).map_err(ClusterError::file(data))?;
    }
    let output = account
        .command(&tools.program("initdb"))
        .arg("--pgdata")
        .arg(data)
        .args(["--username", OWNER, "--encoding", "UTF8", "--locale", locale])
        .args(["--auth", "peer", "--data-checksums", "--no-instructions"])
        .args((durability == Durability::ForTests).then_some("--no-sync"))
        .current_dir("/")
        .output()
        .await
        .map_err(ClusterError::file("initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Program { program: "initdb", output: said })
}
