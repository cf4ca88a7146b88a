//! Our own server: a folder that files can be dropped in, and nothing else.
//!
//! Each user sees one flat folder that is not a folder of the disk. A file is taken from its first byte to its last, in order; what
//! it becomes is the caller's business ([`Door`]).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use russh::keys::HashAlg;
use russh::server::{Auth, ChannelOpenHandle, Msg, Server as _, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use russh_sftp::protocol::{Attrs, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode, Version};
use tokio::net::TcpListener;

use crate::KeyPair;

/// Files open at once in one session, and folders.
const MOST_OPEN: usize = 8;

/// Who may drop files, and what becomes of them.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// The folder of a user who gave a password; none when it is not theirs.
    async fn by_password(&self, user: &str, password: &str) -> Option<Arc<dyn Folder>>;

    /// The folder of a user who holds a key, by its fingerprint; none when it is not theirs.
    async fn by_key(&self, user: &str, fingerprint: &str) -> Option<Arc<dyn Folder>>;
}

/// A user's folder.
#[async_trait]
pub trait Folder: Send + Sync + 'static {
    /// Begins a file.
    async fn create(&self, name: &str) -> io::Result<Box<dyn Incoming>>;

    /// The files that were dropped, with their sizes.
    async fn names(&self) -> Vec<(String, u64)>;
}

/// A file on its way in. One that is dropped without an end was broken off.
#[async_trait]
pub trait Incoming: Send + 'static {
    /// The next bytes.
    async fn write(&mut self, piece: &[u8]) -> io::Result<()>;

    /// It is whole.
    async fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Serves until the future is dropped.
pub async fn serve(listener: TcpListener, key: &KeyPair, door: Arc<dyn Door>) -> io::Result<()> {
    let mut methods = MethodSet::empty();
    methods.push(MethodKind::Password);
    methods.push(MethodKind::PublicKey);
    let config = russh::server::Config {
        methods,
        keys: vec![key.0.clone()],
        auth_rejection_time: Duration::from_secs(1),
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: 6,
        inactivity_timeout: Some(Duration::from_secs(300)),
        ..russh::server::Config::default()
    };
    let mut listening = Listening { door };
    listening.run_on_socket(Arc::new(config), &listener).await
}

struct Listening {
    door: Arc<dyn Door>,
}

impl russh::server::Server for Listening {
    type Handler = Visitor;

    fn new_client(&mut self, _peer: Option<SocketAddr>) -> Visitor {
        Visitor { door: Arc::clone(&self.door), folder: None, channels: HashMap::new() }
    }
}

/// One connection.
struct Visitor {
    door: Arc<dyn Door>,
    folder: Option<Arc<dyn Folder>>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Visitor {
    fn judged(&mut self, folder: Option<Arc<dyn Folder>>) -> Auth {
        self.folder = folder;
        if self.folder.is_some() { Auth::Accept } else { Auth::reject() }
    }
}

impl russh::server::Handler for Visitor {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let folder = self.door.by_password(user, password).await;
        Ok(self.judged(folder))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let fingerprint = key.public_key.fingerprint(HashAlg::Sha256).to_string();
        let folder = self.door.by_key(user, &fingerprint).await;
        Ok(self.judged(folder))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.close(channel)
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match (name, self.channels.remove(&id), self.folder.clone()) {
            ("sftp", Some(channel), Some(folder)) => {
                session.channel_success(id)?;
                // It goes on by itself until the stream ends.
                russh_sftp::server::run(channel.into_stream(), Desk::new(folder)).await;
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }
}

/// The files of one session.
struct Desk {
    folder: Arc<dyn Folder>,
    open: HashMap<String, Taking>,
    /// Folders whose names were not given yet.
    listing: HashMap<String, bool>,
    count: u64,
}

struct Taking {
    incoming: Box<dyn Incoming>,
    written: u64,
}

impl Desk {
    fn new(folder: Arc<dyn Folder>) -> Self {
        Self { folder, open: HashMap::new(), listing: HashMap::new(), count: 0 }
    }

