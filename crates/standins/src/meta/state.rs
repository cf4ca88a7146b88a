//! What Meta remembers: tokens, accounts, people, media, and the meters.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use serde_json::Value;

use super::{GraphError, MetaConfig};
use crate::server::meter::RollingMeter;

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The person who signed in.
    User(String),
    /// A page.
    Page(String),
    /// An Instagram account that signed in by itself.
    Instagram(String),
    /// A system user of a WhatsApp business account.
    Business(String),
    /// The app itself: `app_id|app_secret`.
    App,
}

/// One token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub holder: Holder,
    /// When it ends, in milliseconds; none for tokens without an end.
    pub ends_ms: Option<i64>,
    /// Why it no longer works.
    pub revoked: Option<i64>,
    /// When it was given out.
    pub issued_ms: i64,
}

/// A page or an Instagram account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub name: String,
    pub token: String,
    /// The page's Instagram account, or the Instagram account's page.
    pub linked: Option<String>,
    pub instagram: bool,
    pub subscribed: BTreeSet<String>,
    /// The platform keeps this page from sending.
    pub restricted: bool,
}

/// A WhatsApp number.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    pub waba: String,
    pub display: String,
    pub name: String,
}

/// A WhatsApp business account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waba {
    pub subscribed: bool,
    pub templates: Vec<Value>,
}

/// Somebody who can be written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub name: Option<String>,
    pub blocked: bool,
    pub username: Option<String>,
}

/// Stored media.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub mime: String,
    pub bytes: Bytes,
}

/// An OAuth code waiting to be exchanged.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub redirect: String,
    pub ends_ms: i64,
    pub holder: Holder,
}

#[derive(Default)]
pub(crate) struct State {
    pub tokens: HashMap<String, Token>,
    pub accounts: BTreeMap<String, Account>,
    pub numbers: BTreeMap<String, Number>,
    pub wabas: BTreeMap<String, Waba>,
    pub people: HashMap<(String, String), Person>,
    pub media: HashMap<String, Media>,
    pub codes: HashMap<String, Code>,
    /// Threads that another app owns: their events arrive under `standby`.
    pub standby: HashSet<(String, String)>,
    /// Typing indicators and read marks we sent, by conversation.
    pub signals: Vec<Value>,
    /// WhatsApp says 131047 in a status webhook instead of the answer.
    pub late_window_errors: bool,
    pub meter: RollingMeter,
}

/// Every page field that a subscription may name.
pub(super) const PAGE_FIELDS: [&str; 9] = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_referrals",
    "messaging_seen",
];

impl State {
    pub(super) fn new(config: &MetaConfig) -> Self {
        let mut state = Self::default();
        for page in &config.pages {
            let linked = page.instagram.as_ref().map(|instagram| instagram.id.clone());
            state.add_account(&page.id, &page.name, &page.token, linked, false, page.subscribed);
            if let Some(instagram) = &page.instagram {
                let linked = Some(page.id.clone());
                state.add_account(&instagram.id, &instagram.username, &instagram.token, linked, true, page.subscribed);
            }
        }
        for number in &config.numbers {
            state.give_token(&number.token, Holder::Business(number.waba.clone()), None, 0);
            let waba = state.wabas.entry(number.waba.clone()).or_default();
            waba.subscribed |= number.subscribed;
            state.numbers.insert(
                number.id.clone(),
                Number { waba: number.waba.clone(), display: number.display.clone(), name: number.name.clone() },
            );
        }
        state
    }

    fn add_account(
        &mut self,
        id: &str,
        name: &str,
        token: &str,
        linked: Option<String>,
        instagram: bool,
        subscribed: bool,
    ) {
        let holder = if instagram { Holder::Instagram(id.to_owned()) } else { Holder::Page(id.to_owned()) };
        self.give_token(token, holder, None, 0);
        let subscribed =
            if subscribed { PAGE_FIELDS.iter().map(|&field| field.to_owned()).collect() } else { BTreeSet::new() };
        self.accounts.insert(
            id.to_owned(),
            Account {
                name: name.to_owned(),
                token: token.to_owned(),
                linked,
                instagram,
                subscribed,
                restricted: false,
            },
        );
    }

    pub(super) fn give_token(&mut self, token: &str, holder: Holder, ends_ms: Option<i64>, now_ms: i64) {
        self.tokens.insert(token.to_owned(), Token { holder, ends_ms, revoked: None, issued_ms: now_ms });
    }

    /// Who the token speaks for, or the error the platform gives.
    pub(super) fn holder(&self, token: &str, now_ms: i64) -> Result<Holder, GraphError> {
        let Some(found) = self.tokens.get(token) else {
            return Err(GraphError::new(401, 190, "Invalid OAuth access token - Cannot parse access token"));
        };
        if let Some(subcode) = found.revoked {
            let message = "Error validating access token: The session has been invalidated.";
            return Err(GraphError::new(401, 190, message).detail(subcode));
        }
        if found.ends_ms.is_some_and(|ends| ends <= now_ms) {
            let message = "Error validating access token: Session has expired.";
            return Err(GraphError::new(401, 190, message).detail(463));
        }
        Ok(found.holder.clone())
    }

    /// Who the token speaks for, if it is good.
    pub(crate) fn holder_of(&self, token: &str, now_ms: i64) -> Option<Holder> {
        self.holder(token, now_ms).ok()
    }

    /// The person, made known on first contact.
    pub(crate) fn meet(&mut self, account: &str, person: &str, name: Option<&str>) -> &mut Person {
        let known = self.people.entry((account.to_owned(), person.to_owned())).or_default();
        if let Some(name) = name {
            known.name = Some(name.to_owned());
        }
        known
    }

    pub(crate) fn person(&self, account: &str, person: &str) -> Option<&Person> {
        self.people.get(&(account.to_owned(), person.to_owned()))
    }
}
