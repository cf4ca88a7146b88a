//! The ids that are derived: of a signal from where it comes, of a contact and a lead from what the outside calls them.

use kernel::ids::{ContactId, LeadId};
use kernel::vault::OrgVault;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

/// The id of a signal: 128 bits of SHA-256 over source and external id.
pub fn signal_id(source: &str, external_id: &str) -> Uuid {
    let mut bytes = Vec::with_capacity(source.len() + external_id.len() + 1);
    bytes.extend_from_slice(source.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(external_id.as_bytes());
    first_half(digest(&SHA256, &bytes).as_ref())
}

/// A contact as a source names it: one of ours as it is, anybody else as a keyed digest of the normalised address, number or key.
pub fn contact_id(vault: &OrgVault, named: &str) -> Uuid {
    match named.parse::<ContactId>() {
        Ok(id) => id.uuid(),
        Err(_) => first_half(&vault.blind_index("signals.contact", &normalised(named))),
    }
}

/// A lead as a source names it: one of ours as it is, any other as a keyed digest of the key. The source is left out, so that two
/// sources that use one key speak of one lead.
pub fn lead_id(vault: &OrgVault, named: &str) -> Uuid {
    match named.parse::<LeadId>() {
        Ok(id) => id.uuid(),
        Err(_) => first_half(&vault.blind_index("signals.lead", named.trim())),
    }
}

/// The form in which equal people are equal, with the kind of name before it.
fn normalised(named: &str) -> String {
    let named = named.trim();
    if named.contains('@') {
        return format!("mail:{}", named.to_lowercase());
    }
    let decoration = |c: char| matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | ' ');
    let digits: String = named.chars().filter(char::is_ascii_digit).collect();
    if digits.len() >= 7 && named.chars().all(|c| c.is_ascii_digit() || decoration(c)) {
        // 00 before a number is the + of people who have none.
        return format!("tel:{}", digits.strip_prefix("00").unwrap_or(&digits));
    }
    format!("key:{named}")
}

fn first_half(bytes: &[u8]) -> Uuid {
    let mut half = [0; 16];
    for (into, from) in half.iter_mut().zip(bytes) {
        *into = *from;
    }
    Uuid::from_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_people_are_equal_whatever_the_spelling() {
        assert_eq!(normalised(" Asha@Example.com"), normalised("asha@example.com "));
        assert_eq!(normalised("+1 (555) 010-0199"), normalised("0015550100199"));
        assert_eq!(normalised("cus_0042"), "key:cus_0042");
    }

    #[test]
    fn a_signals_id_depends_on_source_and_external_id_apart() {
        assert_ne!(signal_id("a", "bc"), signal_id("ab", "c"));
        assert_eq!(signal_id("stripe", "ch_1"), signal_id("stripe", "ch_1"));
    }
}
