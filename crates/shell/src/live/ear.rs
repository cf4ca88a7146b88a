//! Whether who listens still may: a line outlives the request that opened it, and a session that ends must not hear on.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};
use kernel::db::Caller;
use kernel::ids::OrgId;
use tokio::time::Instant;

use crate::App;
use crate::auth::{Permission, credential};

/// Asked again this often at most; with what the identity room keeps, a line ends within a second of its session.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// Where a credential may be.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, HeaderName::from_static("x-api-key"), header::COOKIE];

/// The listener's credential, to be shown again.
pub(super) struct Ear {
    app: App,
    org: OrgId,
    headers: HeaderMap,
    from: Caller,
    asked: Instant,
}

impl Ear {
    /// Who opened the line, with the headers of the request that did.
    pub(super) fn of(app: &App, org: OrgId, headers: &HeaderMap, from: Caller) -> Self {
        let kept = CREDENTIALS.into_iter().filter_map(|name| Some((name.clone(), headers.get(&name)?.clone())));
        Self { app: app.clone(), org, headers: kept.collect(), from, asked: Instant::now() }
    }

    /// The organisation that is listened to.
    pub(super) fn org(&self) -> OrgId {
        self.org
    }

    /// Whether the credential still opens this organisation. When nobody can tell for the moment, the line goes on.
    pub(super) async fn may_hear(&mut self) -> bool {
        if self.asked.elapsed() < ASK_EVERY {
            return true;
        }
        self.asked = Instant::now();
        let Ok(Some(credential)) = credential::find(&self.headers, self.app.is_secure()) else { return false };
        match self.app.auth().authenticate(credential, &self.from).await {
            Ok(Some(principal)) => principal.org == self.org && principal.permissions.has(Permission::View),
            Ok(None) => false,
            Err(error) => error.status().is_server_error(),
        }
    }
}
