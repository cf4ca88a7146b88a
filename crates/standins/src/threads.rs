//! Every message a person or a business can see, in order: what the tests read back to prove that nothing was
//! lost, doubled or reordered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::server::locked;

/// A messaging platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Facebook Messenger.
    Messenger,
    /// Instagram direct messages.
    Instagram,
    /// WhatsApp Cloud.
    WhatsApp,
    /// Direct messages on X.
    X,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person.
    Customer,
    /// The business, through the API.
    App,
    /// The business, by hand in the platform's own inbox.
    Native,
}

/// One visible message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visible {
    /// Counts from 1 over all conversations of the stand-in.
    pub number: u64,
    /// The platform's id.
    pub id: String,
    /// The platform.
    pub platform: Platform,
    /// The business's account on it.
    pub account: String,
    /// The person's id on it.
    pub person: String,
    /// Who wrote it.
    pub author: Author,
    /// The kind of content: `text`, `image`, `template`, `reaction` and so on.
    pub kind: String,
    /// The text, if it has any.
    pub text: Option<String>,
    /// The sender's own key: Messenger's metadata, WhatsApp's opaque callback data.
    pub key: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The content as it crossed the wire.
    pub content: Value,
}

#[derive(Debug, Default)]
struct Kept {
    messages: Vec<Visible>,
    by_thread: HashMap<(String, String), Vec<usize>>,
    by_id: HashMap<String, usize>,
    last_heard: HashMap<(String, String), i64>,
    written: HashMap<Author, usize>,
}

/// The conversations of one stand-in.
#[derive(Debug, Default)]
pub struct Threads {
    kept: Mutex<Kept>,
}

impl Threads {
    /// Shows a message; it gets the next number.
    pub fn show(&self, mut message: Visible) -> u64 {
        let mut kept = locked(&self.kept);
        let place = kept.messages.len();
        message.number = place as u64 + 1;
        let thread = (message.account.clone(), message.person.clone());
        if message.author == Author::Customer {
            kept.last_heard.insert(thread.clone(), message.at_ms);
        }
        *kept.written.entry(message.author).or_default() += 1;
        kept.by_thread.entry(thread).or_default().push(place);
        kept.by_id.insert(message.id.clone(), place);
        kept.messages.push(message);
        place as u64 + 1
    }

    /// All messages after the one with this number, in order.
    pub fn since(&self, number: u64) -> Vec<Visible> {
        locked(&self.kept).messages.iter().skip(number as usize).cloned().collect()
    }

    /// One conversation, in order.
    pub fn thread(&self, account: &str, person: &str) -> Vec<Visible> {
        let kept = locked(&self.kept);
        let places = kept.by_thread.get(&(account.to_owned(), person.to_owned()));
        places.into_iter().flatten().map(|&place| kept.messages[place].clone()).collect()
    }

    /// The people who have a conversation with an account.
    pub fn people(&self, account: &str) -> Vec<String> {
        let kept = locked(&self.kept);
        let mut people: Vec<String> =
            kept.by_thread.keys().filter(|(of, _)| of == account).map(|(_, person)| person.clone()).collect();
        people.sort();
        people
    }

    /// One message by its platform id.
    pub fn find(&self, id: &str) -> Option<Visible> {
        let kept = locked(&self.kept);
        kept.by_id.get(id).map(|&place| kept.messages[place].clone())
    }

    /// When the person last wrote to the account, in milliseconds.
    pub fn last_heard(&self, account: &str, person: &str) -> Option<i64> {
        locked(&self.kept).last_heard.get(&(account.to_owned(), person.to_owned())).copied()
    }

    /// Notes that the person did something that opens the window without writing.
    pub fn heard(&self, account: &str, person: &str, at_ms: i64) {
        locked(&self.kept).last_heard.insert((account.to_owned(), person.to_owned()), at_ms);
    }

    /// The sender's keys that are visible more than once, and how often.
    pub fn doubled_keys(&self) -> BTreeMap<String, u64> {
        let kept = locked(&self.kept);
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for key in kept.messages.iter().filter(|m| m.author == Author::App).filter_map(|m| m.key.as_ref()) {
            *seen.entry(key.clone()).or_default() += 1;
        }
        seen.retain(|_, times| *times > 1);
        seen
    }

    /// How many messages this author wrote.
    pub fn written_by(&self, author: Author) -> usize {
        locked(&self.kept).written.get(&author).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(person: &str, author: Author, key: Option<&str>) -> Visible {
        Visible {
            number: 0,
            id: format!("{person}-{key:?}"),
            platform: Platform::Messenger,
            account: "page".into(),
            person: person.into(),
            author,
            kind: "text".into(),
            text: None,
            key: key.map(str::to_owned),
            at_ms: 5,
            content: Value::Null,
        }
    }

    #[test]
    fn threads_are_apart_and_numbered_together() {
        let threads = Threads::default();
        threads.show(message("a", Author::Customer, None));
        threads.show(message("b", Author::Customer, None));
        threads.show(message("a", Author::App, Some("k")));
        assert_eq!(threads.thread("page", "a").iter().map(|m| m.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(threads.people("page"), ["a", "b"]);
        assert_eq!(threads.since(2).len(), 1);
        assert_eq!(threads.last_heard("page", "a"), Some(5));
    }

    #[test]
    fn only_our_own_keys_can_be_doubled() {
        let threads = Threads::default();
        for author in [Author::App, Author::App, Author::Customer] {
            threads.show(message("a", author, Some("k")));
        }
        threads.show(message("a", Author::App, Some("other")));
        assert_eq!(threads.doubled_keys(), BTreeMap::from([("k".to_owned(), 2)]));
    }
}
