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

    /// The email addresses and telephone numbers of contacts, in the open: they are turned into keyed digests at once, by which
    /// signals of other systems find the contact. None by default.
    async fn addresses(
        &self,
        _tx: &mut OrgTx,
        _contacts: &[ContactId],
    ) -> anyhow::Result<HashMap<ContactId, Vec<String>>> {
        Ok(HashMap::new())
    }
}
