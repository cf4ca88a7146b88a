//! The object store: pictures and archives, by name. A folder under the data directory, or a bucket that speaks S3 where several
//! machines share it.
//!
//! Names begin with the organisation's id, so that what an organisation keeps can be removed with it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};

use crate::config::Config;
use crate::ids::OrgId;

/// The store of one process. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// The store as configured.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let given = &config.objects;
        let store: Arc<dyn ObjectStore> = if let Some(bucket) = &given.bucket {
            let mut builder = AmazonS3Builder::new()
                .with_bucket_name(bucket)
                .with_region(&given.region)
                .with_access_key_id(&given.access_key_id)
                .with_secret_access_key(given.secret_access_key.reveal());
            if let Some(endpoint) = &given.endpoint {
                builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
            }
            Arc::new(builder.build()?)
        } else {
            let folder = config.data_dir.0.join("objects");
            std::fs::create_dir_all(&folder)?;
            Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true))
        };
        Ok(Self { store })
    }

    /// Keeps bytes under a name of the organisation; what was there before is replaced.
    pub async fn put(&self, org: OrgId, name: &str, bytes: Bytes) -> anyhow::Result<()> {
        self.store.put(&place(org, name), bytes.into()).await?;
        Ok(())
    }

    /// The bytes under a name, or none.
    pub async fn get(&self, org: OrgId, name: &str) -> anyhow::Result<Option<Bytes>> {
        match self.store.get(&place(org, name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is under a name; nothing there is no error.
    pub async fn delete(&self, org: OrgId, name: &str) -> anyhow::Result<()> {
        match self.store.delete(&place(org, name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes everything of an organisation; how many there were.
    pub async fn delete_all(&self, org: OrgId) -> anyhow::Result<usize> {
        let found = self.store.list(Some(&Path::from(org.to_string()))).map_ok(|meta| meta.location).boxed();
        let gone: Vec<Path> = self.store.delete_stream(found).try_collect().await?;
        Ok(gone.len())
    }
}

/// Dots and slashes of a name that would lead elsewhere are encoded by the path's own rules.
fn place(org: OrgId, name: &str) -> Path {
    std::iter::once(org.to_string()).chain(name.split('/').map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[tokio::test]
    async fn what_is_put_is_there_until_it_is_deleted_and_no_name_leads_out_of_the_organisation() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.data_dir.0 = folder.path().to_owned();
        let objects = Objects::open(&config).expect("a store");
        let (ours, theirs) = (OrgId::new(&Clock::system()), OrgId::new(&Clock::system()));
        objects.put(ours, "site/a.webp", Bytes::from_static(b"one")).await.expect("kept");
        objects.put(theirs, "site/a.webp", Bytes::from_static(b"two")).await.expect("kept");
        let read = objects.get(ours, "site/a.webp").await.expect("read");
        assert_eq!(read.as_deref(), Some(&b"one"[..]));
        let climbing = format!("../{theirs}/site/a.webp");
        assert_eq!(objects.get(ours, &climbing).await.expect("no error"), None);
        assert_eq!(objects.delete_all(ours).await.expect("removed"), 1);
        assert_eq!(objects.get(ours, "site/a.webp").await.expect("read"), None);
        assert!(objects.get(theirs, "site/a.webp").await.expect("read").is_some());
        objects.delete(ours, "site/a.webp").await.expect("nothing to remove is no error");
    }
}
