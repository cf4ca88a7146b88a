//! The account itself, and what we add to it: a property of our own by which a record can be upserted.

use kernel::http::Method;
use serde::Deserialize;
use serde_json::json;

use super::calls::Property;
use super::failure::{Failure, FailureKind};
use super::objects::ObjectKind;
use super::{HubSpot, read};

/// The account a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its id, which webhooks name.
    pub portal_id: i64,
}

impl HubSpot {
    /// The account a token belongs to.
    pub async fn account(&self, token: &str) -> Result<Account, Failure> {
        let request = self.request(Method::GET, "/account-info/v3/details").bearer(token).safe_to_repeat(3);
        read(&self.send(request).await?)
    }

    /// Makes a text property whose values are unique, where it is missing. With it a create is an upsert by our own key,
    /// so that a lost answer cannot make a double.
    pub async fn ensure_key(&self, token: &str, kind: ObjectKind, name: &str, label: &str) -> Result<(), Failure> {
        match self.property(token, kind, name).await {
            Ok(Property { has_unique_value: true, .. }) => return Ok(()),
            Ok(_) => {
                let message = format!("the property {name} exists but its values are not unique");
                return Err(Failure::new(FailureKind::Invalid, message));
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {}
            Err(failure) => return Err(failure),
        }
        let group = match kind {
            ObjectKind::Deals => "dealinformation",
            _ => "contactinformation",
        };
        let body = json!({
            "name": name, "label": label, "type": "string", "fieldType": "text", "groupName": group, "hasUniqueValue": true,
            "description": "Kept by Recoup to know a record again; please leave it as it is.",
        });
        let path = format!("/crm/v3/properties/{}", kind.path());
        match self.send(self.request(Method::POST, &path).bearer(token).json(&body)).await {
            // Another process made it a moment ago.
            Err(Failure { kind: FailureKind::Conflict { .. }, .. }) => Ok(()),
            made => made.map(drop),
        }
    }
}
