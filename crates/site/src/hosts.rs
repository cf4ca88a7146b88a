//! From the host of a request to the site that answers there.
//!
//! What is found is kept for a few seconds: a change in the desk of another process is seen after that, one of this process at once.

use std::sync::Arc;
use std::time::Duration;

use kernel::Kernel;
use kernel::db::system;
use moka::future::Cache;

use crate::sites::{self, Site};

/// How long what was found is believed.
const KEPT: Duration = Duration::from_secs(3);
/// Hosts remembered; strangers can invent as many as they like.
const MOST: u64 = 10_000;
/// The longest name that a host has.
const LONGEST: usize = 253;

/// The sites of an installation, by host.
pub(crate) struct Hosts {
    kernel: Kernel,
    /// The host of the installation's own address.
    own: String,
    known: Cache<String, Option<Arc<Site>>>,
}

impl Hosts {
    pub(crate) fn new(kernel: Kernel) -> Self {
        let own = host_of(&kernel.config.http.base_url());
        let known = Cache::builder().max_capacity(MOST).time_to_live(KEPT).build();
        Self { kernel, own, known }
    }

    /// The published site that answers at a host; a host that is nobody's domain is the installation's own.
    pub(crate) async fn find(&self, host: &str) -> anyhow::Result<Option<Arc<Site>>> {
        let host = plain(host);
        // No site is at a name that is none, and none is remembered.
        let host = if host.len() > LONGEST { String::new() } else { host };
        let look = async { self.look(&host).await };
        self.known.try_get_with_by_ref(&host, look).await.map_err(|error| anyhow::anyhow!("{error:#}"))
    }

    /// Forgets what is known, so that the next look sees a change.
    pub(crate) fn forget(&self) {
        self.known.invalidate_all();
    }

    /// Whether a host is the installation's own: no site may take it for its domain.
    pub(crate) fn is_own(&self, host: &str) -> bool {
        plain(host) == self.own
    }

    async fn look(&self, host: &str) -> anyhow::Result<Option<Arc<Site>>> {
        let db = &self.kernel.db;
        let row = match system::site_of_domain(db, host).await? {
            Some(row) => Some(row),
            None => match self.kernel.config.site.organisation {
                Some(org) => system::site_of_organisation(db, org).await?,
                None => system::only_site(db).await?,
            },
        };
        let Some(row) = row else { return Ok(None) };
        let mut tx = db.begin_site(row.org_id, None).await?;
        Ok(sites::read(&mut tx).await?.map(Arc::new))
    }
}

/// The host without its port, in lower case.
pub(crate) fn plain(host: &str) -> String {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    plain(rest.split('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_port_and_case() {
        assert_eq!(plain("Audit.Example.com:8080"), "audit.example.com");
        assert_eq!(plain("[::1]:8080"), "::1");
        assert_eq!(host_of("https://app.example.com/x"), "app.example.com");
        assert_eq!(host_of("http://127.0.0.1:8080"), "127.0.0.1");
    }
}
