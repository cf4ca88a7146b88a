//! A server that was killed leaves `postmaster.pid` behind, and for a moment its children. PostgreSQL clears the file
//! itself, except where the process id has been given to somebody else's program since (usual after a container was
//! started again): then it refuses to start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;
use super::place::Place;

/// Whether a server, or a leftover child of a killed one, works on this data. Until it has gone nobody may start another.
pub(super) fn occupied(place: &Place) -> bool {
    let data = place.data();
    match fs::read_dir("/proc/self/").and_then(|_| fs::read_dir("/proc")) {
        // Every process of a server has the data folder as its working folder.
        Ok(entries) => {
            entries.filter_map(|entry| fs::read_link(entry.ok()?.path().join("cwd")).ok()).any(|folder| folder == data)
        }
        Err(_) => process_id(place).is_some_and(|pid| names(&data, pid)),
    }
}

/// Removes the file of a server that is gone: call it only when the data is not [`occupied`].
pub(super) fn clear(place: &Place) -> Result<(), ClusterError> {
    let path = pid_file(place);
    match fs::remove_file(&path) {
        Ok(()) => {
            tracing::warn!(file = %path.display(), "cluster.unclean_stop");
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ClusterError::file(&path)(error)),
    }
}

fn pid_file(place: &Place) -> PathBuf {
    place.data().join("postmaster.pid")
}

fn process_id(place: &Place) -> Option<u32> {
    fs::read_to_string(pid_file(place)).ok()?.lines().next()?.trim().parse().ok()
}

/// Where there is no `/proc`: the server names its data in its command line.
fn names(data: &Path, pid: u32) -> bool {
    let listed = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(data.to_string_lossy().as_ref()))
}
