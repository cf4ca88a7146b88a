//! A site as its organisation set it up.

use kernel::db::OrgTx;
use kernel::ids::{ImageId, OrgId};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

/// A site.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub org: OrgId,
    pub name: String,
    /// One sentence under the name.
    pub tagline: String,
    /// Lower case, without a port; none: the installation's own address.
    pub domain: Option<String>,
    pub published: bool,
    /// Grows with whatever its pages show.
    pub version: i64,
    pub look: Look,
    pub flags: Flags,
    pub settings: Settings,
}

impl Site {
    /// Where its links begin, without a slash at the end: its own host with the scheme and the port of the installation's address.
    /// Nothing of it is a request's word: what one request says must not stand in the pages that are kept for all.
    pub(crate) fn address(&self, installation: &str) -> String {
        let Some(domain) = &self.domain else { return installation.trim_end_matches('/').to_owned() };
        let (scheme, rest) = installation.split_once("://").unwrap_or(("https", installation));
        let authority = rest.split('/').next().unwrap_or_default();
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        match port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(port) => format!("{scheme}://{domain}:{port}"),
            None => format!("{scheme}://{domain}"),
        }
    }
}

/// Its colours and its mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Look {
    /// The hue of its colour, in degrees of oklch, 0 to 359.
    pub hue: u16,
    /// How colourful it is, 0 to 0.2.
    pub chroma: f64,
    /// Its mark; the product's where there is none.
    pub logo: Option<ImageId>,
}

impl Default for Look {
    fn default() -> Self {
        Self { hue: 207, chroma: 0.085, logo: None }
    }
}

/// What of the site is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the desk, each its own")]
pub(crate) struct Flags {
    pub audit: bool,
    pub calculator: bool,
    pub assistant: bool,
    pub booking: bool,
    pub blog: bool,
    pub letters: bool,
    pub analytics: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            audit: true,
            calculator: true,
            assistant: true,
            booking: true,
            blog: true,
            letters: true,
            analytics: true,
        }
    }
}

/// What else it needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// ISO 4217: of prices, forecasts and the calculator.
    pub currency: String,
    /// IANA: of bookings.
    pub time_zone: String,
    /// Who answers for the site, for the imprint and the privacy page.
    pub legal_name: String,
    pub address: String,
    pub email: String,
    pub phone: String,
    /// Members who are told of inquiries by letter.
    pub notify: Vec<String>,
    /// Letters need a confirmed address (double opt-in), as the law of many places wants it.
    pub double_opt_in: bool,
    /// How long inquiries and audits without one are kept, in days.
    pub kept_days: u16,
    pub hours: Opening,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            time_zone: "UTC".to_owned(),
            legal_name: String::new(),
            address: String::new(),
            email: String::new(),
            phone: String::new(),
            notify: Vec::new(),
            double_opt_in: true,
            kept_days: 730,
            hours: Opening::default(),
        }
    }
}

/// When consultations can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Opening {
    /// 1 is Monday.
    pub days: Vec<u8>,
    /// Minutes of the day, in the site's time zone.
    pub from_minute: u16,
    pub to_minute: u16,
    /// Of one consultation, and free time after it: multiples of 15.
    pub minutes: u16,
    pub buffer: u16,
    /// Hours from now to the first slot, days to the last.
    pub notice_hours: u16,
    pub horizon_days: u16,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            days: vec![1, 2, 3, 4, 5],
            from_minute: 9 * 60,
            to_minute: 17 * 60,
            minutes: 30,
            buffer: 15,
            notice_hours: 4,
            horizon_days: 21,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    tagline: String,
    domain: Option<String>,
    published: bool,
    version: i64,
    look: Json<Look>,
    flags: Json<Flags>,
    settings: Json<Settings>,
}

/// The organisation's site; none where it has none, or where the transaction may not see it.
pub(crate) async fn read(tx: &mut OrgTx) -> Result<Option<Site>, sqlx::Error> {
    let org = tx.org();
    let row: Option<Row> = sqlx::query_as(
        "select name, tagline, domain, published, version, look, flags, settings from sites where org_id = $1",
    )
    .bind(org)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Site {
        org,
        name: row.name,
        tagline: row.tagline,
        domain: row.domain,
        published: row.published,
        version: row.version,
        look: row.look.0,
        flags: row.flags.0,
        settings: row.settings.0,
    }))
}

/// Writes a site down, new or changed; its version grows.
pub(crate) async fn write(tx: &mut OrgTx, site: &Site) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into sites (org_id, name, tagline, domain, published, look, flags, settings, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict (org_id) do update set name = $2, tagline = $3, \
         domain = $4, published = $5, look = $6, flags = $7, settings = $8, updated_at = $9, version = sites.version + 1",
    )
    .bind(org)
    .bind(&site.name)
    .bind(&site.tagline)
    .bind(&site.domain)
    .bind(site.published)
    .bind(Json(&site.look))
    .bind(Json(&site.flags))
    .bind(Json(&site.settings))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Says that something the site's pages show has changed: cached pages are made anew. Call [`crate::hosts::Hosts::forget`] after the
/// commit.
pub(crate) async fn touch(tx: &mut OrgTx) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("update sites set version = version + 1, updated_at = $2 where org_id = $1")
        .bind(org)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_a_site_begin_with_its_own_host_and_where_the_installation_answers() {
        let mut site = Site {
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            name: "Northwind".to_owned(),
            tagline: String::new(),
            domain: Some("audit.test".to_owned()),
            published: true,
            version: 1,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        };
        assert_eq!(site.address("http://127.0.0.1:8080"), "http://audit.test:8080");
        assert_eq!(site.address("https://app.test"), "https://audit.test");
        assert_eq!(site.address("http://[::1]/"), "http://audit.test");
        site.domain = None;
        assert_eq!(site.address("https://app.test:8443"), "https://app.test:8443");
    }
}
