//! A visitor of a public site names a host and nothing else: whose site it is crosses organisations.

use crate::db::Db;
use crate::ids::OrgId;

/// A published site, as far as it must be known before anything of it is read.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SiteRow {
    /// Whose it is.
    pub org_id: OrgId,
    /// The host it answers at; none: the installation's own.
    pub domain: Option<String>,
    /// Grows with whatever its pages show.
    pub version: i64,
}

macro_rules! published {
    ($more:literal) => {
        concat!(
            "select s.org_id, s.domain, s.version from sites s \
             join organisations o on o.id = s.org_id and o.deleted_at is null where s.published ",
            $more
        )
    };
}

/// The published site at a host, in lower case and without a port.
pub async fn site_of_domain(db: &Db, domain: &str) -> Result<Option<SiteRow>, sqlx::Error> {
    sqlx::query_as(published!("and s.domain = $1")).bind(domain).fetch_optional(db.system_pool()).await
}

/// The published site of an organisation: the one the installation's own address is configured to show.
pub async fn site_of_organisation(db: &Db, org: OrgId) -> Result<Option<SiteRow>, sqlx::Error> {
    sqlx::query_as(published!("and s.org_id = $1")).bind(org).fetch_optional(db.system_pool()).await
}

/// The published site without a domain of its own, where there is exactly one: it needs no configuration.
pub async fn only_site(db: &Db) -> Result<Option<SiteRow>, sqlx::Error> {
    let mut rows: Vec<SiteRow> =
        sqlx::query_as(published!("and s.domain is null limit 2")).fetch_all(db.system_pool()).await?;
    Ok(rows.pop().filter(|_| rows.is_empty()))
}
