//! What X remembers: grants, the webhook, subscriptions, people, and the meters.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::XConfig;
use crate::server::meter::FixedMeter;

/// What a user token may do.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub user: String,
    pub scopes: Vec<String>,
    pub ends_ms: i64,
}

/// An authorisation code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub redirect: String,
    pub challenge: String,
    pub plain: bool,
    pub scopes: Vec<String>,
    pub ends_ms: i64,
}

/// The registered webhook.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub id: String,
    pub url: String,
    pub valid: bool,
    pub created_at: String,
}

/// One subscription of the Activity API.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub event_type: String,
    pub user: String,
    pub tag: String,
    pub json: Value,
}

/// Somebody who can be written to.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub name: Option<String>,
    /// Their settings refuse our messages.
    pub closed: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub tokens: HashMap<String, Grant>,
    /// Refresh tokens; each works once.
    pub refreshes: HashMap<String, Grant>,
    pub codes: HashMap<String, Code>,
    pub nonces: HashSet<String>,
    /// Users who withdrew the app's access.
    pub revoked: HashSet<String>,
    pub webhook: Option<Webhook>,
    pub subscriptions: BTreeMap<String, Subscription>,
    /// Users subscribed the old way.
    pub all_activity: BTreeSet<String>,
    pub people: HashMap<String, Person>,
    pub media: HashSet<String>,
    /// Sent messages that were taken back.
    pub deleted: HashSet<String>,
    pub meter: FixedMeter,
    pub last_id: u64,
}

/// The events a new business needs.
const FIRST_EVENTS: [&str; 3] = ["dm.received", "dm.sent", "dm.read"];

impl State {
    pub(super) fn new(config: &XConfig) -> Self {
        let mut state = Self::default();
        for user in &config.users {
            let scopes = ["dm.read", "dm.write", "tweet.read", "users.read"].map(str::to_owned).to_vec();
            state.tokens.insert(user.bearer.clone(), Grant { user: user.id.clone(), scopes, ends_ms: i64::MAX });
            for event in FIRST_EVENTS.iter().filter(|_| user.subscribed) {
                let id = format!("18{}{}", user.id, state.subscriptions.len());
                let filter = json!({ "user_id": user.id });
                let json = json!({ "subscription_id": id, "event_type": event, "filter": filter, "tag": "seed" });
                state.subscriptions.insert(
                    id,
                    Subscription {
                        event_type: (*event).to_owned(),
                        user: user.id.clone(),
                        tag: "seed".to_owned(),
                        json,
                    },
                );
            }
        }
        state
    }

    /// The next event id: time-ordered and never repeated.
    pub(super) fn next_id(&mut self, now_ms: i64) -> String {
        self.last_id = (self.last_id + 1).max(((now_ms - 1_288_834_974_657).max(0) as u64) << 22);
        self.last_id.to_string()
    }
}
