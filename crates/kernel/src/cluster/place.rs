//! Where the cluster lives: `<data directory>/postgres`, with the data, the socket, the log and the locks.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Ids;
use super::{Account, ClusterError, Durability};

/// A socket's full path must fit 107 bytes on Linux and 103 on macOS; PostgreSQL adds `/.s.PGSQL.5432.lock`.
const LONGEST_SOCKET_DIR: usize = 80;

/// The folders of one cluster. All of them exist and belong to the server's user.
#[derive(Debug)]
pub(super) struct Place {
    home: PathBuf,
    socket_dir: PathBuf,
}

/// Where the data of a data directory lies, whether or not it is there yet.
pub(super) fn data_of(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres").join("data")
}

impl Place {
    /// Makes the folders that are missing and checks that the server's user can reach them.
    pub fn prepare(data_dir: &Path, account: &Account, durability: Durability) -> Result<Self, ClusterError> {
        fs::create_dir_all(data_dir).map_err(ClusterError::file(data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(ClusterError::file(data_dir))?;
        let home = home(&data_dir, account, durability)?;
        let owner = fs::metadata(&home).map_err(ClusterError::file(&home))?.uid();
        if account.other.is_some_and(|ids| ids.uid != owner) {
            account.own(&home)?;
        } else if account.other.is_none() && fs::read_dir(&home).is_err() {
            return Err(ClusterError::NotOurs { path: home, owner });
        }
        let socket_dir = socket_dir(&home, account)?;
        Ok(Self { home, socket_dir })
    }

    /// The cluster's data.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// The data while `initdb` is at work; renamed to [`Place::data`] when it is whole.
    pub fn unfinished(&self) -> PathBuf {
        self.home.join("data.unfinished")
    }

    /// What the server prints.
    pub fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// A lock file beside the data.
    pub fn lock(&self, name: &str) -> PathBuf {
        self.home.join(format!("{name}.lock"))
    }

    /// The folder of the socket.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The major release that made the data, when there is data.
    pub fn version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The URL of one database of the cluster, as its owner.
    pub fn url(&self, database: &str) -> String {
        let socket = percent_encode(&self.socket_dir);
        format!("postgres://{owner}@{socket}/{database}?sslmode=disable", owner = super::OWNER)
    }
}

/// `<data directory>/postgres`; for root with a data directory that others cannot enter (`/root` is closed on most
/// systems) a link to a folder that they can.
fn home(data_dir: &Path, account: &Account, durability: Durability) -> Result<PathBuf, ClusterError> {
    let home = data_dir.join("postgres");
    if fs::symlink_metadata(&home).is_err() {
        match account.other.map(|ids| closed_to(data_dir, ids)) {
            None | Some(None) => make_private(&home, account)?,
            Some(Some(_)) => {
                let elsewhere = durability.open_base().join(format!("recoup-postgres-{}", short_hash(data_dir)));
                make_private(&elsewhere, account)?;
                std::os::unix::fs::symlink(&elsewhere, &home).map_err(ClusterError::file(&home))?;
            }
        }
    }
    let home = home.canonicalize().map_err(ClusterError::file(&home))?;
    if let Some(ids) = account.other
        && let Some(path) = home.parent().and_then(|parent| closed_to(parent, ids))
    {
        return Err(ClusterError::Closed { path, user: account.name.clone() });
    }
    Ok(home)
}

/// Beside the data, or under `/tmp` when that path is too long for a socket.
fn socket_dir(home: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
    let beside = home.join("socket");
    let dir = if beside.as_os_str().len() <= LONGEST_SOCKET_DIR {
        beside
    } else {
        PathBuf::from("/tmp").join(format!("recoup-{}", short_hash(home)))
    };
    make_private(&dir, account)?;
    Ok(dir)
}

/// A folder that only the server's user (and root) may enter. One that is there already must be theirs: `/tmp` is shared.
fn make_private(dir: &Path, account: &Account) -> Result<(), ClusterError> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent).map_err(ClusterError::file(parent))?;
    }
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => account.own(dir),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(dir).map_err(ClusterError::file(dir))?;
            let ours = account.other.map_or_else(|| fs::read_dir(dir).is_ok(), |ids| ids.uid == found.uid());
            if found.is_dir() && ours {
                return Ok(());
            }
            Err(ClusterError::NotOurs { path: dir.to_owned(), owner: found.uid() })
        }
        Err(error) => Err(ClusterError::file(dir)(error)),
    }
}

/// The first folder on the way to `path`, itself included, that the user cannot enter.
fn closed_to(path: &Path, ids: Ids) -> Option<PathBuf> {
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    way.into_iter().find(|folder| !can_enter(folder, ids)).map(Path::to_owned)
}

fn can_enter(folder: &Path, ids: Ids) -> bool {
    let Ok(found) = fs::metadata(folder) else { return false };
    let needed = match (found.uid() == ids.uid, found.gid() == ids.gid) {
        (true, _) => 0o100,
        (false, true) => 0o010,
        (false, false) => 0o001,
    };
    found.permissions().mode() & needed != 0
}

fn short_hash(path: &Path) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_os_str().as_encoded_bytes());
    hex::encode(&digest.as_ref()[..6])
}

fn percent_encode(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(byte) {
            out.push(char::from(*byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_url_is_encoded() {
        assert_eq!(percent_encode(Path::new("/a b/ü?@:%")), "%2Fa%20b%2F%C3%BC%3F%40%3A%25");
    }

    #[test]
    fn a_closed_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("closed/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(inner.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Ids { uid: 4_000_001, gid: 4_000_001 };
        assert_eq!(closed_to(&inner, stranger), Some(inner.parent().unwrap().to_owned()));
        fs::set_permissions(inner.parent().unwrap(), fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(closed_to(&inner, stranger), None);
    }

    #[test]
    fn the_owner_and_the_group_have_their_own_bits() {
        let dir = tempfile::tempdir().unwrap();
        let found = fs::metadata(dir.path()).unwrap();
        let enters = |mode, uid, gid| {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            can_enter(dir.path(), Ids { uid, gid })
        };
        assert!(enters(0o700, found.uid(), 4_000_001));
        assert!(!enters(0o677, found.uid(), 4_000_001), "the owner's bits decide for the owner");
        assert!(enters(0o710, 4_000_001, found.gid()));
        assert!(!enters(0o701, 4_000_001, found.gid()));
        assert!(enters(0o701, 4_000_001, 4_000_001));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    }
}
