//! Opening a session, for a browser or for a program.

use std::time::Duration;

use axum::http::HeaderValue;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::db::system::Seat;
use kernel::ids::{OrgId, SessionId, SsoId, UserId};
use kernel::ledger::Actor;
use serde::Serialize;
use serde_json::json;
use shell::{App, AppError};
use utoipa::ToSchema;

use super::{Came, LASTS, LONGEST, Proof, notice};
use crate::origin::Origin;
use crate::policy::AccessList;
use crate::sso::only;
use crate::store::policies;
use crate::store::sessions::{self, NewSession};
use crate::tokens::{ACCESS_LASTS, Claims};
use crate::{Identity, secrets};

/// Who is signing in, and to which organisation.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) org: OrgId,
    pub(crate) org_name: String,
}

impl Arrival {
    pub(crate) fn at(seat: &Seat, user: UserId, name: String, email: String) -> Self {
        Self { user, name, email, org: seat.org, org_name: seat.org_name.clone() }
    }
}

/// What a program gets when it signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensOut {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Exchange it, once, at `/v2/auth/refresh` for the next pair.
    refresh_token: String,
    /// Seconds until the access token ends.
    #[schema(example = 900)]
    expires_in: i64,
    /// The organisation the tokens belong to.
    org: OrgOut,
    /// The person.
    user: UserOut,
}

/// An organisation, by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrgOut {
    pub(crate) id: OrgId,
    #[schema(example = "Northwind Dental & Aesthetics")]
    pub(crate) name: String,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserOut {
    pub(crate) id: UserId,
    #[schema(example = "dana@example.com")]
    pub(crate) email: String,
    #[schema(example = "Dana Whitfield")]
    pub(crate) name: String,
}

/// A cookie's value; the cookie outlives the session, the database decides.
pub(crate) struct Cookie(String);

impl Cookie {
    /// The `Set-Cookie` header.
    pub(crate) fn header(&self, app: &App) -> Result<HeaderValue, AppError> {
        let lasts = LONGEST.to_std().unwrap_or(Duration::ZERO);
        shell::auth::session_cookie(&self.0, lasts, app.is_secure())
    }
}

/// A session of a program, not yet told to it: the access token is signed after the commit.
pub(crate) struct Opened {
    pub(crate) session: SessionId,
    pub(crate) refresh: String,
}

/// Opens a browser session for somebody who just proved their password, with its row in the audit log.
pub(crate) async fn browser(tx: &mut OrgTx, user: UserId, origin: &Origin) -> Result<Cookie, AppError> {
    browser_by(tx, user, origin, Proof::now(Came::Password)).await
}

/// The same for somebody an identity provider vouched for.
pub(crate) async fn vouched(
    tx: &mut OrgTx,
    user: UserId,
    origin: &Origin,
    connection: SsoId,
) -> Result<Cookie, AppError> {
    cookie(tx, user, origin, Proof::now(Came::Sso), Some(connection)).await
}

/// The same for another proof.
pub(crate) async fn browser_by(
    tx: &mut OrgTx,
    user: UserId,
    origin: &Origin,
    proof: Proof,
) -> Result<Cookie, AppError> {
    cookie(tx, user, origin, proof, None).await
}

async fn cookie(
    tx: &mut OrgTx,
    user: UserId,
    origin: &Origin,
    proof: Proof,
    vouched_by: Option<SsoId>,
) -> Result<Cookie, AppError> {
    let cookie = secrets::fresh("")?;
    let token_hash = Some(secrets::hash(&cookie));
    open(tx, user, origin, NewSession { kind: "browser", token_hash, lasts: LASTS, proof, vouched_by }).await?;
    Ok(Cookie(cookie))
}

/// Opens a session of a program for somebody who just proved their password, with its first refresh token and its row in the
/// audit log.
pub(crate) async fn tokens(tx: &mut OrgTx, user: UserId, origin: &Origin) -> Result<Opened, AppError> {
    tokens_by(tx, user, origin, Proof::now(Came::Password)).await
}

/// The same for another proof.
pub(crate) async fn tokens_by(tx: &mut OrgTx, user: UserId, origin: &Origin, proof: Proof) -> Result<Opened, AppError> {
    let new = NewSession { kind: "token", token_hash: None, lasts: LASTS, proof, vouched_by: None };
    let session = open(tx, user, origin, new).await?;
    let refresh = secrets::fresh("rr_")?;
    sessions::add_refresh(tx, session, &secrets::hash(&refresh), LASTS).await?;
    Ok(Opened { session, refresh })
}

async fn open(tx: &mut OrgTx, user: UserId, origin: &Origin, mut new: NewSession) -> Result<SessionId, AppError> {
    let policy = policies::get(tx).await?;
    AccessList::new(&policy.networks).check(origin.ip)?;
    new.lasts = policy.lasts(new.lasts);
    let (kind, by, vouched_by) = (new.kind, new.proof.by.as_str(), new.vouched_by);
    only::admit(tx, user, vouched_by, origin).await?;
    let new_device = notice::is_new_device(tx, user, origin).await?;
    let session = sessions::add(tx, user, origin, new).await?;
    if new_device {
        notice::queue(tx, session);
    }
    let detail = match vouched_by {
        Some(connection) => json!({ "kind": kind, "by": by, "sso": connection }),
        None => json!({ "kind": kind, "by": by }),
    };
    let entry = AuditEntry::new(Actor::User(user), "sign_in").about(session).detail(detail);
    audit::record(tx, entry.from_ip(origin.ip)).await?;
    Ok(session)
}

/// The answer to a program whose session is committed.
pub(crate) async fn grant(identity: &Identity, arrival: Arrival, opened: Opened) -> Result<TokensOut, AppError> {
    let Arrival { user, name, email, org, org_name } = arrival;
    let claims = Claims::new(user, org, opened.session, identity.kernel().clock.now());
    Ok(TokensOut {
        access_token: identity.keys().sign(&claims).await?,
        token_type: "Bearer",
        refresh_token: opened.refresh,
        expires_in: ACCESS_LASTS.num_seconds(),
        org: OrgOut { id: org, name: org_name },
        user: UserOut { id: user, email, name },
    })
}
