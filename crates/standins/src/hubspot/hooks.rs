//! Webhooks: changes that people make in HubSpot itself, signed in the third way and, beside it, the first.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::Grant;
use super::{HubError, HubSpot, values};
use crate::delivery::{Parcel, Postmark};
use crate::server::Shared;
use crate::sign;

/// Bodies are lists of events; each attempt has its own time and number.
pub(super) struct Signed {
    pub shared: Arc<Shared>,
    pub client_secret: String,
}

impl Postmark for Signed {
    fn body(&self, _group: &str, parts: &[Value]) -> Vec<u8> {
        json!(parts).to_string().into_bytes()
    }

    fn headers(&self, url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        let now = self.shared.clock.now_ms();
        vec![
            ("x-hubspot-signature-v3", sign::hubspot(&self.client_secret, "POST", url, body, now)),
            ("x-hubspot-request-timestamp", now.to_string()),
            ("x-hubspot-signature", sign::hubspot_first(&self.client_secret, body)),
            ("x-hubspot-signature-version", "v1".to_owned()),
        ]
    }

    fn most_parts(&self) -> usize {
        100
    }
}

impl HubSpot {
    /// Sends webhooks to `url` from now on; HubSpot asks for no handshake.
    pub fn webhooks_to(&self, url: &str) {
        self.courier.verified(url);
    }

    /// A person makes a record in HubSpot itself, of a contact where one is given. Gives its id.
    ///
    /// # Errors
    /// When a value does not fit or the contact does not exist.
    pub fn staff_creates(&self, object: &str, properties: &Value, contact: Option<u64>) -> Result<u64, HubError> {
        let object = values::object(object)?;
        let now = self.now_ms();
        let id = self.state(|state| {
            let id = state.create(object, properties, now)?;
            if let Some(contact) = contact {
                let kind = values::default_kind(object, "contacts").unwrap_or_default();
                state.associate((object, id), ("contacts", contact), &[kind])?;
            }
            Ok::<_, HubError>(id)
        })?;
        self.announce(&format!("{}.creation", object.trim_end_matches('s')), id, &json!({ "changeFlag": "NEW" }));
        Ok(id)
    }

    /// Grants scopes without a browser: an access token and a refresh token.
    pub fn connect_app(&self, scopes: &[&str]) -> (String, String) {
        let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let (access, refresh) = (format!("CJ{}", self.shared.dice.word(90)), self.shared.dice.uuid());
        let ends_ms = self.now_ms() + self.config.access_s * 1000;
        let grant = Grant { scopes: scopes.clone(), ends_ms, private: false };
        self.state(|state| {
            state.tokens.insert(access.clone(), grant);
            state.refreshes.insert(refresh.clone(), scopes);
        });
        (access, refresh)
    }

    /// Ends every access token of the public app now.
    pub fn expire_all(&self) {
        let now = self.now_ms();
        self.state(|state| {
            for grant in state.tokens.values_mut().filter(|grant| !grant.private) {
                grant.ends_ms = now;
            }
        });
    }

    /// Ends everything that was granted: tokens and refresh tokens.
    pub fn withdraw(&self) {
        self.state(|state| {
            state.tokens.clear();
            state.refreshes.clear();
        });
    }

    /// A person changes a property in HubSpot itself: the record changes and the webhook leaves.
    ///
    /// # Errors
    /// When the record does not exist or the value does not fit.
    pub fn staff_edits(&self, object: &str, id: u64, name: &str, value: &str) -> Result<(), HubError> {
        let object = values::object(object)?;
        let (now, lag) = (self.now_ms(), self.config.index_lag_ms);
        self.state(|state| state.update(object, id, &json!({ name: value }), now, lag))?;
        let singular = object.trim_end_matches('s');
        let change = json!({ "propertyName": name, "propertyValue": value });
        self.announce(&format!("{singular}.propertyChange"), id, &change);
        Ok(())
    }

    /// A person deletes a record in HubSpot itself.
    ///
    /// # Errors
    /// When there is no such object type.
    pub fn staff_deletes(&self, object: &str, id: u64) -> Result<(), HubError> {
        let object = values::object(object)?;
        self.state(|state| super::objects::archive_one(state, object, id));
        self.announce(&format!("{}.deletion", object.trim_end_matches('s')), id, &json!({ "changeFlag": "DELETED" }));
        Ok(())
    }

    fn announce(&self, kind: &str, id: u64, more: &Value) {
        let mut event = json!({
            "eventId": self.shared.dice.below(1 << 40), "subscriptionId": 25, "portalId": self.config.portal, "appId": self.config.app,
            "occurredAt": self.now_ms(), "subscriptionType": kind, "attemptNumber": 0, "objectId": id, "changeSource": "CRM_UI",
            "sourceId": "userId:1",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        self.courier.send(Parcel { lane: id.to_string(), group: "events".to_owned(), part: event, hold_ms: 0 });
    }
}
