//! Connections to identity providers: making, changing, testing and removing them.
//!
//! Rules: whoever changes a connection could become anybody of its domains, so each change asks for a fresh proof and is in the
//! audit log. A secret is never shown and never sent to an issuer it was not entered for. Another issuer is another set of
//! accounts: the links of the old one end.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod test;

use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::ids::SsoId;
use serde::Serialize;
use serde_json::Value;
use shell::{AppError, Role};
use utoipa::ToSchema;

use super::oidc::check::Step;
use super::oidc::{self, callback_url};
use super::saml::{self, SamlOut};
use crate::input::Check;
use crate::store::sso::connections::{Connection, GroupRole, Kind};

/// More lines than this in one table of groups are refused.
const MOST_GROUPS: usize = 200;
/// The longest name of a group.
const LONGEST_GROUP: usize = 256;

/// A connection, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionOut {
    id: SsoId,
    kind: Kind,
    #[schema(example = "Okta")]
    name: String,
    /// Whether people can sign in by it.
    enabled: bool,
    /// The issuer (OIDC) or the entity id (SAML).
    #[schema(example = "https://acme.okta.com")]
    issuer: String,
    /// What its kind needs besides; for OIDC `client_id`, `brand`, `token_auth`, `scopes`, `groups_claim`, `hosted_domain`;
    /// for SAML `sso_url`, `certificates`, `metadata_url`, `email_attribute`, `name_attribute`, `groups_attribute`, `name_id_format`.
    #[schema(value_type = Object)]
    settings: Value,
    /// Whether a secret is kept; it is not shown again.
    has_secret: bool,
    /// The first line whose group a person has decides their role, at each sign-in.
    group_roles: Vec<GroupRole>,
    /// The role of somebody in none of the groups; null: they are refused.
    default_role: Option<Role>,
    /// Whether somebody unknown, on a verified domain, becomes a member by signing in.
    just_in_time: bool,
    /// SAML: whether the provider may begin a sign-in.
    idp_initiated: bool,
    /// OIDC: what to register at the provider as our address.
    redirect_url: Option<String>,
    /// SAML: what to enter at the provider, and whom we trust.
    saml: Option<SamlOut>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// When it was last tested as it is now.
    tested_at: Option<DateTime<Utc>>,
    /// What that test found.
    test: Vec<Step>,
}

impl ConnectionOut {
    pub(crate) fn of(connection: Connection, public_url: &str) -> Self {
        let redirect_url = (connection.kind == Kind::Oidc).then(|| callback_url(public_url, connection.id));
        // What is kept was checked; an old row that does not read is shown without.
        let saml = (connection.kind == Kind::Saml).then(|| SamlOut::of(&connection, public_url).ok()).flatten();
        Self {
            redirect_url,
            saml,
            test: steps(&connection),
            id: connection.id,
            kind: connection.kind,
            name: connection.name,
            enabled: connection.enabled,
            issuer: connection.issuer,
            settings: connection.settings,
            has_secret: connection.secret.is_some(),
            group_roles: connection.group_roles,
            default_role: connection.default_role,
            just_in_time: connection.just_in_time,
            idp_initiated: connection.idp_initiated,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
            tested_at: connection.tested_at,
        }
    }
}

/// The steps of the last test.
pub(crate) fn steps(connection: &Connection) -> Vec<Step> {
    let kept = connection.test.clone().map(serde_json::from_value);
    kept.and_then(Result::ok).unwrap_or_default()
}

/// Checks a connection as it is about to be kept. One that is in use must be complete; a draft may have gaps.
pub(crate) fn checked(kernel: &Kernel, mut connection: Connection) -> Result<Connection, AppError> {
    let mut check = Check::default();
    connection.name = check.name("name", &connection.name);
    connection.issuer = connection.issuer.trim().to_owned();
    if connection.group_roles.len() > MOST_GROUPS {
        check.complain("group_roles", format!("at most {MOST_GROUPS} lines"));
    }
    for line in &connection.group_roles {
        if line.group.trim().is_empty() || line.group.len() > LONGEST_GROUP || line.group.contains(char::is_control) {
            check.complain("group_roles", "a line has no group, or one that is too long");
        }
        if line.role == Role::Owner {
            check.complain("group_roles", "an owner is made by an owner, never by a group");
        }
    }
    if connection.default_role == Some(Role::Owner) {
        check.complain("default_role", "an owner is made by an owner, never by default");
    }
    match connection.kind {
        Kind::Oidc => oidc::settings::checked(kernel, &mut connection, &mut check),
        Kind::Saml => saml::settings::checked(kernel, &mut connection, &mut check),
    }
    check.done()?;
    Ok(connection)
}
