//! Which operating-system user the server runs as: ourselves, unless we are root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tokio::process::Command;

use super::ClusterError;

/// Who we are and who runs the server.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Our own name, which the server lets in.
    pub me: String,
    /// The name of the server's user.
    pub name: String,
    /// The server's user, when it is not us.
    pub other: Option<Ids>,
}

/// The numeric ids of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// Ourselves, or as root whoever owns the data already, `postgres`, or `nobody`.
    pub async fn choose(data_dir: &Path) -> Result<Self, ClusterError> {
        let me = id(&["-un"]).await.ok_or(ClusterError::NoAccount)?;
        if id(&["-u"]).await.as_deref() != Some("0") {
            return Ok(Self { name: me.clone(), me, other: None });
        }
        for candidate in owner_of_data(data_dir).into_iter().chain(["postgres".to_owned(), "nobody".to_owned()]) {
            if let Some((name, ids)) = look_up(&candidate).await {
                return Ok(Self { me, name, other: Some(ids) });
            }
        }
        Err(ClusterError::NoAccount)
    }

    /// A command that runs as the server's user, in a process group of its own so that Ctrl-C in our terminal does not
    /// stop the database before we have drained, and with no `PG…` variable of ours.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.process_group(0);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        if let Some(Ids { uid, gid }) = self.other {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a file or folder to the server's user.
    pub fn own(&self, path: &Path) -> Result<(), ClusterError> {
        let Some(Ids { uid, gid }) = self.other else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(ClusterError::file(path))
    }
}

fn owner_of_data(data_dir: &Path) -> Option<String> {
    let uid = std::fs::metadata(super::place::data_of(data_dir)).ok()?.uid();
    (uid != 0).then(|| uid.to_string())
}

async fn look_up(user: &str) -> Option<(String, Ids)> {
    let uid = id(&["-u", user]).await?.parse().ok().filter(|uid| *uid != 0)?;
    let gid = id(&["-g", user]).await?.parse().ok()?;
    Some((id(&["-un", user]).await?, Ids { uid, gid }))
}

/// The one portable way to ask without unsafe code: the `id` program.
async fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
