//! What this room asks of whoever keeps contacts.

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::ContactId;

/// Names contacts.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// The names to show; a contact that was erased is missing.
    async fn names(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>>;
}
