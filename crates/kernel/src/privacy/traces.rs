//! Under which ids something of a person is kept, and how they are recognised in a text.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{ChannelId, ContactId, ConversationId, LeadId, MessageId};
use crate::vault::OrgVault;

/// A person outside, as the rooms know them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// The contact that was asked about.
    pub contact: Option<ContactId>,
    /// It and whoever was merged with it.
    pub contacts: BTreeSet<ContactId>,
    /// Their threads.
    pub conversations: BTreeSet<ConversationId>,
    /// Their possible sales.
    pub leads: BTreeSet<LeadId>,
    /// Their messages and ours to them.
    #[serde(skip)]
    pub messages: BTreeSet<MessageId>,
    /// Their ids at the platforms, and the marks of them. Personal: never stored with the request.
    #[serde(skip)]
    pub handles: BTreeSet<(ChannelId, String)>,
}

impl Traces {
    /// A contact of whom nothing else is known yet.
    pub fn of(contact: ContactId) -> Self {
        Self { contact: Some(contact), contacts: BTreeSet::from([contact]), ..Self::default() }
    }

    /// Adds everything of another person.
    pub fn add(&mut self, other: Self) {
        self.contacts.extend(other.contacts);
        self.conversations.extend(other.conversations);
        self.leads.extend(other.leads);
        self.messages.extend(other.messages);
        self.handles.extend(other.handles);
    }

    /// Adds an id of theirs at a platform from a row that holds it: as it is, opened, and its mark.
    pub fn add_handle(&mut self, vault: &OrgVault, channel: ChannelId, kept: String, sealed: Option<&[u8]>) {
        if let Some(id) = vault.open_id(channel, &kept, sealed) {
            self.handles.insert((channel, vault.mark(&id)));
            self.handles.insert((channel, id));
        }
        self.handles.insert((channel, kept));
    }

    /// The contacts as the database holds them.
    pub fn contact_ids(&self) -> Vec<Uuid> {
        self.contacts.iter().map(|id| id.uuid()).collect()
    }

    /// The threads as the database holds them.
    pub fn conversation_ids(&self) -> Vec<Uuid> {
        self.conversations.iter().map(|id| id.uuid()).collect()
    }

    /// The leads as the database holds them.
    pub fn lead_ids(&self) -> Vec<Uuid> {
        self.leads.iter().map(|id| id.uuid()).collect()
    }

    /// The subjects of facts about the person.
    pub fn subjects(&self) -> Vec<Uuid> {
        [self.contact_ids(), self.conversation_ids(), self.lead_ids()].concat()
    }
}

/// The ids of a person, to be recognised in texts that are not made of columns: payloads, raw deliveries, kept answers.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    ids: HashSet<String>,
    handles: Vec<String>,
}

impl Marks {
    /// The marks of a person.
    pub fn of(traces: &Traces) -> Self {
        let mut ids = HashSet::new();
        let mut add = |text: String, uuid: Uuid| {
            ids.insert(text);
            ids.insert(uuid.to_string());
        };
        traces.contacts.iter().for_each(|id| add(id.to_string(), id.uuid()));
        traces.conversations.iter().for_each(|id| add(id.to_string(), id.uuid()));
        traces.leads.iter().for_each(|id| add(id.to_string(), id.uuid()));
        traces.messages.iter().for_each(|id| add(id.to_string(), id.uuid()));
        let handles: BTreeSet<&String> = traces.handles.iter().map(|(_, id)| id).collect();
        Self { ids, handles: handles.into_iter().cloned().collect() }
    }

    /// Whether a text names one of them. An id counts only as a whole word: one number inside a longer one is another number.
    pub fn are_in(&self, text: &str) -> bool {
        let words = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
        text.split(words).any(|word| self.ids.contains(word))
            || self.handles.iter().any(|handle| has_word(text, handle))
    }
}

/// Whether a word stands in a text with no letter or digit beside it.
fn has_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn ids_and_handles_are_known_as_whole_words_only() {
        let clock = Clock::system();
        let (contact, other) = (ContactId::new(&clock), ContactId::new(&clock));
        let channel = ChannelId::new(&clock);
        let mut traces = Traces::of(contact);
        traces.handles.insert((channel, "7800012".to_owned()));
        traces.handles.insert((channel, "US.77#x".to_owned()));
        let marks = Marks::of(&traces);
        assert!(marks.are_in(&format!(r#"{{"contact":"{contact}"}}"#)));
        assert!(marks.are_in(&format!("{}", contact.uuid())));
        assert!(!marks.are_in(&format!(r#"{{"contact":"{other}"}}"#)));
        assert!(marks.are_in(&format!("{channel}:7800012")));
        assert!(marks.are_in("+7800012"));
        assert!(!marks.are_in("chan:17800012") && !marks.are_in("chan:78000123"), "a part of another number");
        assert!(marks.are_in("from US.77#x."));
        assert!(!marks.are_in("nothing of them"));
    }

    #[test]
    fn what_is_kept_of_a_request_holds_no_platform_id() {
        let clock = Clock::system();
        let mut traces = Traces::of(ContactId::new(&clock));
        traces.handles.insert((ChannelId::new(&clock), "15550100199".to_owned()));
        let kept = serde_json::to_string(&traces).expect("traces serialise");
        assert!(!kept.contains("15550100199"), "{kept}");
    }
}
