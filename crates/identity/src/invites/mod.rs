//! Invitations: a link that works once, for a week, for one person.
//!
//! The link goes by letter to the invited address; where no mail server is configured, whoever invites is shown it, to be passed on.
//! It proves nothing about an account that exists already: such a
//! person signs in to accept.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod letter;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod resend;
pub(crate) mod revoke;

use chrono::{DateTime, Duration, Utc};
use kernel::ids::InviteId;
use serde::Serialize;
use shell::Role;
use utoipa::ToSchema;

use crate::store::invites::Invite;

/// How long a link works.
pub(crate) const LASTS: Duration = Duration::days(7);

/// An invitation that waits to be accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InviteOut {
    pub(crate) id: InviteId,
    #[schema(example = "sam@example.com")]
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) created_at: DateTime<Utc>,
    /// When the link stops working.
    pub(crate) expires_at: DateTime<Utc>,
}

impl From<Invite> for InviteOut {
    fn from(invite: Invite) -> Self {
        let Invite { id, email, role, created_at, expires_at } = invite;
        Self { id, email, role, created_at, expires_at }
    }
}
