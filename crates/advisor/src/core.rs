//! What the room's routes and pages share.

use std::sync::Arc;

use ai::gateway::Gateway;
use ai::local::Embedder;
use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::MemberId;
use kernel::ledger::Actor;

use crate::tool::Toolbox;

/// Turns advice into a task of a person: answered by the room that keeps tasks.
#[async_trait]
pub trait Tasks: Send + Sync + 'static {
    /// Makes a task in the caller's transaction; gives the page where it is.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn make(
        &self,
        tx: &mut OrgTx,
        by: Actor,
        assignee: Option<MemberId>,
        title: &str,
        body: &str,
    ) -> anyhow::Result<String>;
}

/// The room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
    /// The models, where there are any.
    pub(crate) gateway: Gateway,
    /// What can be looked up.
    pub(crate) toolbox: Toolbox,
    /// Who makes tasks.
    pub(crate) tasks: Arc<dyn Tasks>,
}

impl Core {
    /// The room over a kernel.
    pub fn new(kernel: Kernel, embedder: Option<Arc<dyn Embedder>>, toolbox: Toolbox, tasks: Arc<dyn Tasks>) -> Self {
        let gateway = Gateway::new(&kernel, embedder);
        Self { kernel, gateway, toolbox, tasks }
    }
}
