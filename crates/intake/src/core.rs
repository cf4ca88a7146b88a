//! What the room's jobs, routes and pages share.

use kernel::Kernel;

/// The room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
}

impl Core {
    /// The room over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}
