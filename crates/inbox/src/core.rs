//! What the inbox's jobs, routes and pages share.

use std::sync::Arc;

use ai::local::{Embedder, Local};
use kernel::Kernel;

use crate::brain::Brain;
use crate::contacts::ContactBook;
use crate::receiving::Routes;
use crate::sending::Platforms;
use crate::webchat::WebchatDoor;

/// The inbox's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
    /// The leads room's contacts.
    pub contacts: Arc<dyn ContactBook>,
    /// Models, knowledge and settings.
    pub brain: Brain,
    /// The platforms' send calls.
    pub platforms: Platforms,
    /// Which organisation an account belongs to.
    pub routes: Routes,
}

impl Core {
    /// The inbox over a kernel. The embedder is the local encoder, where its files are there.
    pub fn new(kernel: Kernel, contacts: Arc<dyn ContactBook>, embedder: Option<Arc<dyn Embedder>>) -> Self {
        let local = match &embedder {
            Some(embedder) => Local::with_embedder(Arc::clone(embedder)),
            None => Local::new(),
        };
        let brain = Brain::new(kernel.clone(), local, embedder);
        let platforms = Platforms::new(&kernel);
        let routes = Routes::new(kernel.db.clone());
        Self { kernel, contacts, brain, platforms, routes }
    }

    /// With the way to the visitors of the organisations' own sites.
    #[must_use]
    pub fn with_webchat(mut self, door: Arc<dyn WebchatDoor>) -> Self {
        self.platforms = self.platforms.with_webchat(door);
        self
    }
}
