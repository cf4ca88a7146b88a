//! What the room's jobs, routes and pages share.

use std::sync::Arc;

use kernel::Kernel;
use kernel::mail::Postman;

use crate::figures::Figures;

/// The room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
    /// Who keeps the figures.
    pub figures: Arc<dyn Figures>,
    postman: Arc<Postman>,
}

impl Core {
    /// The room over a kernel and whoever keeps the figures.
    pub fn new(kernel: Kernel, figures: Arc<dyn Figures>) -> Self {
        let postman = Arc::new(Postman::new(&kernel));
        Self { kernel, figures, postman }
    }

    pub(crate) fn postman(&self) -> &Postman {
        &self.postman
    }
}
