//! API keys: for programs. A key has scopes (permissions), never more than its maker has today, and is shown once.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod revoke;
pub(crate) mod rotate;

pub use create::{NewKey, create};
pub use list::lines;
pub use revoke::end as revoke;
pub use rotate::rotate;

use chrono::{DateTime, Utc};
use kernel::ids::KeyId;
use serde::Serialize;
use shell::Permission;
use utoipa::ToSchema;

use crate::store::keys::ApiKey;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyOut {
    pub(crate) id: KeyId,
    #[schema(example = "Website chat")]
    pub(crate) name: String,
    /// Its first characters, to recognise it by.
    #[schema(example = "rk_01h455vb")]
    pub(crate) start: String,
    /// What it may do, as long as its maker may.
    pub(crate) scopes: Vec<Permission>,
    /// The name of the member who made it; null when the operator did, or the maker has left and the key with them.
    pub(crate) maker: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When it ends by itself; null for never.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// The address it was last used from; empty when unknown.
    pub(crate) last_used_ip: String,
    /// The networks it may be used from; from everywhere when there are none.
    #[schema(example = json!(["192.0.2.0/24"]))]
    pub(crate) allow_from: Vec<String>,
    /// The key that takes over, when this one was rotated.
    pub(crate) successor: Option<KeyId>,
}

impl From<ApiKey> for KeyOut {
    fn from(key: ApiKey) -> Self {
        let ApiKey {
            id,
            name,
            start,
            scopes,
            maker,
            created_at,
            expires_at,
            last_used_at,
            last_used_ip,
            allow_from,
            successor,
            made_by: _,
        } = key;
        let scopes = scopes.iter().filter_map(|word| word.parse().ok()).collect();
        Self {
            id,
            name,
            start,
            scopes,
            maker,
            created_at,
            expires_at,
            last_used_at,
            last_used_ip,
            allow_from,
            successor,
        }
    }
}
