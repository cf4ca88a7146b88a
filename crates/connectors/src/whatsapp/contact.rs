//! Who a WhatsApp item is about. The business-scoped user id (`user_id`, such as `US.123`) is the lasting key; the
//! phone number (`wa_id`) may be absent, and `from` may hold either.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::channel::Identity;
use crate::wire::{self, id, name, text};

/// The `contacts` of a change.
pub(super) struct Contacts<'a> {
    all: Vec<(Value, &'a RawValue)>,
}

impl<'a> Contacts<'a> {
    pub(super) fn new(raw: &[&'a RawValue]) -> Self {
        Self { all: raw.iter().filter_map(|raw| Some((wire::read(raw.get())?, *raw))).collect() }
    }

    /// The person behind `from` (and `from_user_id`), and the text of their contact entry.
    pub(super) fn sender(&self, from: &Value, from_user_id: &Value) -> (Option<Identity>, Option<String>) {
        let (from, user) = (id(from), id(from_user_id));
        let entry = self.matching(from.as_deref(), user.as_deref());
        let contact = entry.map(|(contact, _)| contact);
        let user_id = user.or_else(|| contact.and_then(|c| text(&c["user_id"])));
        let wa_id = contact.and_then(|c| id(&c["wa_id"]));
        let number = [wa_id, from.clone()].into_iter().flatten().find(|id| is_number(id));
        let Some(key) = user_id.or_else(|| number.clone()).or(from) else { return (None, None) };
        let parent = contact.and_then(|c| text(&c["parent_user_id"]));
        let also = [number.clone(), parent].into_iter().flatten().filter(|other| *other != key).collect();
        let profile = contact.map_or(&Value::Null, |c| &c["profile"]);
        let identity = Identity {
            id: key,
            also,
            phone: number.map(|digits| format!("+{digits}")),
            name: name(&profile["name"]),
            username: name(&profile["username"]),
        };
        (Some(identity), entry.map(|(_, raw)| raw.get().to_owned()))
    }

    fn matching(&self, from: Option<&str>, user: Option<&str>) -> Option<&(Value, &'a RawValue)> {
        let names = |contact: &Value, field: &str, wanted: Option<&str>| {
            wanted.is_some() && id(&contact[field]).as_deref() == wanted
        };
        let found = self.all.iter().find(|(contact, _)| {
            names(contact, "user_id", user) || names(contact, "wa_id", from) || names(contact, "user_id", from)
        });
        // A single contact is the sender, unless it names somebody else.
        found.or_else(|| match self.all.as_slice() {
            [only] if from.is_none() && user.is_none() => Some(only),
            [only] if id(&only.0["wa_id"]).is_none() => Some(only),
            _ => None,
        })
    }
}

/// True for an id that is a phone number in digits.
fn is_number(id: &str) -> bool {
    (5..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}
