//! `POST /v2/invites/{id}/resend`: a new link for the same person, for another week. The old link stops working.

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::ids::InviteId;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Path};

use super::create::{Fresh, InviteMade};
use super::{LASTS, letter};
use crate::members::may_touch;
use crate::origin::Origin;
use crate::secrets;
use crate::store::invites::{self, Invite};

/// Send an invitation again: a new link for another week; the old one stops working.
#[utoipa::path(post, path = "/v2/invites/{id}/resend", tag = "members", params(("id" = InviteId, Path,)),
    responses((status = 200, body = InviteMade)))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<InviteId>,
    origin: Origin,
) -> Result<Json<InviteMade>, AppError> {
    Ok(Json(resend(&app, &by, id, &origin).await?.out(&app)))
}

pub(crate) async fn resend(
    app: &App,
    by: &Allowed<ManagePeople>,
    id: InviteId,
    origin: &Origin,
) -> Result<Fresh, AppError> {
    let token = secrets::fresh("")?;
    let mut tx = by.tx().await?;
    let invite = invites::lock_open(&mut tx, id).await?.ok_or_else(|| AppError::not_found("open invitation"))?;
    // Whoever sends sees the link: an administrator must not come by one that makes an owner.
    may_touch(by.principal(), invite.role)?;
    let expires_at = by.now() + LASTS;
    invites::renew(&mut tx, id, &secrets::hash(&token), expires_at).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "invite.resent").about(id).from_ip(origin.ip)).await?;
    let sent = letter::post(&mut tx, app, by, (&invite.email, invite.role), &token).await?;
    tx.commit().await?;
    Ok(Fresh { invite: Invite { expires_at, ..invite }, token, sent })
}
