//! `POST /v2/keys/{id}/rotate`: a new key with the same rights; the old one goes on for a while, so that nothing stops.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{KeyId, OrgId, UserId};
use kernel::ledger::Actor;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Path, Permissions};
use utoipa::ToSchema;

use super::create::{self, KeyMade, NewKey};
use crate::Identity;
use crate::input::Check;
use crate::store::keys::{self, ApiKey};

/// The longest that two keys may stand side by side: 30 days.
pub(crate) const LONGEST_OVERLAP: u32 = 30 * 24;

/// How a key is rotated.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct Rotation {
    /// For how long the old key goes on, in hours; 0 ends it at once.
    #[schema(minimum = 0, maximum = 720, example = 24)]
    overlap_hours: u32,
}

/// Who rotates: what they may give, and whose key the new one is.
struct Rotator {
    actor: Actor,
    limit: Permissions,
    maker: Option<UserId>,
}

/// Rotate an API key: make one with the same rights, and let the old one end after the overlap.
#[utoipa::path(post, path = "/v2/keys/{id}/rotate", tag = "keys", params(("id" = KeyId, Path,)), request_body = Rotation,
    responses((status = 201, body = KeyMade), (status = 409, description = "The key was rotated before, or has ended."),
        (status = 422, description = "The overlap is too long, or the key has a scope that you have not.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    Path(id): Path<KeyId>,
    Json(Rotation { overlap_hours }): Json<Rotation>,
) -> Result<(StatusCode, Json<KeyMade>), AppError> {
    let (made, key) = rotate_by(&identity, &by, id, overlap_hours).await?;
    Ok((StatusCode::CREATED, Json(KeyMade { made: made.into(), key })))
}

pub(crate) async fn rotate_by(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    id: KeyId,
    overlap_hours: u32,
) -> Result<(ApiKey, String), AppError> {
    let Actor::User(maker) = by.actor() else {
        return Err(AppError::forbidden("a key cannot rotate keys; sign in to rotate one"));
    };
    by.fresh()?;
    let rotator = Rotator { actor: by.actor(), limit: by.principal().permissions.for_keys(), maker: Some(maker) };
    let mut tx = by.tx().await?;
    let made = replace(&mut tx, id, overlap_hours, rotator).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(made)
}

/// Rotates a key, which stays its maker's: for the command line. Returns the new key's id and its secret.
pub async fn rotate(kernel: &Kernel, org: OrgId, id: KeyId, overlap_hours: u32) -> Result<(KeyId, String), AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let rotator = Rotator { actor: Actor::System, limit: Permissions::ALL, maker: None };
    let (made, key) = replace(&mut tx, id, overlap_hours, rotator).await?;
    tx.commit().await?;
    Ok((made.id, key))
}

async fn replace(tx: &mut OrgTx, id: KeyId, overlap_hours: u32, by: Rotator) -> Result<(ApiKey, String), AppError> {
    let now = tx.clock().now();
    let old = keys::lock(tx, id).await?.ok_or_else(|| AppError::not_found("key"))?;
    let new = same_rights(&old, overlap_hours, now)?;
    let new = create::checked(new, by.limit, now)?;
    // The new key has no more than who makes it: that is the rotator, or for the operator whoever made the old one.
    let (made, key) = create::write(tx, new, by.actor, by.maker.or(old.made_by)).await?;
    let overlap_ends = now + Duration::hours(i64::from(overlap_hours));
    let ends_at = old.expires_at.map_or(overlap_ends, |end| end.min(overlap_ends));
    keys::succeed(tx, id, made.id, ends_at).await?;
    let entry =
        AuditEntry::new(by.actor, "key.rotated").about(id).detail(json!({ "name": old.name, "successor": made.id }));
    let entry = entry.change(json!({ "expires_at": old.expires_at }), json!({ "expires_at": ends_at }));
    audit::record(tx, entry).await?;
    Ok((made, key))
}

/// The key to make: the same rights, and as long a life as the old one was given.
fn same_rights(old: &ApiKey, overlap_hours: u32, now: DateTime<Utc>) -> Result<NewKey, AppError> {
    if old.expires_at.is_some_and(|end| end <= now) {
        return Err(AppError::conflict("this key has ended: nothing was changed; make a new one"));
    }
    if old.successor.is_some() {
        return Err(AppError::conflict(
            "this key was rotated before: nothing was changed; rotate the key that took over",
        ));
    }
    let mut check = Check::default();
    if overlap_hours > LONGEST_OVERLAP {
        check.complain("overlap_hours", format!("must be at most {LONGEST_OVERLAP}"));
    }
    check.done()?;
    Ok(NewKey {
        name: old.name.clone(),
        // A scope that this version does not know gives nothing, here as at the door.
        scopes: old.scopes.iter().filter_map(|word| word.parse().ok()).collect(),
        expires_at: old.expires_at.map(|end| now + (end - old.created_at)),
        allow_from: old.allow_from.clone(),
    })
}
