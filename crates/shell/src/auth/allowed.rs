//! The extractor that is the permission.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{MemberId, OrgId};
use kernel::ledger::Actor;

use super::identify::{Caller, Identity};
use super::{Permission, Permits, Principal};
use crate::edge::RequestInfo;
use crate::page::Frame;
use crate::{App, AppError, Need};

/// How long a proof of who somebody is counts as fresh.
pub const FRESH: TimeDelta = TimeDelta::minutes(15);

/// What somebody reaches who has yet to set up the second factor their organisation asks for: the way to set it up, and out.
const BEFORE_FACTOR: [&str; 5] = ["/settings/profile", "/v2/auth", "/verify", "/sign-out", "/organisations"];

/// A signed-in caller who has permission `P`. On the API its absence is 401 or 403; on a page, the sign-in page.
pub struct Allowed<P> {
    app: App,
    caller: Arc<Caller>,
    info: RequestInfo,
    permission: PhantomData<P>,
}

impl<P: Permits> Allowed<P> {
    /// The caller's organisation.
    pub fn org(&self) -> OrgId {
        self.caller.principal.org
    }

    /// Who acts, as the ledger records it.
    pub fn actor(&self) -> Actor {
        self.caller.principal.actor
    }

    /// The member behind the caller; none for a key.
    pub fn member(&self) -> Option<MemberId> {
        self.caller.principal.member
    }

    /// All that is known about the caller.
    pub fn principal(&self) -> &Principal {
        &self.caller.principal
    }

    /// Whether the caller also has another permission (to show or hide a button; never to guard an action).
    pub fn may(&self, permission: Permission) -> bool {
        self.caller.principal.permissions.has(permission)
    }

    /// Begins a transaction that sees the caller's organisation and no other; rows of the audit log tell from where.
    pub async fn tx(&self) -> Result<OrgTx, AppError> {
        Ok(self.app.kernel().db.begin(self.org()).await?.called_from(self.info.caller()))
    }

    /// Passes for a person who proved who they are within [`FRESH`], and for keys, whose scopes are explicit. Ask it before what
    /// a stolen session must not do: making keys, exporting, erasing, changing sign-on, turning factors off.
    pub fn fresh(&self) -> Result<(), AppError> {
        let principal = self.principal();
        let proved = principal.verified_at.is_some_and(|at| self.now() < at + FRESH);
        if proved || principal.session.is_none() { Ok(()) } else { Err(AppError::needs(Need::Verify)) }
    }

    /// What every handler can reach: the settings of the web frame among it.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The kernel: clock, queue, live bus, vault.
    pub fn kernel(&self) -> &Kernel {
        self.app.kernel()
    }

    /// The current instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.kernel().clock.now()
    }

    /// The page frame for this caller and this request.
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        Frame::signed_in(&self.app, &self.caller, &self.info, title.into())
    }

    /// What is known about the request itself: its id, path, client address.
    pub fn request(&self) -> &RequestInfo {
        &self.info
    }
}

impl<P, S> FromRequestParts<S> for Allowed<P>
where
    P: Permits,
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let caller = caller(parts)?;
        let (app, info) = (App::from_ref(state), RequestInfo::of(parts));
        let overdue = caller.principal.factor_due.is_some_and(|due| due <= app.kernel().clock.now());
        if overdue && !BEFORE_FACTOR.iter().any(|way| within(&info.path, way)) {
            return Err(AppError::needs(Need::SetUpFactor));
        }
        if !caller.principal.permissions.has(P::PERMISSION) {
            return Err(AppError::forbidden(refusal(&caller.principal, P::PERMISSION)));
        }
        Ok(Self { app, caller, info, permission: PhantomData })
    }
}

fn caller(parts: &Parts) -> Result<Arc<Caller>, AppError> {
    match parts.extensions.get::<Identity>() {
        Some(Identity::Known(caller)) => Ok(caller.clone()),
        Some(Identity::Barred(reason)) => Err(AppError::forbidden(reason.to_string())),
        Some(Identity::Refused) => {
            Err(AppError::unauthenticated("the credential is not valid or has expired; sign in again"))
        }
        Some(Identity::Anonymous) | None => {
            Err(AppError::unauthenticated("sign in, or send a bearer token or an API key"))
        }
    }
}

/// Whether a path is a page or below it.
fn within(path: &str, page: &str) -> bool {
    path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn refusal(principal: &Principal, permission: Permission) -> String {
    match principal.role {
        Some(role) => format!("a member with the role {role} may not {}", permission.describe()),
        None => format!("this key does not have the scope {permission}"),
    }
}

/// The caller if there is one: for public pages that greet a member, and for signing out.
pub struct MaybeSignedIn(pub Option<Principal>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeSignedIn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(match parts.extensions.get::<Identity>() {
            Some(Identity::Known(caller)) => Some(caller.principal.clone()),
            _ => None,
        }))
    }
}

/// `Option<Allowed<P>>`: none instead of a refusal.
impl<P, S> OptionalFromRequestParts<S> for Allowed<P>
where
    P: Permits,
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await.ok())
    }
}
