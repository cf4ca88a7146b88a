//! A kept delivery: sealed as it came, with the marks of whom it is about, by which an erasure finds it unopened.

use connectors::channel::{Item, Kind};
use kernel::db::system::SHARDS;
use kernel::ids::ChannelId;
use kernel::vault::{OrgVault, VaultError, normalised};

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

/// The marks of whom an event is about, each once, with blanks between them; empty for an event of the account itself, or one that
/// we cannot read.
pub(crate) fn people(vault: &OrgVault, item: &Item) -> String {
    if !item.sender_key.is_empty() && is_about_sender_alone(item) {
        return vault.mark(&item.sender_key);
    }
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
    marks.join(" ")
}

/// Whether an event names nobody but its sender, and by one id: nearly all do.
fn is_about_sender_alone(item: &Item) -> bool {
    let by_one_id = item
        .contact
        .as_ref()
        .is_none_or(|contact| contact.id == item.sender_key && contact.also.is_empty() && contact.phone.is_none());
    by_one_id && !matches!(item.kind, Kind::IdentityChanged { .. })
}

/// Orders the events of one person on one account, without naming them.
pub(crate) fn thread(vault: &OrgVault, channel: ChannelId, item: &Item) -> String {
    let who = if item.sender_key.is_empty() { String::new() } else { vault.mark(&item.sender_key) };
    format!("{channel}:{who}")
}

/// Which of the organisation's queues an event goes to.
pub(super) fn shard(channel: ChannelId, item: &Item) -> u8 {
    shard_of(channel, &item.sender_key)
}

/// FNV-1a with its bits mixed at the end. No key and nothing of the machine is in it, and it stays as it is: what comes from
/// somebody must queue behind what waits of them.
fn shard_of(channel: ChannelId, sender: &str) -> u8 {
    let sender = normalised(sender);
    let bytes = channel.uuid().into_bytes().into_iter().chain(sender.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed >> 32) % u64::from(SHARDS)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> ChannelId {
        ChannelId::from_uuid(uuid::Uuid::from_u128(0x0190_a6c8_d1e2_7f3a_8b4c_5d6e_7f80_9102))
    }

    #[test]
    fn the_queue_of_a_sender_stays() {
        let known = [("", 1), ("7812345678901234", 1), ("15550100199", 1), ("asha@example.com", 0), ("US.12", 0)];
        assert_eq!(SHARDS, 4, "another number of queues parts those who wait from those who come");
        for (sender, shard) in known {
            assert_eq!(shard_of(account(), sender), shard, "{sender}");
        }
    }

    #[test]
    fn ids_with_one_mark_have_one_queue() {
        for written in ["+15550100199", " +1 (555) 010-0199"] {
            assert_eq!(shard_of(account(), written), shard_of(account(), "15550100199"), "{written}");
        }
        assert_eq!(shard_of(account(), "Asha@Example.com"), shard_of(account(), "asha@example.com"));
    }

    #[test]
    fn people_are_spread_over_all_queues() {
        let mut counts = vec![0; usize::from(SHARDS)];
        for number in 0..1_000 {
            counts[usize::from(shard_of(account(), &format!("78{number:014}")))] += 1;
        }
        assert!(counts.iter().all(|count| (150..350).contains(count)), "{counts:?}");
    }
}
