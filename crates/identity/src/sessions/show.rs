//! `GET /v2/auth/session`: who a credential is and what it may do.

use chrono::{DateTime, Utc};
use kernel::ids::{KeyId, MemberId, SessionId, UserId};
use kernel::ledger::Actor;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, Json, Permission, Role};
use utoipa::ToSchema;

use super::open::OrgOut;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionOut {
    /// The organisation.
    org: OrgOut,
    /// The person; null for an API key.
    user: Option<UserId>,
    /// The API key; null for a person.
    key: Option<KeyId>,
    /// The membership; null for an API key.
    member: Option<MemberId>,
    /// The session; null for an API key.
    session: Option<SessionId>,
    /// The person's or the key's name.
    name: String,
    /// The person's email; empty for an API key.
    email: String,
    /// The member's role; null for an API key.
    role: Option<Role>,
    /// What the caller may do.
    permissions: Vec<Permission>,
    /// The server's time.
    now: DateTime<Utc>,
}

/// Show who is signed in and what they may do.
#[utoipa::path(get, path = "/v2/auth/session", tag = "auth", responses((status = 200, body = SessionOut)))]
pub(crate) async fn get(by: Allowed<View>) -> Json<SessionOut> {
    let caller = by.principal();
    let (user, key) = match caller.actor {
        Actor::User(id) => (Some(id), None),
        Actor::Key(id) => (None, Some(id)),
        _ => (None, None),
    };
    Json(SessionOut {
        org: OrgOut { id: caller.org, name: caller.org_name.clone() },
        user,
        key,
        member: caller.member,
        session: caller.session,
        name: caller.name.clone(),
        email: caller.email.clone(),
        role: caller.role,
        permissions: caller.permissions.iter().collect(),
        now: by.now(),
    })
}
