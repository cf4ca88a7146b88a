//! What this room asks of whoever keeps contacts, knows the people of the organisation, and keeps their tasks.

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, UserId};
use kernel::ledger::Actor;
use uuid::Uuid;

/// A task to be made of an action.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// What to do, 1–200 characters.
    pub title: &'a str,
    /// Why, at most 2,000 characters.
    pub body: &'a str,
    /// Where it is done: a path of ours.
    pub href: &'a str,
    /// The action: while a task of it is open no second one is made.
    pub key: &'a str,
}

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

    /// The names of people of the organisation; somebody who left is missing. Nobody is known by default.
    async fn agents(&self, _tx: &mut OrgTx, _people: &[UserId]) -> anyhow::Result<HashMap<UserId, String>> {
        Ok(HashMap::new())
    }

    /// Makes a task, within the transaction; gives its id. Refused by default: then nothing is written.
    async fn make_task(&self, _tx: &mut OrgTx, _by: Actor, _task: NewTask<'_>) -> anyhow::Result<Uuid> {
        anyhow::bail!("nobody keeps tasks here; nothing was changed")
    }

    /// Takes an open task back; false where it is done or gone.
    async fn take_back_task(&self, _tx: &mut OrgTx, _task: Uuid) -> anyhow::Result<bool> {
        Ok(false)
    }
}
