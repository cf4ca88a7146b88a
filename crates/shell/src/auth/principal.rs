//! Who is asking: what the identity room says about a credential.

use chrono::{DateTime, Utc};
use kernel::ids::{MemberId, OrgId, SessionId};
use kernel::ledger::Actor;

use super::{Permissions, Role};

/// The organisation's plan, as far as the web frame needs it: its request rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// 100 requests a minute.
    #[default]
    Free,
    /// 1,000 requests a minute, like `Pro`; its other limits are lower.
    Starter,
    /// 1,000 requests a minute.
    Pro,
    /// 10,000 requests a minute.
    Enterprise,
}

impl Plan {
    /// API requests a minute, for the whole organisation.
    pub const fn requests_per_minute(self) -> u32 {
        match self {
            Self::Free => 100,
            Self::Starter | Self::Pro => 1_000,
            Self::Enterprise => 10_000,
        }
    }
}

/// An authenticated caller: a member or an API key of one organisation.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The organisation the credential belongs to.
    pub org: OrgId,
    /// Its name, for the page frame.
    pub org_name: String,
    /// Its plan, for the request rate.
    pub plan: Plan,
    /// Who acts, as the ledger records it: a user or a key.
    pub actor: Actor,
    /// The member behind a user; none for a key.
    pub member: Option<MemberId>,
    /// The session or token family, for "sign out everywhere"; none for a key.
    pub session: Option<SessionId>,
    /// The member's role; none for a key, whose permissions are its own.
    pub role: Option<Role>,
    /// What the caller may do: the role's row of the matrix, or the key's scopes.
    pub permissions: Permissions,
    /// The person's or the key's name, for the page frame.
    pub name: String,
    /// The person's email, for the page frame; empty for a key.
    pub email: String,
    /// When the person last proved who they are, by password, second factor or single sign-on; none for a key.
    pub verified_at: Option<DateTime<Utc>>,
    /// Whether they came in through the organisation's identity provider: its word counts for this organisation alone.
    pub sso: bool,
    /// When the organisation's patience ends with a member who has no second factor; none for whoever needs none or has one.
    pub factor_due: Option<DateTime<Utc>>,
}
