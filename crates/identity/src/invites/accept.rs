//! `POST /v2/invites/accept`: joining by a link, with a new account or with the one the person has.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::db::system::InviteRow;
use kernel::db::{OrgTx, system};
use kernel::ids::{InviteId, MemberId, UserId};
use kernel::ledger::Actor;
use serde::Deserialize;
use serde_json::json;
use shell::{AppError, Json, Role};
use utoipa::ToSchema;

use crate::input::{Check, Email};
use crate::members::add::seat;
use crate::origin::Origin;
use crate::registration::known_email;
use crate::sessions::open::{self, Arrival, TokensOut};
use crate::store::{invites, members, teams};
use crate::{Identity, factors, secrets, sign_in};

#[derive(Deserialize, ToSchema)]
pub(crate) struct AcceptIn {
    /// The secret of the link.
    pub(crate) token: String,
    /// The person's name, for a new account; ignored for somebody who has one.
    #[serde(default)]
    #[schema(example = "Sam Okafor")]
    pub(crate) name: String,
    /// A password for the new account, or the password of the account the person has.
    #[schema(format = Password)]
    pub(crate) password: String,
}

/// The person who accepts.
pub(crate) enum Newcomer {
    /// An account to be made.
    New { email: Email, name: String, hash: String },
    /// An account that proved itself.
    Known { id: UserId, email: String, name: String },
}

/// Accept an invitation and sign in.
#[utoipa::path(post, path = "/v2/invites/accept", tag = "auth", request_body = AcceptIn, security(()),
    responses((status = 201, body = TokensOut), (status = 401, description = "The password of the existing account is not right."),
        (status = 404, description = "The link ended, was taken back or was used.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    origin: Origin,
    Json(body): Json<AcceptIn>,
) -> Result<(StatusCode, Json<TokensOut>), AppError> {
    let invite = find(&identity, &body.token).await?;
    let newcomer = newcomer(&identity, &invite, &body.name, &body.password, &origin).await?;
    let mut tx = identity.kernel().db.begin(invite.org).await?.called_from(origin.caller());
    let arrival = join(&mut tx, &invite, newcomer, &origin).await?;
    let opened = open::tokens(&mut tx, arrival.user, &origin).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(open::grant(&identity, arrival, opened).await?)))
}

/// The open invitation behind a link.
pub(crate) async fn find(identity: &Identity, token: &str) -> Result<InviteRow, AppError> {
    let kernel = identity.kernel();
    let row = system::invite_by_token(&kernel.db, &secrets::hash(token)).await?;
    row.filter(|row| kernel.clock.now() < row.expires_at)
        .ok_or_else(|| AppError::not_found("open invitation: it ended, was taken back or was used"))
}

/// Whoever accepts: the account of the invited email proves itself by its password; without one, an account is prepared.
pub(crate) async fn newcomer(
    identity: &Identity,
    invite: &InviteRow,
    name: &str,
    password: &str,
    origin: &Origin,
) -> Result<Newcomer, AppError> {
    if system::user_by_email(&identity.kernel().db, &invite.email).await?.is_some() {
        let person = sign_in::prove(identity, &invite.email, password, origin).await?;
        if factors::of(identity, person.id).await?.any() {
            return Err(AppError::conflict(
                "your account has a second factor: sign in first, then open the invitation again",
            ));
        }
        return Ok(Newcomer::Known { id: person.id, email: person.email, name: person.name });
    }
    let mut check = Check::default();
    let email = check.email("email", &invite.email);
    let name = check.name("name", name);
    let password = check.password("password", password);
    check.done()?;
    Ok(Newcomer::New { email, name, hash: identity.hasher().hash(password).await? })
}

/// Uses the invitation up and gives the person their place.
pub(crate) async fn join(
    tx: &mut OrgTx,
    invite: &InviteRow,
    newcomer: Newcomer,
    origin: &Origin,
) -> Result<Arrival, AppError> {
    if !invites::accept(tx, invite.invite).await? {
        return Err(AppError::not_found("open invitation: it ended, was taken back or was used"));
    }
    let (user, email, name) = match newcomer {
        Newcomer::Known { id, email, name } => (id, email, name),
        Newcomer::New { email, name, hash } => {
            let id = members::add_user(tx, &email, &name, &hash).await.map_err(known_email)?;
            (id, email.to_string(), name)
        }
    };
    let role: Role = invite.role.parse().map_err(AppError::internal)?;
    let member = seat(tx, user, role, Actor::User(user), origin).await?;
    join_team(tx, invite.invite, member, user, origin).await?;
    Ok(Arrival { user, name, email, org: invite.org, org_name: invite.org_name.clone() })
}

/// Puts somebody who joined by an invitation into the team it names, if one is still called so: a team that is gone keeps
/// nobody out.
pub(crate) async fn join_team(
    tx: &mut OrgTx,
    invite: InviteId,
    member: MemberId,
    user: UserId,
    origin: &Origin,
) -> Result<(), AppError> {
    let Some(name) = invites::team_of(tx, invite).await? else { return Ok(()) };
    let Some(team) = teams::lock_named(tx, &name).await? else { return Ok(()) };
    teams::put(tx, team.id, &[member]).await?;
    teams::write(tx, team.id, &team.name, team.external_id.as_deref()).await?;
    let entry = AuditEntry::new(Actor::User(user), "team.member_added").about(team.id);
    audit::record(tx, entry.detail(json!({ "member": member })).from_ip(origin.ip)).await?;
    Ok(())
}
