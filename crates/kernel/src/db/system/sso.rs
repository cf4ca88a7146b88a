//! Single sign-on begins with an address or an email, before any organisation is known.

use sqlx::FromRow;

use crate::db::Db;
use crate::ids::{OrgId, SsoId};

/// A way to sign in that an organisation offers to people of its domains.
#[derive(Clone, Debug, FromRow)]
pub struct SsoDoor {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// The connection.
    pub connection: SsoId,
    /// The connection's name.
    pub name: String,
    /// `oidc` or `saml`.
    pub kind: String,
}

/// The organisation a connection belongs to.
pub async fn sso_organisation(db: &Db, connection: SsoId) -> Result<Option<OrgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.org_id from sso_connections c join organisations o on o.id = c.org_id and o.deleted_at is null \
         where c.id = $1",
    )
    .bind(connection)
    .fetch_optional(db.system_pool())
    .await
}

/// The connections in use of the organisations that verified a domain, in a fixed order.
pub async fn sso_doors(db: &Db, domain: &str) -> Result<Vec<SsoDoor>, sqlx::Error> {
    sqlx::query_as(
        "select c.org_id as org, o.name as org_name, c.id as connection, c.name, c.kind \
         from sso_domains d join sso_connections c on c.org_id = d.org_id and c.enabled \
         join organisations o on o.id = d.org_id and o.deleted_at is null \
         where d.domain = $1 and d.verified_at is not null order by o.name, c.id limit 20",
    )
    .bind(domain)
    .fetch_all(db.system_pool())
    .await
}
