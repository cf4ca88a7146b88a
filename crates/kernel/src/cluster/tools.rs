//! Finds the PostgreSQL programs of this machine. Debian keeps them out of `PATH`, Homebrew in versioned folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::ClusterError;

/// The oldest major release that Recoup runs on.
pub(super) const OLDEST: u32 = 15;

/// Folders with one part that varies, written as `*`.
const USUAL_PLACES: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// The programs of one PostgreSQL release.
#[derive(Debug)]
pub(super) struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// The release that made the data, or the newest one when there is no data yet.
    pub async fn find(made_by: Option<u32>, data: &Path) -> Result<Self, ClusterError> {
        let mut releases = BTreeMap::new();
        for bin in folders().await {
            if let Some(major) = major_release(&bin.join("postgres")).await {
                releases.entry(major).or_insert(bin);
            }
        }
        choose(releases, made_by, data)
    }

    /// One program of the release.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

fn choose(mut releases: BTreeMap<u32, PathBuf>, made_by: Option<u32>, data: &Path) -> Result<Tools, ClusterError> {
    if let Some(bin) = made_by.and_then(|major| releases.remove(&major)) {
        return Ok(Tools { bin });
    }
    let found = releases.keys().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match (releases.pop_last(), made_by) {
        (None, _) => Err(ClusterError::NotInstalled),
        (Some((found, bin)), None) if found < OLDEST => Err(ClusterError::TooOld { found, bin }),
        (Some((_, bin)), None) => Ok(Tools { bin }),
        (Some(_), Some(made_by)) => Err(ClusterError::OtherRelease { made_by, found, data: data.to_owned() }),
    }
}

async fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(USUAL_PLACES.iter().flat_map(|pattern| expand(Path::new(pattern))));
    folders.extend(pg_config_bin().await);
    // A link in PATH (`/usr/local/bin/postgres`) leads to the folder where its siblings lie.
    folders
        .into_iter()
        .filter_map(|dir| dir.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned))
        .filter(|bin| is_whole(bin))
        .collect()
}

fn is_whole(bin: &Path) -> bool {
    ["initdb", "pg_ctl"].iter().all(|program| bin.join(program).is_file())
}

/// The folders that a pattern with one `*` in one part stands for.
fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern {
        let part = part.to_string_lossy();
        found = match part.split_once('*') {
            None => found.into_iter().map(|dir| dir.join(part.as_ref())).collect(),
            Some((start, end)) => found.iter().flat_map(|dir| children(dir, start, end)).collect(),
        };
    }
    found
}

fn children(dir: &Path, start: &str, end: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(start) && name.ends_with(end))
        })
        .collect()
}

async fn pg_config_bin() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().await.ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, also `18beta1`.
async fn major_release(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().await.ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

fn parse_major(line: &str) -> Option<u32> {
    let version = line.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(majors: &[u32]) -> BTreeMap<u32, PathBuf> {
        majors.iter().map(|major| (*major, PathBuf::from(format!("/pg/{major}")))).collect()
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("postgres (EnterpriseDB) 17"), None);
    }

    #[test]
    fn new_data_takes_the_newest_and_old_data_its_own_release() {
        assert_eq!(choose(releases(&[14, 15, 17]), None, Path::new("/data")).unwrap().bin, Path::new("/pg/17"));
        assert_eq!(choose(releases(&[14, 15, 17]), Some(15), Path::new("/data")).unwrap().bin, Path::new("/pg/15"));
    }

    #[test]
    fn what_is_missing_is_said() {
        let said =
            |majors: &[u32], made_by| choose(releases(majors), made_by, Path::new("/data")).unwrap_err().to_string();
        assert!(said(&[], None).contains("not installed"), "{}", said(&[], None));
        assert!(said(&[13, 14], None).contains("PostgreSQL 14 in /pg/14 is too old, 15 or newer"));
        assert!(
            said(&[16, 17], Some(15))
                .contains("in /data was made by PostgreSQL 15, which is not installed (found: 16, 17)")
        );
    }

    #[test]
    fn a_pattern_is_expanded() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["pgsql-15/bin", "pgsql-17/bin", "other/bin"] {
            std::fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        let mut found = expand(&dir.path().join("pgsql-*/bin"));
        found.sort();
        assert_eq!(found, [dir.path().join("pgsql-15/bin"), dir.path().join("pgsql-17/bin")]);
    }
}
