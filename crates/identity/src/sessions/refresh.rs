//! `POST /v2/auth/refresh`: exchanges a refresh token, once, for the next pair.
//!
//! A token that was exchanged before and comes again has been copied: the whole family ends. Two requests that race with the
//! same unused token are not that: one wins, the other is refused and nothing ends.

use axum::extract::State;
use kernel::db::system;
use serde::Deserialize;
use shell::{AppError, Json};
use utoipa::ToSchema;

use super::close;
use super::open::{Arrival, Opened, TokensOut, grant};
use crate::origin::Origin;
use crate::policy::{self, AccessList};
use crate::store::sessions;
use crate::{Identity, secrets};

#[derive(Deserialize, ToSchema)]
pub(crate) struct RefreshIn {
    /// The newest refresh token of the session.
    refresh_token: String,
}

/// Exchange a refresh token for the next pair.
#[utoipa::path(post, path = "/v2/auth/refresh", tag = "auth", request_body = RefreshIn, security(()),
    responses((status = 200, body = TokensOut), (status = 401, description = "The token is unknown, ended or was used before.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    origin: Origin,
    Json(RefreshIn { refresh_token }): Json<RefreshIn>,
) -> Result<Json<TokensOut>, AppError> {
    let db = &identity.kernel().db;
    let hash = secrets::hash(&refresh_token);
    let row = system::refresh_by_hash(db, &hash).await?.ok_or_else(refused)?;
    if row.used_at.is_some() {
        close::close_family(&identity, row.org, row.session, &origin).await?;
        return Err(refused());
    }
    let now = identity.kernel().clock.now();
    let session =
        system::session_by_id(db, row.org, row.session).await?.filter(|session| now < policy::ends_at(session));
    let session = session.filter(|_| now < row.expires_at).ok_or_else(refused)?;
    AccessList::new(&session.networks).check(origin.ip)?;
    let lasts = policy::refresh_lasts(&session, now);
    let mut tx = db.begin(row.org).await?.called_from(origin.caller());
    if !sessions::use_refresh(&mut tx, &hash).await? {
        return Err(AppError::unauthenticated("another request is using this refresh token; use the pair it got"));
    }
    let refresh = secrets::fresh("rr_")?;
    sessions::add_refresh(&mut tx, row.session, &secrets::hash(&refresh), lasts).await?;
    if !sessions::prolong(&mut tx, row.session, lasts).await? {
        return Err(refused());
    }
    tx.commit().await?;
    let arrival = Arrival {
        user: session.user_id,
        name: session.name,
        email: session.email,
        org: session.org,
        org_name: session.org_name,
    };
    Ok(Json(grant(&identity, arrival, Opened { session: row.session, refresh }).await?))
}

fn refused() -> AppError {
    AppError::unauthenticated("the refresh token is not valid any more; sign in again")
}
