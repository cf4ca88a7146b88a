//! Why the private cluster is not there, in words that say what to do.

use std::io;
use std::path::PathBuf;

/// Why the private cluster could not be made or started; the text tells an operator what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No PostgreSQL programs on this machine.
    #[error(
        "PostgreSQL is not installed: no folder with `postgres`, `initdb` and `pg_ctl` in PATH or the usual places. {}",
        install_hint()
    )]
    NotInstalled,
    /// Only releases older than the oldest supported one.
    #[error("PostgreSQL {found} in {} is too old, {} or newer is needed. {}", bin.display(), super::tools::OLDEST, install_hint())]
    TooOld {
        /// The newest major release found.
        found: u32,
        /// Where it lies.
        bin: PathBuf,
    },
    /// The data was made by a release that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {made_by}, which is not installed (found: {found}). Install PostgreSQL \
         {made_by}, or dump the data there and restore it here",
        data.display()
    )]
    OtherRelease {
        /// The major release that made the data.
        made_by: u32,
        /// The releases found, for the reader.
        found: String,
        /// The folder of the data.
        data: PathBuf,
    },
    /// Root has nobody to hand the server to.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as; create one: useradd --system postgres"
    )]
    NoAccount,
    /// The data belongs to somebody else.
    #[error("{} belongs to user {owner}; start Recoup as that user or as root", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Its owner's numeric id.
        owner: u32,
    },
    /// The server's user cannot enter a folder above the data.
    #[error("{} cannot be entered by user {user}, who runs PostgreSQL; choose another RECOUP__DATA_DIR, such as /var/lib/recoup", path.display())]
    Closed {
        /// The folder that is closed.
        path: PathBuf,
        /// Who would have to enter it.
        user: String,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which one.
        program: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended before it answered.
    #[error("PostgreSQL ended while starting; the end of {}:\n{tail}", log.display())]
    Ended {
        /// Its log.
        log: PathBuf,
        /// The last lines.
        tail: String,
    },
    /// The server runs but does not answer in time.
    #[error("PostgreSQL did not answer within {seconds} s on {}; see {}", socket.display(), log.display())]
    Silent {
        /// How long we waited.
        seconds: u64,
        /// Where it should answer.
        socket: PathBuf,
        /// Its log.
        log: PathBuf,
    },
    /// The server answers, and refuses us.
    #[error("PostgreSQL refuses the connection: {0}")]
    Refused(#[source] sqlx::Error),
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ClusterError {
    /// For `map_err` on file operations.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

fn install_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        "Install it with `brew install postgresql@17`, or set DATABASE_URL to a server you have."
    } else {
        "Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; Alpine: `apk add \
         postgresql`; older distributions: https://www.postgresql.org/download/. Or set DATABASE_URL to a server you have."
    }
}
