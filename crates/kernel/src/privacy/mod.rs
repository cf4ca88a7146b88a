//! What every room owes a person outside: to show, to hide and to forget all it keeps of them.
//!
//! A contact's data is spread over rooms that do not import each other. Each room that keeps some implements [`Holder`]; the
//! binary gathers them; the identity room runs the requests. Rules a newcomer would break: a new tenant table is on one side of
//! the map in `docs/privacy.md` (a test reads both); hiding and restoring are exact opposites; `erase` runs again safely.

mod find;
mod machine;
mod sheets;
mod traces;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use find::{Hit, Opener, Probe, find};
pub use machine::Machine;
pub use sheets::Sheet;
pub use traces::{Marks, Traces};

use crate::Kernel;
use crate::db::{OrgTx, system};
use crate::ids::ContactId;

/// Rows of one kind that are sealed in one transaction.
const SEALED_AT_ONCE: i64 = 500;

/// How many rows of a table were removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The table, or another place such as `archive`.
    pub place: String,
    /// How many.
    pub rows: u64,
}

impl Removed {
    /// A count of one place.
    pub fn new(place: impl Into<String>, rows: u64) -> Self {
        Self { place: place.into(), rows }
    }
}

/// What an outside system was asked to forget, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Its name.
    pub system: String,
    /// `waiting`, `done`, `failed` or `not_connected`.
    pub outcome: String,
    /// How many records.
    pub records: i32,
}

/// What may be removed because it is old.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// Conversations whose last message is older.
    pub conversations: DateTime<Utc>,
    /// What models and local stages said.
    pub ai: DateTime<Utc>,
    /// Raw deliveries.
    pub receipts: DateTime<Utc>,
    /// Everything that must stay, of contacts with a legal hold.
    pub held: Traces,
    /// The most rows of one kind in one transaction.
    pub most: i64,
}

/// A room that keeps something of contacts.
#[async_trait]
pub trait Holder: Send + Sync + 'static {
    /// Its name on certificates.
    fn name(&self) -> &'static str;

    /// Whether it knows the contact: true for the room that owns contacts.
    async fn knows(&self, _tx: &mut OrgTx, _contact: ContactId) -> anyhow::Result<bool> {
        Ok(false)
    }

    /// The names to show; a contact that is hidden or erased is missing.
    async fn names(&self, _tx: &mut OrgTx, _contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(HashMap::new())
    }

    /// Adds the ids under which it keeps something of the person. Holders are asked in their order, each with what the ones
    /// before it found.
    async fn gather(&self, tx: &mut OrgTx, traces: &mut Traces) -> anyhow::Result<()>;

    /// Hides everything of the person, at once. Caches are emptied: they come back by themselves.
    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()>;

    /// Shows again what was hidden.
    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()>;

    /// What it keeps, for the person to read.
    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>>;

    /// Removes everything of the person, for good. `erasure` is the request it is done for.
    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, erasure: Uuid) -> anyhow::Result<Vec<Removed>>;

    /// What outside systems were asked to forget for an erasure.
    async fn outside(&self, _tx: &mut OrgTx, _erasure: Uuid) -> anyhow::Result<Vec<Outside>> {
        Ok(Vec::new())
    }

    /// Removes what is older than it may be, in one batch; says how much.
    async fn expire(&self, _tx: &mut OrgTx, _expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        Ok(Vec::new())
    }

    /// Seals one batch of what a former version kept in the open; says how many rows, none when there are no more. The
    /// transaction sees what is hidden.
    async fn seal(&self, _tx: &mut OrgTx, _most: i64) -> anyhow::Result<u64> {
        Ok(0)
    }

    /// How its sealed columns are read, for looking.
    fn openers(&self) -> Vec<Opener> {
        Vec::new()
    }
}

/// Every holder, in the order in which they are asked.
#[derive(Clone, Default)]
pub struct Holders(Arc<Vec<Arc<dyn Holder>>>);

impl Holders {
    /// The holders of a process. Who knows the contact comes first.
    pub fn new(all: Vec<Arc<dyn Holder>>) -> Self {
        Self(Arc::new(all))
    }

    /// Each holder.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Holder>> {
        self.0.iter()
    }

    /// Whether a room knows the contact, as far as the transaction sees.
    pub async fn know(&self, tx: &mut OrgTx, contact: ContactId) -> anyhow::Result<bool> {
        for holder in self.iter() {
            if holder.knows(tx, contact).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The names to show of contacts that are neither hidden nor erased.
    pub async fn names(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        let mut all = HashMap::new();
        for holder in self.iter() {
            all.extend(holder.names(tx, contacts).await?);
        }
        Ok(all)
    }

    /// Everything under which something of a contact is kept. The transaction must see what is hidden.
    pub async fn gather(&self, tx: &mut OrgTx, contact: ContactId) -> anyhow::Result<Traces> {
        let mut traces = Traces::of(contact);
        for holder in self.iter() {
            holder.gather(tx, &mut traces).await?;
        }
        Ok(traces)
    }

    /// Seals what a former version kept in the open, in every organisation that was not looked through yet; says how many
    /// rows. It goes on where it was stopped.
    pub async fn seal(&self, kernel: &Kernel) -> anyhow::Result<u64> {
        let mut all = 0;
        for org in system::unsealed_organisations(&kernel.db).await? {
            for holder in self.iter() {
                loop {
                    let mut tx = kernel.db.begin(org).await?;
                    tx.see_hidden().await?;
                    let done = holder.seal(&mut tx, SEALED_AT_ONCE).await?;
                    tx.commit().await?;
                    all += done;
                    if done == 0 {
                        break;
                    }
                }
            }
            system::organisation_sealed(&kernel.db, org, kernel.clock.now()).await?;
        }
        Ok(all)
    }

    /// How every sealed column is read.
    pub fn openers(&self) -> Vec<Opener> {
        self.iter().flat_map(|holder| holder.openers()).collect()
    }
}
