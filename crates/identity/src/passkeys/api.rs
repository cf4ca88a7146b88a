//! The passkeys of the caller, for programs and for the script of the pages.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::system::{self, PasskeyRow};
use kernel::ids::PasskeyId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::permission::View;
use shell::{Allowed, App, AppError, Json, Path};
use utoipa::ToSchema;

use crate::input::Check;
use crate::origin::Origin;
use crate::{Identity, factors, verify};

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyOut {
    id: PasskeyId,
    #[schema(example = "Dana's laptop")]
    name: String,
    /// Whether it is kept by a service that copies it to the person's other devices.
    synced: bool,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

/// A passkey just registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyMade {
    #[serde(flatten)]
    made: PasskeyOut,
    /// Shown once; empty when the person has some already.
    recovery_codes: Vec<String>,
}

/// The passkeys of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeysOut {
    data: Vec<PasskeyOut>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasskeyIn {
    /// What to call it.
    #[schema(example = "Dana's laptop")]
    name: String,
    /// What `navigator.credentials.create` gave for the options, as JSON.
    #[schema(value_type = Object)]
    passkey: Value,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasskeyPatch {
    /// What to call it from now on.
    #[schema(example = "Old laptop")]
    name: String,
}

impl From<PasskeyRow> for PasskeyOut {
    fn from(row: PasskeyRow) -> Self {
        let PasskeyRow { id, name, backed_up, created_at, last_used_at, .. } = row;
        Self { id, name, synced: backed_up, created_at, last_used_at }
    }
}

/// Ask for the options with which a browser makes a passkey. Needs a fresh proof.
#[utoipa::path(post, path = "/v2/auth/passkeys/options", tag = "auth",
    responses((status = 200, description = "For `navigator.credentials.create`.", body = Object),
        (status = 403, description = "`step_up_required`."),
        (status = 409, description = "Recoup is not reached by a host name over HTTPS.")))]
pub(crate) async fn options(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
) -> Result<Json<Value>, AppError> {
    let user = factors::own_account(&identity, &by).await?;
    let named = (by.principal().email.as_str(), by.principal().name.as_str());
    Ok(Json(super::for_registration(&identity, &app, user, named).await?))
}

/// Register a passkey. Needs a fresh proof. Gives recovery codes with your first second factor.
#[utoipa::path(post, path = "/v2/auth/passkeys", tag = "auth", request_body = PasskeyIn,
    responses((status = 201, body = PasskeyMade), (status = 401, description = "It was not accepted."),
        (status = 403, description = "`step_up_required`."), (status = 409, description = "It is registered already.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<View>,
    origin: Origin,
    Json(PasskeyIn { name, passkey }): Json<PasskeyIn>,
) -> Result<(StatusCode, Json<PasskeyMade>), AppError> {
    let (made, recovery_codes) = add(&identity, &app, &by, (&name, passkey), &origin).await?;
    Ok((StatusCode::CREATED, Json(PasskeyMade { made: made.into(), recovery_codes })))
}

/// List your passkeys.
#[utoipa::path(get, path = "/v2/auth/passkeys", tag = "auth", responses((status = 200, body = PasskeysOut)))]
pub(crate) async fn list(State(identity): State<Identity>, by: Allowed<View>) -> Result<Json<PasskeysOut>, AppError> {
    let rows = system::passkeys_of(&identity.kernel().db, verify::person(&by)?).await?;
    Ok(Json(PasskeysOut { data: rows.into_iter().map(PasskeyOut::from).collect() }))
}

/// Show one of your passkeys.
#[utoipa::path(get, path = "/v2/auth/passkeys/{id}", tag = "auth", params(("id" = PasskeyId, Path,)),
    responses((status = 200, body = PasskeyOut)))]
pub(crate) async fn get(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<PasskeyId>,
) -> Result<Json<PasskeyOut>, AppError> {
    let rows = system::passkeys_of(&identity.kernel().db, verify::person(&by)?).await?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(|| AppError::not_found("passkey"))?;
    Ok(Json(row.into()))
}

/// Give a passkey another name.
#[utoipa::path(patch, path = "/v2/auth/passkeys/{id}", tag = "auth", params(("id" = PasskeyId, Path,)),
    request_body = PasskeyPatch, responses((status = 200, body = PasskeyOut)))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<PasskeyId>,
    Json(PasskeyPatch { name }): Json<PasskeyPatch>,
) -> Result<Json<PasskeyOut>, AppError> {
    rename(&identity, &by, id, &name).await?;
    get(State(identity), by, Path(id)).await
}

/// Remove a passkey. Needs a fresh proof.
#[utoipa::path(delete, path = "/v2/auth/passkeys/{id}", tag = "auth", params(("id" = PasskeyId, Path,)),
    responses((status = 204, description = "It is removed."), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "It is the last factor, and the organisation asks for one.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<PasskeyId>,
    origin: Origin,
) -> Result<StatusCode, AppError> {
    remove(&identity, &by, id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Registers a passkey for the caller; gives recovery codes with their first factor.
pub(crate) async fn add(
    identity: &Identity,
    app: &App,
    by: &Allowed<View>,
    (name, passkey): (&str, Value),
    origin: &Origin,
) -> Result<(PasskeyRow, Vec<String>), AppError> {
    let user = factors::own_account(identity, by).await?;
    let name = checked(name)?;
    let made = super::made(identity, app, user, (name, passkey)).await?;
    let what = ("passkey.added", json!({ "passkey": made.id, "synced": made.backed_up }));
    let mut tx = by.tx().await?;
    super::keep(identity, &mut tx, &made).await?;
    let codes = factors::added(identity, &mut tx, (by.actor(), user), what, origin).await?;
    factors::committed(identity, tx).await?;
    Ok((made, codes))
}

pub(crate) async fn rename(identity: &Identity, by: &Allowed<View>, id: PasskeyId, name: &str) -> Result<(), AppError> {
    let (user, name) = (verify::person(by)?, checked(name)?);
    if system::rename_passkey(&identity.kernel().db, user, id, &name).await? {
        Ok(())
    } else {
        Err(AppError::not_found("passkey"))
    }
}

pub(crate) async fn remove(
    identity: &Identity,
    by: &Allowed<View>,
    id: PasskeyId,
    origin: &Origin,
) -> Result<(), AppError> {
    let user = factors::own_account(identity, by).await?;
    let has = factors::of(identity, user).await?;
    let mut tx = by.tx().await?;
    factors::may_go(&mut tx, has.passkeys == 1 && has.totp_at.is_none()).await?;
    if !system::remove_passkey(&mut tx, user, id).await? {
        return Err(AppError::not_found("passkey"));
    }
    let what = ("passkey.removed", json!({ "passkey": id }));
    factors::removed(&mut tx, (by.actor(), user), what, origin).await?;
    factors::committed(identity, tx).await
}

fn checked(name: &str) -> Result<String, AppError> {
    let mut check = Check::default();
    let name = check.name("name", name);
    check.done()?;
    Ok(name)
}
