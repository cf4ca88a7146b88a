//! A kept delivery: sealed as it came, with the marks of whom it is about, by which an erasure finds it unopened.

use connectors::channel::{Item, Kind};
use kernel::ids::ChannelId;
use kernel::vault::{OrgVault, VaultError};

/// Seals an event for the account it came to.
pub(super) fn seal(vault: &OrgVault, channel: ChannelId, item: &Item) -> Result<Vec<u8>, VaultError> {
    seal_body(vault, channel, &item.event_key, item.raw.get())
}

/// Seals the text of an event.
pub(crate) fn seal_body(
    vault: &OrgVault,
    channel: ChannelId,
    event_key: &str,
    body: &str,
) -> Result<Vec<u8>, VaultError> {
    vault.seal_text(&place(channel, event_key), body)
}

/// Opens it again.
pub(crate) fn open(vault: &OrgVault, channel: ChannelId, event_key: &str, sealed: &[u8]) -> Result<String, VaultError> {
    vault.open_text(&place(channel, event_key), sealed)
}

/// The account and the key tell a delivery from every other one: what its seal is bound to.
fn place(channel: ChannelId, event_key: &str) -> String {
    format!("receipts/{channel}/{event_key}")
}

/// The marks of whom an event is about, each once; none for an event of the account itself, or one that we cannot read.
pub(crate) fn people(vault: &OrgVault, item: &Item) -> Vec<String> {
    let mut ids = vec![item.sender_key.as_str()];
    if let Some(contact) = &item.contact {
        ids.push(&contact.id);
        ids.extend(contact.also.iter().map(String::as_str));
        ids.extend(contact.phone.as_deref());
    }
    if let Kind::IdentityChanged { new_id, .. } = &item.kind {
        ids.push(new_id);
    }
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    ids.dedup();
    let mut marks: Vec<String> = ids.into_iter().map(|id| vault.mark(id)).collect();
    // A number may come with and without its plus.
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// Orders the events of one person on one account, without naming them.
pub(super) fn order_key(vault: &OrgVault, channel: ChannelId, item: &Item) -> String {
    let who = if item.sender_key.is_empty() { String::new() } else { vault.mark(&item.sender_key) };
    format!("{channel}:{who}")
}
