//! What the inbox does by the clock. Each looks at the whole state, mends what it finds, and may run twice without harm.

mod snoozes;
mod spending;
mod tokens;

use std::sync::Arc;

use kernel::schedule::Reconciler;

use crate::core::Core;

/// The inbox's periodic work.
pub fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![
        Arc::new(tokens::Tokens(core.clone())),
        Arc::new(snoozes::Snoozes(core.kernel.clone())),
        Arc::new(spending::Spending(core.kernel.clone())),
    ]
}
