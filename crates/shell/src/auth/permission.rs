//! The permission matrix: eight permissions of people, five roles; and what only a key can have.
//!
//! A handler names a marker type ([`Reply`]) in [`crate::Allowed`]; keys carry a [`Permissions`] set of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing a member or a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Permission {
    /// View dashboards and conversations.
    View,
    /// Reply, take over, tag leads.
    Reply,
    /// Run audits, analyses and reports.
    RunReports,
    /// Export data.
    Export,
    /// Channels, CRM, AI settings, agents, plays.
    ManageChannels,
    /// People, roles, keys, single sign-on.
    ManagePeople,
    /// Erase personal data.
    ErasePersonalData,
    /// Billing, and deleting the organisation.
    Billing,
    /// Provisioning by SCIM: no role has it; a key may, if its maker manages people.
    Scim,
}

impl Permission {
    /// Every permission, in the order of the matrix.
    pub const ALL: [Self; 9] = [
        Self::View,
        Self::Reply,
        Self::RunReports,
        Self::Export,
        Self::ManageChannels,
        Self::ManagePeople,
        Self::ErasePersonalData,
        Self::Billing,
        Self::Scim,
    ];

    /// The word used in the API and in key scopes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Reply => "reply",
            Self::RunReports => "run_reports",
            Self::Export => "export",
            Self::ManageChannels => "manage_channels",
            Self::ManagePeople => "manage_people",
            Self::ErasePersonalData => "erase_personal_data",
            Self::Billing => "billing",
            Self::Scim => "scim",
        }
    }

    /// What it allows, to finish "you may not …".
    pub const fn describe(self) -> &'static str {
        match self {
            Self::View => "view this organisation",
            Self::Reply => "reply, take over or tag leads",
            Self::RunReports => "run audits, analyses and reports",
            Self::Export => "export data",
            Self::ManageChannels => "change channels, CRM or AI settings",
            Self::ManagePeople => "manage people, roles and keys",
            Self::ErasePersonalData => "erase personal data",
            Self::Billing => "manage billing or delete the organisation",
            Self::Scim => "provision people and teams by SCIM",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no permission or no role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known permission or role")]
pub struct UnknownWord;

impl FromStr for Permission {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == text).ok_or(UnknownWord)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// Nothing at all.
    pub const NONE: Self = Self(0);

    /// Everything.
    pub const ALL: Self = Self(u16::MAX);

    /// The set with one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | 1 << permission as u8)
    }

    /// Whether the permission is in the set.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// The set without one.
    #[must_use]
    pub const fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(1 << permission as u8))
    }

    /// What a key of somebody with these permissions may carry: these and, if they manage people, what only keys have.
    #[must_use]
    pub const fn for_keys(self) -> Self {
        if self.has(Permission::ManagePeople) { self.with(Permission::Scim) } else { self }
    }

    /// What both sets hold: a key never has more than its maker.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The permissions, in the order of the matrix.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(items: I) -> Self {
        items.into_iter().fold(Self::NONE, Self::with)
    }
}

/// A member's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, billing included.
    Owner,
    /// Everything but billing.
    Admin,
    /// Numbers: reports and exports.
    Analyst,
    /// Conversations: replies and tags.
    Agent,
    /// Looks, changes nothing.
    Viewer,
}

impl Role {
    /// Every role, from the most to the least allowed.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Analyst, Self::Agent, Self::Viewer];

    /// The word used in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
        }
    }

    /// The row of the matrix.
    pub const fn permissions(self) -> Permissions {
        use Permission as P;
        let viewer = Permissions::NONE.with(P::View);
        match self {
            Self::Viewer => viewer,
            Self::Agent => viewer.with(P::Reply).with(P::RunReports),
            Self::Analyst => viewer.with(P::RunReports).with(P::Export),
            Self::Admin => Self::Owner.permissions().without(P::Billing),
            Self::Owner => Permissions::ALL.without(P::Scim),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownWord)
    }
}

/// A marker type that names a permission in a handler's signature.
pub trait Permits: Send + Sync + 'static {
    /// The permission it stands for.
    const PERMISSION: Permission;
}

macro_rules! markers {
    ($($name:ident)*) => {$(
        #[doc = concat!("Marker of [`Permission::", stringify!($name), "`], for `Allowed<", stringify!($name), ">`.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Permits for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

markers!(View Reply RunReports Export ManageChannels ManagePeople ErasePersonalData Billing Scim);

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix of the design, row by row: owner, admin, analyst, agent, viewer.
    const MATRIX: [(Permission, [bool; 5]); 9] = [
        (Permission::View, [true, true, true, true, true]),
        (Permission::Reply, [true, true, false, true, false]),
        (Permission::RunReports, [true, true, true, true, false]),
        (Permission::Export, [true, true, true, false, false]),
        (Permission::ManageChannels, [true, true, false, false, false]),
        (Permission::ManagePeople, [true, true, false, false, false]),
        (Permission::ErasePersonalData, [true, true, false, false, false]),
        (Permission::Billing, [true, false, false, false, false]),
        (Permission::Scim, [false, false, false, false, false]),
    ];

    #[test]
    fn every_role_has_exactly_the_permissions_of_the_matrix() {
        for (permission, row) in MATRIX {
            for (role, allowed) in Role::ALL.into_iter().zip(row) {
                assert_eq!(role.permissions().has(permission), allowed, "{role} {permission}");
            }
        }
    }

    #[test]
    fn words_read_back_and_a_key_never_exceeds_its_maker() {
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(permission));
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownWord));
        let scopes: Permissions = [Permission::View, Permission::Billing].into_iter().collect();
        let effective: Vec<_> = scopes.and(Role::Agent.permissions()).iter().collect();
        assert_eq!(effective, [Permission::View]);
    }

    #[test]
    fn provisioning_is_for_the_keys_of_those_who_manage_people() {
        for role in Role::ALL {
            let manages = role.permissions().has(Permission::ManagePeople);
            assert_eq!(role.permissions().for_keys().has(Permission::Scim), manages, "{role}");
            assert_eq!(role.permissions().for_keys().without(Permission::Scim), role.permissions(), "{role}");
        }
    }
}
