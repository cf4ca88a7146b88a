//! People's ids at platforms, as rows may hold them.
//!
//! On some channels such an id is personal by itself: a phone number, an address. There a row holds its mark, by which every
//! delivery is matched, and beside it the id sealed, which is opened where the platform is called. Elsewhere an id says nothing
//! outside the connected account and is kept as it is. Queue keys and lists of whom a delivery is about hold marks on every
//! channel.

use std::borrow::Cow;

use super::{OrgVault, VaultError};
use crate::channel::ChannelKind;
use crate::ids::ChannelId;

/// What marks begin with; no platform's ids do.
const SIGN: char = '~';

impl OrgVault {
    /// The mark of a person's id: a keyed fingerprint as a word, equal for equal ids however a number is written.
    pub fn mark(&self, id: &str) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let index = self.blind_index("platform_id", &normalised(id));
        let mut mark = String::with_capacity(1 + 2 * index.len());
        mark.push(SIGN);
        for byte in index {
            mark.push(char::from(DIGITS[usize::from(byte >> 4)]));
            mark.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        mark
    }

    /// The id as a row of a channel of this kind holds it.
    pub fn kept_id(&self, kind: ChannelKind, id: &str) -> String {
        if kind.ids_are_personal() { self.mark(id) } else { id.to_owned() }
    }

    /// The id sealed, to stand beside its mark; none where it is kept as it is.
    pub fn seal_id(&self, kind: ChannelKind, channel: ChannelId, id: &str) -> Result<Option<Vec<u8>>, VaultError> {
        kind.ids_are_personal().then(|| self.seal_text(&place(channel, &self.mark(id)), id)).transpose()
    }

    /// The id behind what a row holds; none when it does not open any more.
    pub fn open_id(&self, channel: ChannelId, kept: &str, sealed: Option<&[u8]>) -> Option<String> {
        match sealed {
            Some(sealed) => self.open_text(&place(channel, kept), sealed).ok(),
            None => Some(kept.to_owned()),
        }
    }
}

/// Bound to the account and the mark, not to a row: an id goes with its person through merges and hiding.
fn place(channel: ChannelId, kept: &str) -> String {
    format!("ids/{channel}/{kept}")
}

/// The form in which equal ids are equal: a number is its digits, an address is in lower case. What has one form has one mark.
pub fn normalised(id: &str) -> Cow<'_, str> {
    let id = id.trim();
    if id.bytes().all(|byte| byte.is_ascii_digit()) {
        return id.into();
    }
    let is_number = id.chars().all(|c| c.is_ascii_digit() || "+-() ./".contains(c));
    if is_number && id.contains(|c: char| c.is_ascii_digit()) {
        id.chars().filter(char::is_ascii_digit).collect()
    } else if id.contains('@') {
        id.to_lowercase().into()
    } else {
        id.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_id_however_it_is_written() {
        for written in ["15550100199", "+15550100199", " +1 (555) 010-0199"] {
            assert_eq!(normalised(written), "15550100199");
        }
        assert_eq!(normalised("Asha@Example.com"), "asha@example.com");
        assert_eq!(normalised("US.15550100199"), "US.15550100199");
        assert_eq!(normalised(""), "");
    }
}
