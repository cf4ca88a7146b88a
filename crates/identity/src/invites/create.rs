//! `POST /v2/invites`: inviting a person. An earlier invitation to the same email stops working.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ledger::{Event, Fact, Subject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Role};
use utoipa::ToSchema;

use super::{InviteOut, LASTS, letter};
use crate::input::Check;
use crate::members::may_touch;
use crate::origin::Origin;
use crate::secrets;
use crate::store::invites::{self, Invite};
use crate::store::members;

#[derive(Deserialize, ToSchema)]
pub(crate) struct InviteIn {
    #[schema(example = "sam@example.com")]
    pub(crate) email: String,
    pub(crate) role: Role,
}

/// An invitation made a moment ago.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InviteMade {
    #[serde(flatten)]
    invite: InviteOut,
    /// Whether the link went to the person by letter. Then it is not shown here: whoever accepts proves their address.
    letter_sent: bool,
    /// Pass it on to the person; it works once and is shown only now. Null when a letter carries it.
    link: Option<String>,
    /// The secret in the link, for `POST /v2/invites/accept`. Null when a letter carries it.
    token: Option<String>,
}

/// An invitation with the secret of its link.
pub(crate) struct Fresh {
    pub(crate) invite: Invite,
    pub(crate) token: String,
    /// Whether a letter carries it.
    pub(crate) sent: bool,
}

impl Fresh {
    /// What the API tells.
    pub(crate) fn out(self, app: &App) -> InviteMade {
        let Self { invite, token, sent } = self;
        let (link, token) = if sent { (None, None) } else { (Some(link(app, &token)), Some(token)) };
        InviteMade { invite: invite.into(), letter_sent: sent, link, token }
    }
}

/// Invite a person.
#[utoipa::path(post, path = "/v2/invites", tag = "members", request_body = InviteIn,
    responses((status = 201, body = InviteMade), (status = 409, description = "The person is a member already.")))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(new): Json<InviteIn>,
) -> Result<(StatusCode, Json<InviteMade>), AppError> {
    Ok((StatusCode::CREATED, Json(create(&app, &by, &new.email, new.role, &origin).await?.out(&app))))
}

pub(crate) async fn create(
    app: &App,
    by: &Allowed<ManagePeople>,
    email: &str,
    role: Role,
    origin: &Origin,
) -> Result<Fresh, AppError> {
    may_touch(by.principal(), role)?;
    let mut check = Check::default();
    let email = check.email("email", email);
    check.done()?;
    let token = secrets::fresh("")?;
    let mut tx = by.tx().await?;
    if members::has_email(&mut tx, &email).await? {
        return Err(AppError::conflict("this person is a member already"));
    }
    let made = (secrets::hash(&token), by.actor().to_string());
    let invite =
        invites::add(&mut tx, &email, role, (&made.0, &made.1), LASTS).await.map_err(
            |error| match members::constraint(&error) {
                Some("invites_open") => AppError::conflict("somebody else is inviting this person at this moment"),
                _ => error.into(),
            },
        )?;
    let fact = Fact::MemberInvited { invite: invite.id, role: role.to_string() };
    tx.append(Event::new(Subject::Org(by.org()), by.actor(), fact));
    let entry = AuditEntry::new(by.actor(), "member.invited").about(invite.id).detail(json!({ "role": role }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    let sent = letter::post(&mut tx, app, by, (&invite.email, role), &token).await?;
    tx.commit().await?;
    Ok(Fresh { invite, token, sent })
}

pub(crate) fn link(app: &App, token: &str) -> String {
    format!("{}/invite/{token}", app.settings().public_url)
}
