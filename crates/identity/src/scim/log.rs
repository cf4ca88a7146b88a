//! The provider's last requests, kept small, so that whoever sets it up sees what arrives and why something is refused.
//!
//! Kept: method, path without the query, status, reason, client. Not kept: bodies, queries, names.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use kernel::CanFail;
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use shell::{AppError, MaybeSignedIn};

use super::error::Reason;
use crate::Desk;
use crate::origin::Origin;
use crate::store::scim_log::{self, NewRequest};

/// The most characters of a path or a reason.
const LONGEST: usize = 200;

/// Middleware: notes a request of a key, whatever becomes of it.
pub(super) async fn note(
    State(desk): State<Desk>,
    MaybeSignedIn(principal): MaybeSignedIn,
    origin: Origin,
    request: Request,
    next: Next,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let Some(principal) = principal else { return response };
    let Actor::Key(key) = principal.actor else { return response };
    let reason = match response.extensions().get::<Reason>() {
        Some(Reason(reason)) => reason.chars().take(LONGEST).collect(),
        None if response.status().as_u16() == 403 => "the key does not have the scope scim".to_owned(),
        None => String::new(),
    };
    let new = NewRequest {
        key,
        method: method.as_str(),
        path: path.chars().take(LONGEST).collect(),
        status: response.status().as_u16(),
        reason,
        agent: &origin.agent,
    };
    written(&desk, principal.org, new).await.can_fail("noting a request of the identity provider");
    response
}

async fn written(desk: &Desk, org: OrgId, new: NewRequest<'_>) -> Result<(), AppError> {
    let mut tx = desk.app.kernel().db.begin(org).await?;
    scim_log::add(&mut tx, new).await?;
    tx.commit().await?;
    Ok(())
}
