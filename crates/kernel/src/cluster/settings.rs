//! The cluster's configuration, written anew at every start so that an upgrade of Recoup takes effect. An operator's own
//! settings go to `local.conf` beside it, which is read last and never touched.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::place::Place;
use super::{ClusterError, OWNER};

/// How much of a committed transaction survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Everything survives a power cut.
    Full,
    /// A power cut may destroy the cluster; for tests, which make it anew.
    ForTests,
}

impl Durability {
    /// Where a cluster goes when the server's user cannot enter the data directory.
    pub(super) fn open_base(self) -> PathBuf {
        match self {
            Self::Full => PathBuf::from("/var/lib/recoup"),
            Self::ForTests => std::env::temp_dir(),
        }
    }

    fn settings(self) -> &'static str {
        match self {
            // The queue's ended jobs lie before those that wait until they are cleared away: not for a whole minute.
            Self::Full => {
                "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nmax_connections = 100\n\
                 autovacuum_naptime = 10s\n"
            }
            Self::ForTests => {
                "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 400\n\
                 wal_level = minimal\nmax_wal_senders = 0\n"
            }
        }
    }
}

/// Sized for a small machine; a big one belongs in `local.conf` or behind `DATABASE_URL`.
const COMMON: &str = "\
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 1GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_checkpoints = off
# Details and statements of errors may hold what a customer wrote.
log_error_verbosity = terse
log_min_error_statement = panic
";

/// Writes `recoup.conf` and who may connect; fits files that `initdb` made.
pub(super) fn write(place: &Place, account: &Account, durability: Durability) -> Result<(), ClusterError> {
    let data = place.data();
    let main = data.join("postgresql.conf");
    let text = fs::read_to_string(&main).map_err(ClusterError::file(&main))?;
    if !text.contains("include_if_exists = 'recoup.conf'") {
        put(&main, &format!("{text}\ninclude_if_exists = 'recoup.conf'\ninclude_if_exists = 'local.conf'\n"), account)?;
    }
    put(&data.join("recoup.conf"), &recoup_conf(place.socket_dir(), durability), account)?;
    put(
        &data.join("pg_hba.conf"),
        "# Written by Recoup: its own users, over the socket, and nobody else.\nlocal all all peer map=recoup\n",
        account,
    )?;
    put(&data.join("pg_ident.conf"), &ident(account), account)
}

fn recoup_conf(socket_dir: &Path, durability: Durability) -> String {
    let socket_dir = socket_dir.to_string_lossy().replace('\'', "''");
    format!(
        "# Written by Recoup at every start; your own settings go to local.conf.\n\
         listen_addresses = ''\nport = 5432\nunix_socket_directories = '{socket_dir}'\nunix_socket_permissions = 0700\n\
         {}{COMMON}",
        durability.settings()
    )
}

/// Root may always come in: it can enter the folder anyway, and `sudo recoup doctor` should work.
fn ident(account: &Account) -> String {
    let mut users = vec![account.me.as_str(), account.name.as_str(), "root"];
    users.sort_unstable();
    users.dedup();
    users.iter().fold("# Written by Recoup: who may connect as its owner.\n".to_owned(), |mut text, user| {
        writeln!(text, "recoup \"{user}\" {OWNER}").expect("writing to a string cannot fail");
        text
    })
}

fn put(path: &Path, text: &str, account: &Account) -> Result<(), ClusterError> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let draft = path.with_extension("draft");
    fs::write(&draft, text).map_err(ClusterError::file(&draft))?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600)).map_err(ClusterError::file(&draft))?;
    account.own(&draft)?;
    fs::rename(&draft, path).map_err(ClusterError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_durability_is_written_out() {
        let text = recoup_conf(Path::new("/data/o'clock"), Durability::Full);
        let wanted = [
            "fsync = on",
            "synchronous_commit = on",
            "full_page_writes = on",
            "autovacuum_naptime = 10s",
            "listen_addresses = ''",
        ];
        for line in wanted {
            assert!(text.lines().any(|present| present == line), "{line}");
        }
        assert!(text.contains("unix_socket_directories = '/data/o''clock'"));
    }

    #[test]
    fn users_are_listed_once() {
        let account = Account { me: "root".into(), name: "postgres".into(), other: None };
        assert_eq!(
            ident(&account).lines().skip(1).collect::<Vec<_>>(),
            ["recoup \"postgres\" recoup", "recoup \"root\" recoup"]
        );
    }
}
