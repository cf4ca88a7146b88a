//! What the room's jobs, routes and pages share.

use std::path::PathBuf;
use std::sync::Arc;

use connectors::google::push::Keys;
use kernel::Kernel;
use kernel::ids::OrgId;
use kernel::live::LiveMessage;
use serde_json::json;

use crate::landing::Landing;

/// The room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
    /// Who keeps signals.
    pub landing: Arc<dyn Landing>,
    /// Held while tokens are renewed.
    pub(crate) renewals: Arc<tokio::sync::Mutex<()>>,
    /// What pushes of Google are signed with.
    pub(crate) google_keys: Arc<Keys>,
}

impl Core {
    /// The room over a kernel.
    pub fn new(kernel: Kernel, landing: Arc<dyn Landing>) -> Self {
        Self { kernel, landing, renewals: Arc::default(), google_keys: Arc::default() }
    }

    /// The folder of an organisation's files that wait to be read.
    pub(crate) fn folder(&self, org: OrgId) -> PathBuf {
        folder(&self.kernel, org)
    }

    /// Tells the open pages that a run moved on.
    pub(crate) fn announce(&self, org: OrgId, run: impl std::fmt::Display) {
        let data = Arc::new(json!({ "run": run.to_string() }));
        self.kernel.live.publish_everywhere(LiveMessage { org, kind: "intake.progress".to_owned(), id: None, data });
    }
}

/// Where files wait to be read.
pub(crate) fn folder(kernel: &Kernel, org: OrgId) -> PathBuf {
    kernel.config.data_dir.0.join("intake").join(org.to_string())
}

/// The longest reason that is kept.
const LONGEST_REASON: usize = 2_000;

/// A reason as it can be stored: some of it may be what the outside sent, and a text column holds no NUL.
pub(crate) fn storable(reason: &str) -> String {
    reason.chars().take(LONGEST_REASON).map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