    fn handle(&mut self) -> String {
        self.count += 1;
        self.count.to_string()
    }
}

fn fine(id: u32) -> Status {
    Status { id, status_code: StatusCode::Ok, error_message: "Ok".to_owned(), language_tag: "en".to_owned() }
}

/// The name of a file in the one folder there is; a path elsewhere names nothing.
fn plain(path: &str) -> Result<&str, StatusCode> {
    let name = path.trim_start_matches("./").trim_start_matches('/');
    let fits = !name.is_empty() && name.len() <= 200 && name != "." && name != "..";
    if fits && !name.contains(['/', '\\', '\0']) { Ok(name) } else { Err(StatusCode::PermissionDenied) }
}

fn is_root(path: &str) -> bool {
    matches!(path, "" | "." | "/" | "./" | "/.")
}

fn folder_attrs() -> FileAttributes {
    let mut attrs = FileAttributes { permissions: Some(0o300), ..FileAttributes::empty() };
    attrs.set_dir(true);
    attrs
}

fn file_attrs(bytes: u64) -> FileAttributes {
    let mut attrs = FileAttributes { size: Some(bytes), permissions: Some(0o200), ..FileAttributes::empty() };
    attrs.set_regular(true);
    attrs
}

impl russh_sftp::server::Handler for Desk {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn init(&mut self, _version: u32, _extensions: HashMap<String, String>) -> Result<Version, Self::Error> {
        Ok(Version::new())
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        flags: OpenFlags,
        _attrs: FileAttributes,
    ) -> Result<Handle, Self::Error> {
        let name = plain(&filename)?;
        if !flags.contains(OpenFlags::WRITE) || flags.contains(OpenFlags::APPEND) {
            return Err(StatusCode::PermissionDenied);
        }
        if self.open.len() >= MOST_OPEN {
            return Err(StatusCode::Failure);
        }
        let incoming = self.folder.create(name).await.map_err(|_| StatusCode::Failure)?;
        let handle = self.handle();
        self.open.insert(handle.clone(), Taking { incoming, written: 0 });
        Ok(Handle { id, handle })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, Self::Error> {
        let taking = self.open.get_mut(&handle).ok_or(StatusCode::Failure)?;
        if offset != taking.written {
            return Err(StatusCode::OpUnsupported);
        }
        taking.incoming.write(&data).await.map_err(|_| StatusCode::Failure)?;
        taking.written += data.len() as u64;
        Ok(fine(id))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        if let Some(taking) = self.open.remove(&handle) {
            taking.incoming.finish().await.map_err(|_| StatusCode::Failure)?;
        }
        self.listing.remove(&handle);
        Ok(fine(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        if !is_root(&path) {
            return Err(StatusCode::NoSuchFile);
        }
        if self.listing.len() >= MOST_OPEN {
            return Err(StatusCode::Failure);
        }
        let handle = self.handle();
        self.listing.insert(handle.clone(), false);
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        let given = self.listing.get_mut(&handle).ok_or(StatusCode::Failure)?;
        if std::mem::replace(given, true) {
            return Err(StatusCode::Eof);
        }
        let files: Vec<File> =
            self.folder.names().await.into_iter().map(|(name, bytes)| File::new(name, file_attrs(bytes))).collect();
        if files.is_empty() { Err(StatusCode::Eof) } else { Ok(Name { id, files }) }
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, Self::Error> {
        let path = if is_root(&path) { "/".to_owned() } else { format!("/{}", plain(&path)?) };
        Ok(Name { id, files: vec![File::dummy(path)] })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        if is_root(&path) {
            return Ok(Attrs { id, attrs: folder_attrs() });
        }
        let name = plain(&path)?;
        let known = self.folder.names().await.into_iter().find(|(known, _)| known == name);
        let (_, bytes) = known.ok_or(StatusCode::NoSuchFile)?;
        Ok(Attrs { id, attrs: file_attrs(bytes) })
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        self.stat(id, path).await
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, Self::Error> {
        let taking = self.open.get(&handle).ok_or(StatusCode::Failure)?;
        Ok(Attrs { id, attrs: file_attrs(taking.written) })
    }

    // Programs set times and permissions of what they dropped; ours are our own.
    async fn setstat(&mut self, id: u32, _path: String, _attrs: FileAttributes) -> Result<Status, Self::Error> {
        Ok(fine(id))
    }

    async fn fsetstat(&mut self, id: u32, _handle: String, _attrs: FileAttributes) -> Result<Status, Self::Error> {
        Ok(fine(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_folder() {
        assert_eq!(plain("/sales.csv"), Ok("sales.csv"));
        assert_eq!(plain("./sales.csv"), Ok("sales.csv"));
        for path in ["../etc/passwd", "/a/b.csv", "..", "/", "a\\b", "a\0b", "/../x"] {
            assert_eq!(plain(path), Err(StatusCode::PermissionDenied), "{path}");
        }
    }
}
