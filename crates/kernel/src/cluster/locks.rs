//! Two advisory file locks: `users` is shared by every process that uses the cluster, so that only the last one stops it;
//! `start` lets one process at a time create or start it. The operating system frees them when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use super::ClusterError;
use super::place::Place;

/// Our share in the cluster.
#[derive(Debug)]
pub(super) struct Locks {
    users: File,
    start: PathBuf,
}

impl Locks {
    /// Joins the users; waits while the last user before us is stopping the server.
    pub async fn join(place: &Place) -> Result<Self, ClusterError> {
        let users = locked(place.lock("users"), File::lock_shared).await?;
        Ok(Self { users, start: place.lock("start") })
    }

    /// Waits for the right to create or start the server; held until the file is dropped.
    pub async fn start(&self) -> Result<File, ClusterError> {
        locked(self.start.clone(), File::lock).await
    }

    /// Leaves the users. The file is returned to the last one only: while it is held, nobody joins.
    pub fn leave(self, place: &Place) -> Result<Option<File>, ClusterError> {
        let path = place.lock("users");
        drop(self.users);
        let file = open(&path).map_err(ClusterError::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(ClusterError::file(&path)(error)),
        }
    }
}

async fn locked(path: PathBuf, lock: fn(&File) -> std::io::Result<()>) -> Result<File, ClusterError> {
    let waiting = path.clone();
    tokio::task::spawn_blocking(move || {
        let file = open(&waiting)?;
        lock(&file)?;
        Ok(file)
    })
    .await
    .map_err(std::io::Error::other)
    .flatten()
    .map_err(ClusterError::file(&path))
}

fn open(path: &std::path::Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}
