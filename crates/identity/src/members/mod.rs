//! Members: who is in the organisation, with which role.
//!
//! Rules: only an owner makes, demotes or removes an owner; the last owner stays one. Whatever takes something away from a
//! member ends with [`crate::doorkeeper::Doorkeeper::forget`].

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod page;
mod password;
pub(crate) mod remove;
pub(crate) mod role;
pub(crate) mod suspension;

pub use add::{NewMember, add};
pub use password::set_password;

use chrono::{DateTime, Utc};
use kernel::ids::{MemberId, UserId};
use serde::Serialize;
use shell::{AppError, Principal, Role};
use utoipa::ToSchema;

use crate::store::members::Member;

/// A member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberOut {
    pub(crate) id: MemberId,
    /// The person.
    pub(crate) user: UserId,
    #[schema(example = "Dana Whitfield")]
    pub(crate) name: String,
    #[schema(example = "dana@example.com")]
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) joined_at: DateTime<Utc>,
    /// When they last used Recoup, to the minute; null before the first time.
    pub(crate) seen_at: Option<DateTime<Utc>>,
    /// Since when they may not sign in; null for a member who may.
    pub(crate) suspended_at: Option<DateTime<Utc>>,
}

impl From<Member> for MemberOut {
    fn from(member: Member) -> Self {
        let Member { id, user, name, email, role, joined_at, seen_at, suspended_at } = member;
        Self { id, user, name, email, role, joined_at, seen_at, suspended_at }
    }
}

/// Whether the caller may give or take this role.
pub(crate) fn may_touch(by: &Principal, role: Role) -> Result<(), AppError> {
    if role == Role::Owner && by.role != Some(Role::Owner) {
        return Err(AppError::forbidden("only an owner makes, changes or removes an owner"));
    }
    Ok(())
}

/// What is said when the last owner would be gone.
pub(crate) fn last_owner() -> AppError {
    AppError::conflict("an organisation keeps at least one owner; make somebody else an owner first")
}
