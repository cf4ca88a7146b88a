//! What the room's jobs, routes and pages share.

use connectors::hubspot::HubSpot;
use kernel::Kernel;

/// The leads room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    /// The kernel.
    pub kernel: Kernel,
    /// HubSpot as configured.
    pub hubspot: HubSpot,
}

impl Core {
    /// The room over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        let hubspot = HubSpot::new(kernel.http.clone(), &kernel.config.connectors.hubspot.base_url);
        Self { kernel, hubspot }
    }
}
