//! `GET /v2/auth/sessions`: where the caller is signed in.

use chrono::{DateTime, Utc};
use kernel::ids::{SessionId, UserId};
use kernel::ledger::Actor;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Principal};
use utoipa::ToSchema;

use crate::device;
use crate::store::sessions::{self, Standing};

/// A session of the caller in this organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSessionOut {
    pub(crate) id: SessionId,
    /// Browser and system, or the program's name, as it says itself.
    #[schema(example = "Firefox on Linux")]
    pub(crate) device: String,
    /// `browser` or `token`.
    #[schema(example = "browser")]
    pub(crate) kind: String,
    /// The address it was opened from; null when unknown.
    #[schema(example = "203.0.113.7")]
    pub(crate) ip: Option<String>,
    /// When it was opened.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub(crate) seen_at: DateTime<Utc>,
    /// Whether this request belongs to it.
    pub(crate) current: bool,
}

/// Every session, the one used last first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSessionsOut {
    data: Vec<OwnSessionOut>,
}

/// List where you are signed in to this organisation.
#[utoipa::path(get, path = "/v2/auth/sessions", tag = "auth",
    responses((status = 200, body = OwnSessionsOut), (status = 409, description = "An API key has no sessions.")))]
pub(crate) async fn get(by: Allowed<View>) -> Result<Json<OwnSessionsOut>, AppError> {
    Ok(Json(OwnSessionsOut { data: own(&by).await? }))
}

pub(crate) async fn own(by: &Allowed<View>) -> Result<Vec<OwnSessionOut>, AppError> {
    let user = person(by.principal())?;
    let mut tx = by.tx().await?;
    let standing = sessions::standing(&mut tx, user).await?;
    Ok(standing.into_iter().map(|session| told(session, by.principal().session)).collect())
}

/// The person behind the caller.
pub(crate) fn person(caller: &Principal) -> Result<UserId, AppError> {
    match caller.actor {
        Actor::User(user) => Ok(user),
        _ => Err(AppError::conflict("an API key is no person and has no sessions")),
    }
}

fn told(session: Standing, here: Option<SessionId>) -> OwnSessionOut {
    let Standing { id, kind, created_at, seen_at, ip, agent } = session;
    OwnSessionOut {
        id,
        device: device::readable(&agent),
        kind,
        ip: (!ip.is_empty()).then_some(ip),
        created_at,
        seen_at,
        current: here == Some(id),
    }
}
