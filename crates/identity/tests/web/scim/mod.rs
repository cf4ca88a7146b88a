//! SCIM through the router: what providers send, and what attackers would.

mod attacks;
mod entra;
mod filters;
mod groups;
mod okta;
mod page;
mod protocol;
mod scale;
mod users;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Call, House, Person, Reply};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A provider with its token.
pub struct Provider<'a> {
    pub house: &'a House,
    pub key: String,
}

#[expect(clippy::needless_pass_by_value, reason = "a test reads better with its `json!` in place")]
impl<'a> Provider<'a> {
    pub async fn of(house: &'a House, owner: &Person) -> Self {
        let made = house.post("/v2/keys", json!({ "name": "Provider", "scopes": ["scim"] })).by(owner).send().await;
        let key = made.expect_status(201).json()["key"].as_str().unwrap().to_owned();
        Self { house, key }
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        let path = format!("/scim/v2{path}");
        let call = match method {
            Method::GET => self.house.get(&path),
            Method::DELETE => self.house.delete(&path),
            Method::PUT => self.house.put(&path, Value::Null),
            Method::PATCH => self.house.patch(&path, Value::Null),
            _ => self.house.post(&path, Value::Null),
        };
        call.bearer(&self.key)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).send().await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.call(method, path).json(body).header("content-type", "application/scim+json").send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &body).await
    }

    pub async fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        self.send(Method::PATCH, path, &body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path).send().await
    }

    /// Makes a user `NAME@one.example` and gives their id.
    pub async fn user(&self, name: &str) -> String {
        let email = format!("{name}@one.example");
        let body = json!({ "schemas": [USER], "userName": email, "emails": [{ "value": email, "primary": true }], "displayName": name });
        self.post("/Users", body).await.expect_status(201).json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        self.post("/Groups", body).await.expect_status(201).json()["id"].as_str().unwrap().to_owned()
    }

    /// The userNames that a filter finds, in order.
    pub async fn found(&self, filter: &str) -> Vec<String> {
        let list = self.get(&format!("/Users?filter={}", encoded(filter))).await.expect_status(200).json();
        let resources = list["Resources"].as_array().unwrap();
        assert_eq!(list["totalResults"], resources.len());
        resources.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Ids of the members of a group, as a list answers them.
pub fn members(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
pub fn refused(reply: &Reply, status: u16, kind: Option<&str>) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
    let body = reply.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(body["status"], status.to_string());
    assert_eq!(body["scimType"].as_str(), kind, "{}", reply.body);
    assert!(!body["detail"].as_str().unwrap().is_empty());
    assert_eq!(reply.headers["content-type"], "application/scim+json");
}
