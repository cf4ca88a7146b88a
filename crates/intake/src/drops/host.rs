//! A folder of ours for each connection: who may drop files in it, and what becomes of them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kernel::ids::{ConnectionId, OrgId};
use sftp::host::{Door, Folder, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{arrived, text};
use crate::connections::secrets::{Secrets, door};
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::files;
use crate::files::upload::Writer;
use crate::kinds::Kind;

/// Sessions of one folder at once.
const MOST_SESSIONS: usize = 8;

/// Who may drop files with us.
struct Doorkeeper {
    core: Core,
    /// Places for the sessions of each folder.
    places: Mutex<HashMap<ConnectionId, Arc<Semaphore>>>,
}

impl Doorkeeper {
    fn new(core: Core) -> Self {
        Self { core, places: Mutex::default() }
    }

    async fn known(&self, user: &str) -> anyhow::Result<Option<(OrgId, Connection)>> {
        let kernel = &self.core.kernel;
        let Some((org, id)) = kernel::db::system::door_of(&kernel.db, &door(user)).await? else { return Ok(None) };
        let mut tx = kernel.db.begin(org).await?;
        let connection = store::find(&mut tx, id).await?;
        Ok(connection.filter(|one| one.kind == Kind::Drop && one.state != "paused").map(|one| (org, one)))
    }

    async fn password(&self, user: &str, password: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let vault = self.core.kernel.vault.of(org).await?;
        let secrets = Secrets::open(&vault, &connection, "sign in")?;
        let fits = secrets.of("password").is_some_and(|kept| {
            subtle::ConstantTimeEq::ct_eq(door(kept.reveal()).as_slice(), door(password).as_slice()).into()
        });
        Ok(if fits { self.folder(org, connection) } else { None })
    }

    async fn key(&self, user: &str, fingerprint: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let kept = sftp::fingerprint_of(text(&connection.settings, "public_key"));
        Ok(if kept.as_deref() == Some(fingerprint) { self.folder(org, connection) } else { None })
    }

    /// The folder of a connection; none while it has all the sessions that one may have: each holds memory, which is everybody's.
    fn folder(&self, org: OrgId, connection: Connection) -> Option<Arc<dyn Folder>> {
        let places = {
            let mut all = self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(all.entry(connection.id).or_insert_with(|| Arc::new(Semaphore::new(MOST_SESSIONS))))
        };
        let place = places.try_acquire_owned().ok()?;
        Some(Arc::new(Dropped { core: self.core.clone(), org, connection, _place: place }))
    }
}

fn or_none(found: anyhow::Result<Option<Arc<dyn Folder>>>) -> Option<Arc<dyn Folder>> {
    found.unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "a folder could not be opened; the sign-in was refused");
        None
    })
}

#[async_trait]
impl Door for Doorkeeper {
    async fn by_password(&self, user: &str, password: &str) -> Option<Arc<dyn Folder>> {
        or_none(self.password(user, password).await)
    }

    async fn by_key(&self, user: &str, fingerprint: &str) -> Option<Arc<dyn Folder>> {
        or_none(self.key(user, fingerprint).await)
    }
}

/// The folder of one connection.
struct Dropped {
    core: Core,
    org: OrgId,
    connection: Connection,
    /// Given back when the session ends.
    _place: OwnedSemaphorePermit,
}

#[async_trait]
impl Folder for Dropped {
    async fn create(&self, name: &str) -> io::Result<Box<dyn Incoming>> {
        let room = async {
            let mut tx = self.core.kernel.db.begin(self.org).await?;
            files::store::has_room(&mut tx).await
        };
        if !room.await.map_err(io::Error::other)? {
            return Err(io::Error::other(files::store::FULL));
        }
        let writer = Writer::new(&self.core, self.org, name).await?;
        Ok(Box::new(Coming { core: self.core.clone(), org: self.org, connection: self.connection.clone(), writer }))
    }

    async fn names(&self) -> Vec<(String, u64)> {
        let listed = async {
            let mut tx = self.core.kernel.db.begin(self.org).await?;
            let rows: Vec<(String, i64)> = sqlx::query_as(
                "select distinct name, bytes from intake_seen where org_id = $1 and connection_id = $2 order by name limit 1000",
            )
            .bind(self.org)
            .bind(self.connection.id)
            .fetch_all(tx.conn())
            .await?;
            Ok::<_, sqlx::Error>(rows)
        };
        let rows = kernel::CanFail::can_fail(listed.await, "listing a folder; it looks empty").unwrap_or_default();
        rows.into_iter().map(|(name, bytes)| (name, bytes as u64)).collect()
    }
}

/// A file that is being dropped. One that breaks off is gone.
struct Coming {
    core: Core,
    org: OrgId,
    connection: Connection,
    writer: Writer,
}

#[async_trait]
impl Incoming for Coming {
    async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.writer.write(piece).await.map_err(|error| io::Error::other(error.to_string()))
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { core, org, connection, writer } = *self;
        let spooled = writer.finish().await?;
        if spooled.bytes == 0 {
            files::forget(&core, org, spooled.id).await;
            return Ok(());
        }
        // The mapping may have been changed while the session was open.
        let current = async {
            let mut tx = core.kernel.db.begin(org).await?;
            anyhow::Ok(store::find(&mut tx, connection.id).await?)
        };
        let current = current.await.map_err(io::Error::other)?.unwrap_or(connection);
        arrived(&core, org, &current, spooled).await.map_err(io::Error::other)
    }
}

/// Listens for files until the future is dropped; nothing happens unless an address is configured.
pub(crate) async fn serve(core: Core) -> anyhow::Result<()> {
    let Some(address) = core.kernel.config.sftp.listen else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(address).await?;
    serve_on(core, listener).await
}

/// The same over a listener of the caller's.
pub(crate) async fn serve_on(core: Core, listener: tokio::net::TcpListener) -> anyhow::Result<()> {
    let mut seed = [0_u8; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut seed)
        .map_err(|_| anyhow::anyhow!("no randomness"))?;
    let path = core.kernel.config.data_dir.0.join("sftp").join("host.key");
    let key = sftp::KeyPair::kept(&path, &seed)?;
    tracing::info!(sftp.address = %listener.local_addr()?, sftp.key = key.fingerprint(), "files can be dropped");
    sftp::host::serve(listener, &key, Arc::new(Doorkeeper::new(core))).await?;
    Ok(())
}
