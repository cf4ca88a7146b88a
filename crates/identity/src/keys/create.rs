//! `POST /v2/keys`: making a key. Its secret is in the answer and nowhere else.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{KeyId, OrgId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::network::Network;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Permission, Permissions};
use utoipa::ToSchema;

use super::KeyOut;
use crate::input::Check;
use crate::secrets;
use crate::store::keys::{self, ApiKey};

/// More networks than this want a firewall.
const MOST_NETWORKS: usize = 50;

/// A key to be made.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct NewKey {
    /// What it is for.
    #[schema(example = "Website chat")]
    pub name: String,
    /// What it may do: at least one, none that the maker has not.
    pub scopes: Vec<Permission>,
    /// When it ends by itself; absent or null for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The networks it may be used from, such as `192.0.2.0/24`; from everywhere when there are none.
    #[serde(default)]
    #[schema(example = json!(["192.0.2.0/24"]))]
    pub allow_from: Vec<String>,
}

/// A key with its secret, which is shown only now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyMade {
    #[serde(flatten)]
    pub(super) made: KeyOut,
    /// Send it as `X-API-Key` or `Authorization: Bearer …`.
    #[schema(example = "rk_01h455vb4pex5vsknk084sn02qk3m8zw")]
    pub(super) key: String,
}

/// Make an API key.
#[utoipa::path(post, path = "/v2/keys", tag = "keys", request_body = NewKey,
    responses((status = 201, body = KeyMade), (status = 422, description = "Fields are not valid, or a scope is more than you have.")))]
pub(crate) async fn post(
    by: Allowed<ManagePeople>,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, Json<KeyMade>), AppError> {
    let (made, key) = create_by(&by, new).await?;
    Ok((StatusCode::CREATED, Json(KeyMade { made: made.into(), key })))
}

pub(crate) async fn create_by(by: &Allowed<ManagePeople>, new: NewKey) -> Result<(ApiKey, String), AppError> {
    let Actor::User(maker) = by.actor() else {
        return Err(AppError::forbidden("a key cannot make keys; sign in to make one"));
    };
    by.fresh()?;
    let new = checked(new, by.principal().permissions.for_keys(), by.now())?;
    let mut tx = by.tx().await?;
    let made = write(&mut tx, new, by.actor(), Some(maker)).await?;
    tx.commit().await?;
    Ok(made)
}

/// Makes a key that belongs to no member: for the command line. Returns its id and its secret.
pub async fn create(kernel: &Kernel, org: OrgId, new: NewKey) -> Result<(KeyId, String), AppError> {
    let new = checked(new, Permissions::ALL, kernel.clock.now())?;
    let mut tx = kernel.db.begin(org).await?;
    let (made, key) = write(&mut tx, new, Actor::System, None).await?;
    tx.commit().await?;
    Ok((made.id, key))
}

pub(super) fn checked(new: NewKey, limit: Permissions, now: DateTime<Utc>) -> Result<NewKey, AppError> {
    let NewKey { name, scopes, expires_at, allow_from } = new;
    let mut check = Check::default();
    let name = check.name("name", &name);
    if scopes.is_empty() {
        check.complain("scopes", "choose at least one");
    }
    if let Some(more) = scopes.iter().find(|scope| !limit.has(**scope)) {
        check.complain("scopes", format!("you do not have {more} yourself"));
    }
    if expires_at.is_some_and(|end| end <= now) {
        check.complain("expires_at", "must be in the future");
    }
    let allow_from = networks(&mut check, &allow_from);
    check.done()?;
    Ok(NewKey { name, scopes, expires_at, allow_from })
}

/// The networks as they are kept: each once, in one spelling.
fn networks(check: &mut Check, given: &[String]) -> Vec<String> {
    if given.len() > MOST_NETWORKS {
        check.complain("allow_from", format!("must have at most {MOST_NETWORKS} networks"));
    }
    let mut networks = Vec::new();
    for text in given {
        match text.trim().parse::<Network>() {
            Ok(network) if networks.contains(&network.to_string()) => {}
            Ok(network) => networks.push(network.to_string()),
            Err(error) => check.complain("allow_from", error.to_string()),
        }
    }
    networks
}

pub(super) async fn write(
    tx: &mut OrgTx,
    new: NewKey,
    by: Actor,
    made_by: Option<UserId>,
) -> Result<(ApiKey, String), AppError> {
    let NewKey { name, scopes, expires_at, allow_from } = new;
    let key = secrets::fresh_key()?;
    let scopes: Permissions = scopes.into_iter().collect();
    let row = keys::NewKey {
        name: &name,
        start: secrets::shown(&key),
        hash: secrets::hash(&key),
        scopes,
        made_by,
        expires_at,
        allow_from: allow_from.clone(),
    };
    let made = keys::add(tx, row).await?;
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::KeyCreated { key: made.id }));
    let rights = json!({ "scopes": made.scopes, "allow_from": allow_from, "expires_at": made.expires_at });
    let entry =
        AuditEntry::new(by, "key.created").about(made.id).detail(json!({ "name": name })).change(Value::Null, rights);
    audit::record(tx, entry).await?;
    Ok((made, key))
}
