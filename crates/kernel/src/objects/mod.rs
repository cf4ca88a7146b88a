//! The object store: pictures and archives, by name. A folder under the data directory, or a bucket that speaks S3 where several
//! machines share it.
//!
//! Names begin with the organisation's id, so that what an organisation keeps can be removed with it. A store that cannot be
//! reached, is busy or refuses ends a call within [`Patience`], with words that name the setting to check and never a secret.

mod open;
mod trouble;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::clock::Clock;
use crate::config::Config;
use crate::ids::OrgId;
use trouble::{explained, is_absent};

/// How long a store may take. The defaults keep a page that shows a picture from waiting longer than ten seconds.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection to a bucket.
    pub connect: Duration,
    /// For one attempt, its bytes included.
    pub attempt: Duration,
    /// Attempts after the first, when the bucket is busy or breaks off.
    pub retries: usize,
    /// No attempt begins later than this after the first.
    pub begin_within: Duration,
    /// For reading, all attempts together.
    pub read: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(20),
            retries: 3,
            begin_within: Duration::from_secs(4),
            read: Duration::from_secs(10),
        }
    }
}

/// Where the store is.
#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Bucket { name: String, region: String, address: String },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Self::Bucket { name, address, .. } => write!(f, "the bucket {name} at {address}"),
        }
    }
}

/// The store of one process. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    place: Arc<Place>,
    patience: Patience,
}

impl Objects {
    /// The store as configured. A bucket is not asked before it is used: [`Objects::probe`] does.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        Self::open_with(config, Patience::default())
    }

    /// The store as configured, with a patience of its own.
    pub fn open_with(config: &Config, patience: Patience) -> anyhow::Result<Self> {
        let (store, place) = match config.objects.bucket.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => open::bucket(&config.objects, name, patience)?,
            None => open::folder(&config.data_dir.0.join("objects"))?,
        };
        Ok(Self { store, place: Arc::new(place), patience })
    }

    /// Where it is, in words.
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// Keeps bytes under a name of the organisation; what was there before is replaced.
    pub async fn put(&self, org: OrgId, name: &str, bytes: Bytes) -> anyhow::Result<()> {
        self.store.put(&path_of(org, name), bytes.into()).await.map_err(|error| explained(error, &self.place))?;
        Ok(())
    }

    /// The bytes under a name, or none.
    pub async fn get(&self, org: OrgId, name: &str) -> anyhow::Result<Option<Bytes>> {
        let path = path_of(org, name);
        let read = async { self.store.get(&path).await?.bytes().await };
        match tokio::time::timeout(self.patience.read, read).await {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(error)) if is_absent(&error) => Ok(None),
            Ok(Err(error)) => Err(explained(error, &self.place)),
            Err(_) => Err(trouble::too_slow(self.patience.read, &self.place)),
        }
    }

    /// Removes what is under a name; nothing there is no error.
    pub async fn delete(&self, org: OrgId, name: &str) -> anyhow::Result<()> {
        match self.store.delete(&path_of(org, name)).await {
            Err(error) if !is_absent(&error) => Err(explained(error, &self.place)),
            _ => Ok(()),
        }
    }

    /// Removes everything of an organisation; how many there were. What can be removed goes even when something cannot.
    pub async fn delete_all(&self, org: OrgId) -> anyhow::Result<usize> {
        let found = self.store.list(Some(&Path::from(org.to_string()))).map_ok(|meta| meta.location).boxed();
        let mut removed = self.store.delete_stream(found);
        let (mut gone, mut first) = (0, None);
        while let Some(one) = removed.next().await {
            match one {
                Ok(_) => gone += 1,
                // Somebody else removed it in this moment.
                Err(error) if is_absent(&error) => {}
                Err(error) => first = first.or(Some(error)),
            }
        }
        if let Some(error) = first {
            return Err(explained(error, &self.place));
        }
        self.sweep(org).await?;
        Ok(gone)
    }

    /// Keeps something small, reads it and removes it, under an organisation that nobody has: whether the store works.
    pub async fn probe(&self, clock: &Clock) -> anyhow::Result<()> {
        const NAME: &str = "probe";
        let (nobody, kept) = (OrgId::new(clock), Bytes::from_static(b"whole"));
        self.put(nobody, NAME, kept.clone()).await?;
        let read = self.get(nobody, NAME).await;
        let gone = self.delete_all(nobody).await;
        let (read, gone) = (read?, gone?);
        anyhow::ensure!(
            read.as_ref() == Some(&kept) && gone == 1,
            "{} does not give back and list what was just kept in it",
            self.place
        );
        Ok(())
    }

    /// What a crash left half written in a folder has a name that no list shows; it goes with its organisation.
    async fn sweep(&self, org: OrgId) -> anyhow::Result<()> {
        let Place::Folder(folder) = &*self.place else { return Ok(()) };
        match tokio::fs::remove_dir_all(folder.join(org.to_string())).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(anyhow::Error::new(error).context(format!("{} cannot be cleared of {org}", self.place)))
            }
            _ => Ok(()),
        }
    }
}

/// Dots and slashes of a name that would lead elsewhere are encoded by the path's own rules.
fn path_of(org: OrgId, name: &str) -> Path {
    std::iter::once(org.to_string()).chain(name.split('/').map(str::to_owned)).collect()
}
