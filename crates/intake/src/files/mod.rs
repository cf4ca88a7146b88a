//! Files of tables: taken in as a stream, looked at, asked about, and read into signals by a run.
//!
//! A file is never in memory: it lies in the data directory until it was read, or a week. Rules a newcomer would break: the
//! name a file was given is shown and never used as a path; a batch that landed is a row of its own, so that reading goes on
//! behind the first batch that is missing, however it ended.

pub(crate) mod api;
pub(crate) mod import;
pub(crate) mod look;
pub(crate) mod reader;
pub(crate) mod start;
pub(crate) mod store;
pub(crate) mod unpack;
pub(crate) mod upload;

use std::path::{Path, PathBuf};

use kernel::ids::{OrgId, UploadId};

use crate::core::Core;

/// Where a file lies as it came.
pub(crate) fn path_of(core: &Core, org: OrgId, id: UploadId) -> PathBuf {
    core.folder(org).join(format!("{id}.file"))
}

/// Where its text lies once it was unpacked, where it came packed or not in UTF-8.
pub(crate) fn text_of(core: &Core, org: OrgId, id: UploadId) -> PathBuf {
    core.folder(org).join(format!("{id}.text"))
}

/// Removes what lies on the disk of a file; one that is gone already is gone.
pub(crate) async fn forget(core: &Core, org: OrgId, id: UploadId) {
    forget_in(&core.folder(org), id).await;
}

/// The same in a folder.
pub(crate) async fn forget_in(folder: &Path, id: UploadId) {
    for name in [format!("{id}.file"), format!("{id}.text")] {
        if let Err(error) = tokio::fs::remove_file(folder.join(name)).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(upload.id = %id, error = %error, "a file that was read could not be removed; the sweep tries again");
        }
    }
}
