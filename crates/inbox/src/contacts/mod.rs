//! What the inbox needs to know of contacts. The leads room owns them; it answers through [`ContactBook`], wired in the binary.

mod consent;
mod merges;
mod profile;

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId};
use kernel::ledger::Tag;

pub use consent::ConsentMarks;
pub use merges::ContactMerges;
pub use profile::LearnProfile;
pub(crate) use profile::ProfileJob;

/// A person as a platform names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The connected account they wrote to: platform ids are scoped to it.
    pub channel: ChannelId,
    /// Its kind.
    pub kind: ChannelKind,
    /// The id to key on.
    pub platform_id: String,
    /// Further ids of the same person on the same account.
    pub also: Vec<String>,
    /// E.164 with `+`, where the platform gave one.
    pub phone: Option<String>,
    /// The name they show.
    pub name: Option<String>,
    /// Their handle.
    pub username: Option<String>,
}

/// Whom a person turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The contact (after merges).
    pub contact: ContactId,
    /// Whether it was made just now.
    pub created: bool,
}

/// What a list or thread shows of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCard {
    /// The contact.
    pub id: ContactId,
    /// Their name, or a word for a person without one, such as `WhatsApp contact 4f2a`.
    pub name: String,
    /// Whether the name is their own.
    pub is_named: bool,
    /// Their handle on the channel they used last.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// The lead's tag, when there is a lead.
    pub tag: Option<Tag>,
    /// The lead's score of 0 to 100.
    pub score: Option<i32>,
}

/// The contacts of an organisation, kept by the leads room.
#[async_trait]
pub trait ContactBook: Send + Sync + 'static {
    /// Finds or makes the contact of each person, in order, appending `ContactCreated` for new ones. Learns a name, handle
    /// or phone it did not have. Two persons of one call may be the same contact.
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>>;

    /// The cards of contacts; one that was erased is missing.
    async fn cards(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>>;

    /// Contacts whose name, handle, e-mail or phone is the query, at most `limit`.
    async fn find(&self, tx: &mut OrgTx, query: &str, limit: i64) -> anyhow::Result<Vec<ContactId>>;
}
