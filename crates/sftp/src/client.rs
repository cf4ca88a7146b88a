//! Fetches files from a customer's server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};
use russh_sftp::client::SftpSession;
use tokio::io::AsyncReadExt;

/// How long any one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a session may take to open, and a folder to be listed.
const OPENING: Duration = Duration::from_secs(120);
/// Bytes read at once.
const PIECE: usize = 128 << 10;

/// How a user proves who they are.
#[derive(Clone)]
pub enum Proof {
    /// With a password.
    Password(String),
    /// With a private key in OpenSSH form.
    Key(String),
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server does not accept the user.
    #[error("the server does not accept the user or the key")]
    Refused,
    /// The key is not one.
    #[error("the private key cannot be read; it must be in OpenSSH form, without a passphrase")]
    BadKey,
    /// The server's key is another than the one that was seen first.
    #[error("the server shows another key than before ({0}); if it was changed on purpose, clear the fingerprint")]
    Changed(String),
    /// It does not answer, or breaks off.
    #[error("the server does not answer: {0}")]
    Away(String),
    /// The folder or a file in it is not there, or not for us.
    #[error("the folder or a file in it cannot be read: {0}")]
    Folder(String),
}

/// A file on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name within the folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in seconds since 1970, where the server says.
    pub changed: Option<u32>,
}

/// An open session.
pub struct Client {
    session: Handle<Check>,
    sftp: SftpSession,
    fingerprint: String,
}

/// A file that is being fetched.
pub struct Remote {
    file: russh_sftp::client::fs::File,
    piece: Vec<u8>,
}

impl Remote {
    /// The next piece; none at the end.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, ClientError> {
        let read = self.file.read(&mut self.piece).await.map_err(|error| ClientError::Away(error.to_string()))?;
        Ok((read > 0).then(|| &self.piece[..read]))
    }
}

/// Checks the server's key.
struct Check {
    expected: Option<String>,
    seen: Arc<std::sync::Mutex<String>>,
}

impl client::Handler for Check {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let seen = key.fingerprint(HashAlg::Sha256).to_string();
        let fits = self.expected.as_ref().is_none_or(|expected| *expected == seen);
        *self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = seen;
        Ok(fits)
    }
}

impl Client {
    /// Opens a session. The address was checked by the caller; `expected` is the fingerprint that was seen first. However slowly the
    /// server answers, it ends within two minutes.
    pub async fn connect(
        address: SocketAddr,
        user: &str,
        proof: &Proof,
        expected: Option<String>,
    ) -> Result<Self, ClientError> {
        let opened = tokio::time::timeout(OPENING, Self::open_session(address, user, proof, expected)).await;
        opened.map_err(|_| ClientError::Away("it took too long".to_owned()))?
    }

    async fn open_session(
        address: SocketAddr,
        user: &str,
        proof: &Proof,
        expected: Option<String>,
    ) -> Result<Self, ClientError> {
        let away = |error: String| ClientError::Away(error);
        let seen = Arc::new(std::sync::Mutex::new(String::new()));
        let check = Check { expected: expected.clone(), seen: Arc::clone(&seen) };
        let config = Arc::new(client::Config { inactivity_timeout: Some(PATIENCE), ..client::Config::default() });
        let connected = tokio::time::timeout(PATIENCE, client::connect(config, address, check)).await;
        let fingerprint = || seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut session = match connected.map_err(|_| away("it took too long".to_owned()))? {
            Ok(session) => session,
            Err(_)
                if expected
                    .as_ref()
                    .is_some_and(|expected| !fingerprint().is_empty() && fingerprint() != *expected) =>
            {
                return Err(ClientError::Changed(fingerprint()));
            }
            Err(error) => return Err(away(error.to_string())),
        };
        let accepted = match proof {
            Proof::Password(password) => session.authenticate_password(user, password).await,
            Proof::Key(text) => {
                let key = decode_secret_key(text, None).map_err(|_| ClientError::BadKey)?;
                let key = PrivateKeyWithHashAlg::new(Arc::new(key), Some(HashAlg::Sha256));
                session.authenticate_publickey(user, key).await
            }
        };
        if !accepted.map_err(|error| away(error.to_string()))?.success() {
            return Err(ClientError::Refused);
        }
        let channel = session.channel_open_session().await.map_err(|error| away(error.to_string()))?;
        channel.request_subsystem(true, "sftp").await.map_err(|error| away(error.to_string()))?;
        let sftp = SftpSession::new(channel.into_stream()).await.map_err(|error| away(error.to_string()))?;
        let fingerprint = fingerprint();
        Ok(Self { session, sftp, fingerprint })
    }

    /// The key that the server showed.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The files of a folder, by name.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>, ClientError> {
        let folder = if folder.is_empty() { "." } else { folder };
        let listed = tokio::time::timeout(OPENING, self.sftp.read_dir(folder)).await;
        let listed = listed.map_err(|_| ClientError::Away("its folder has no end".to_owned()))?;
        let listed = listed.map_err(|error| ClientError::Folder(error.to_string()))?;
        let mut entries: Vec<Entry> = listed
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let data = entry.metadata();
                Entry { name: entry.file_name(), bytes: data.size.unwrap_or_default(), changed: data.mtime }
            })
            .filter(|entry| !entry.name.starts_with('.') && !entry.name.contains(['/', '\\', '\0']))
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Opens a file of a folder, to be read from its beginning.
    pub async fn open(&self, folder: &str, name: &str) -> Result<Remote, ClientError> {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{}/{name}", folder.trim_end_matches('/')) };
        let file = self.sftp.open(path).await.map_err(|error| match error {
            // The server refuses this one file; anything else is about the session.
            russh_sftp::client::error::Error::Status(_) => ClientError::Folder(error.to_string()),
            _ => ClientError::Away(error.to_string()),
        })?;
        Ok(Remote { file, piece: vec![0; PIECE] })
    }

    /// Says goodbye; the other side notices in any case.
    pub async fn close(self) {
        drop(self.session.disconnect(russh::Disconnect::ByApplication, "done", "en").await);
    }
}
