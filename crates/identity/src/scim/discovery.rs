//! What this server can do (RFC 7644, 4): for clients that ask before they begin.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::answer::{self, Answer};
use super::query::MOST;
use super::{Base, ScimError, schema};

pub(crate) async fn config(State(base): State<Base>, _: Allowed<Scim>) -> Answer {
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MOST },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "An API key with the scope scim, as `Authorization: Bearer rk_…`",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", base.as_str()),
        },
    });
    Ok(answer::body(StatusCode::OK, &config))
}

pub(crate) async fn resource_types(State(base): State<Base>, _: Allowed<Scim>) -> Answer {
    Ok(whole(&schema::resource_types(base.as_str())))
}

pub(crate) async fn resource_type(State(base): State<Base>, _: Allowed<Scim>, Path(id): Path<String>) -> Answer {
    one(schema::resource_types(base.as_str()), &id, "type of resource")
}

pub(crate) async fn schemas(State(base): State<Base>, _: Allowed<Scim>) -> Answer {
    Ok(whole(&schema::schemas(base.as_str())))
}

pub(crate) async fn schema(State(base): State<Base>, _: Allowed<Scim>, Path(id): Path<String>) -> Answer {
    one(schema::schemas(base.as_str()), &id, "schema")
}

/// Providers send one request for each change; none of those we know needs more.
pub(crate) async fn no_bulk(_: Allowed<Scim>) -> ScimError {
    ScimError::unsupported("Bulk")
}

/// A key is nobody's account.
pub(crate) async fn no_me(_: Allowed<Scim>) -> ScimError {
    ScimError::unsupported("Me")
}

fn whole(all: &[Value]) -> axum::response::Response {
    answer::list(all.len() as i64, 0, all)
}

fn one(all: Vec<Value>, id: &str, what: &str) -> Answer {
    let found = all.into_iter().find(|one| one["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)));
    Ok(answer::body(StatusCode::OK, &found.ok_or_else(|| ScimError::missing(what))?))
}
