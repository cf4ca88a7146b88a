//! SCIM 2.0 (RFC 7643, RFC 7644) at `/scim/v2`: identity providers keep members and teams in step with their directory.
//!
//! A request is authenticated by an API key with the scope `scim`. Members are users, teams are groups. Errors, ours and the
//! frame's, have SCIM's shape. Values are kept exactly as they were sent; names of attributes go by the tables of [`schema`].

mod answer;
mod attributes;
mod discovery;
mod error;
mod etag;
mod filter;
mod groups;
mod log;
pub(crate) mod page;
mod patch;
mod projection;
mod query;
mod schema;
mod search;
pub(crate) mod sql;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use serde_json::Value;
use shell::App;

pub(crate) use error::ScimError;

use crate::{Desk, Identity};

/// A group of 10,000 members with all that providers say about each.
const BODY_LIMIT: usize = 8 << 20;

/// Where the resources are: `https://…/scim/v2`.
#[derive(Clone)]
pub(crate) struct Base(Arc<str>);

impl Base {
    pub(crate) fn of(app: &App) -> Self {
        Self(format!("{}/scim/v2", app.settings().public_url).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a handler that changes something needs.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) identity: Identity,
    pub(crate) base: Base,
}

impl FromRef<Desk> for Base {
    fn from_ref(desk: &Desk) -> Self {
        Self::of(&desk.app)
    }
}

impl FromRef<Desk> for Provider {
    fn from_ref(desk: &Desk) -> Self {
        Self { identity: desk.identity.clone(), base: Base::of(&desk.app) }
    }
}

/// The routes under `/scim/v2`.
pub(crate) fn routes(desk: &Desk) -> Router<Desk> {
    Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(discovery::config))
        .route("/scim/v2/ResourceTypes", get(discovery::resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/scim/v2/Schemas", get(discovery::schemas))
        .route("/scim/v2/Schemas/{id}", get(discovery::schema))
        .route("/scim/v2/Users", get(users::list).post(users::post))
        .route("/scim/v2/Users/.search", post(users::search))
        .route("/scim/v2/Users/{id}", get(users::get).put(users::put).patch(users::patch).delete(users::delete))
        .route("/scim/v2/Groups", get(groups::list).post(groups::post))
        .route("/scim/v2/Groups/.search", post(groups::search))
        .route("/scim/v2/Groups/{id}", get(groups::get).put(groups::put).patch(groups::patch).delete(groups::delete))
        .route("/scim/v2/.search", post(search::post))
        .route("/scim/v2/Bulk", any(discovery::no_bulk))
        .route("/scim/v2/Me", any(discovery::no_me))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(desk.clone(), log::note))
}

/// The version of a rendered resource.
fn version(resource: &Value) -> &str {
    resource.pointer("/meta/version").and_then(Value::as_str).unwrap_or_default()
}
