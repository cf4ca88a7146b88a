//! `PATCH /v2/sso/connections/{id}`.

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::SsoId;
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Patch, Path, Role};
use utoipa::ToSchema;

use super::create::sealed;
use super::{ConnectionOut, checked};
use crate::origin::Origin;
use crate::store::sso::connections::{self, Connection, GroupRole};
use crate::store::sso::{links, only};

/// What to change of a connection.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub(crate) struct ConnectionPatch {
    pub(crate) name: Option<String>,
    pub(crate) enabled: Option<bool>,
    /// Another issuer has other accounts: people are linked anew, and the secret has to be entered again.
    pub(crate) issuer: Option<String>,
    /// Replaces all of the kind's settings.
    #[schema(value_type = Option<Object>)]
    pub(crate) settings: Option<Value>,
    /// Null takes the secret away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) secret: Patch<String>,
    pub(crate) group_roles: Option<Vec<GroupRole>>,
    /// Null: nobody comes in without one of the groups.
    #[serde(default)]
    #[schema(value_type = Option<Role>)]
    pub(crate) default_role: Patch<Role>,
    pub(crate) just_in_time: Option<bool>,
    pub(crate) idp_initiated: Option<bool>,
}

/// Change a connection.
#[utoipa::path(patch, path = "/v2/sso/connections/{id}", tag = "sso", operation_id = "change_sso_connection",
    params(("id" = SsoId, Path,)), request_body = ConnectionPatch,
    responses((status = 200, body = ConnectionOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 409, description = "It is the only way in.")))]
pub(crate) async fn patch(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Json(patch): Json<ConnectionPatch>,
) -> Result<Json<ConnectionOut>, AppError> {
    let changed = change(&by, id, patch, &origin).await?;
    Ok(Json(ConnectionOut::of(changed, &app.settings().public_url)))
}

pub(crate) async fn change(
    by: &Allowed<ManagePeople>,
    id: SsoId,
    patch: ConnectionPatch,
    origin: &Origin,
) -> Result<Connection, AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    let before = connections::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?;
    let (mut after, new_secret) = patched(before.clone(), patch);
    match new_secret {
        Patch::Absent => {}
        Patch::Null => after.secret = None,
        Patch::Value(text) => after.secret = sealed(by, id, Some(text)).await?,
    }
    after.updated_at = by.now();
    let after = checked(by.kernel(), after)?;
    let moved = before.issuer != after.issuer && !before.issuer.is_empty();
    if moved && after.secret.is_some() && after.secret == before.secret {
        return Err(AppError::field("secret", "enter the secret again: it was entered for another issuer"));
    }
    if before.enabled && !after.enabled {
        stays_open(&mut tx, id).await?;
    }
    connections::put(&mut tx, &after).await?;
    let ended = if moved { links::remove_all(&mut tx, id).await? } else { 0 };
    let entry = AuditEntry::new(by.actor(), "sso.connection_changed").about(id);
    let detail = json!({ "fields": changed_fields(&before, &after), "links_ended": ended });
    audit::record(&mut tx, entry.detail(detail).from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Refuses to close the last way in while it is the only one allowed.
pub(super) async fn stays_open(tx: &mut OrgTx, closing: SsoId) -> Result<(), AppError> {
    if only::since(tx).await?.is_none() {
        return Ok(());
    }
    if connections::list(tx).await?.iter().any(|other| other.enabled && other.id != closing) {
        return Ok(());
    }
    Err(AppError::conflict(
        "while single sign-on is the only way in, its last connection stays in use; allow other ways first",
    ))
}

pub(crate) fn patched(connection: Connection, patch: ConnectionPatch) -> (Connection, Patch<String>) {
    let ConnectionPatch {
        name,
        enabled,
        issuer,
        settings,
        secret,
        group_roles,
        default_role,
        just_in_time,
        idp_initiated,
    } = patch;
    let changed = Connection {
        name: name.unwrap_or(connection.name),
        enabled: enabled.unwrap_or(connection.enabled),
        issuer: issuer.unwrap_or(connection.issuer),
        settings: settings.unwrap_or(connection.settings),
        group_roles: group_roles.unwrap_or(connection.group_roles),
        default_role: default_role.or(connection.default_role),
        just_in_time: just_in_time.unwrap_or(connection.just_in_time),
        idp_initiated: idp_initiated.unwrap_or(connection.idp_initiated),
        ..connection
    };
    (changed, secret)
}

/// The names of what differs; values are left to the row itself, and a secret is never written down.
fn changed_fields(before: &Connection, after: &Connection) -> Vec<&'static str> {
    [
        ("name", before.name != after.name),
        ("enabled", before.enabled != after.enabled),
        ("issuer", before.issuer != after.issuer),
        ("settings", before.settings != after.settings),
        ("secret", before.secret != after.secret),
        ("group_roles", before.group_roles != after.group_roles),
        ("default_role", before.default_role != after.default_role),
        ("just_in_time", before.just_in_time != after.just_in_time),
        ("idp_initiated", before.idp_initiated != after.idp_initiated),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}
