//! Adding a member without an invitation: an administrator gives a new person their first password.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::{OrgTx, system};
use kernel::ids::{MemberId, OrgId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Role};
use utoipa::ToSchema;

use super::{MemberOut, may_touch};
use crate::Identity;
use crate::input::{Check, Email};
use crate::origin::Origin;
use crate::passwords::Hasher;
use crate::store::members;

/// A person to be made a member.
#[derive(Clone, Deserialize, ToSchema)]
pub struct NewMember {
    /// Their email; nobody may have an account with it yet.
    #[schema(example = "sam@example.com")]
    pub email: String,
    /// Their name.
    #[schema(example = "Sam Okafor")]
    pub name: String,
    /// Their first password: at least 8 characters.
    #[schema(format = Password)]
    pub password: String,
    /// Their role.
    pub role: Role,
}

struct Ready {
    email: Email,
    name: String,
    hash: String,
    role: Role,
}

/// Add a person who has no account yet. Somebody who has one is invited instead.
#[utoipa::path(post, path = "/v2/members", tag = "members", request_body = NewMember,
    responses((status = 201, body = MemberOut), (status = 409, description = "There is an account with this email already.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(new): Json<NewMember>,
) -> Result<(StatusCode, Json<MemberOut>), AppError> {
    may_touch(by.principal(), new.role)?;
    let ready = prepare(identity.hasher(), new).await?;
    let mut tx = by.tx().await?;
    let user = members::add_user(&mut tx, &ready.email, &ready.name, &ready.hash).await.map_err(|error| {
        match members::constraint(&error) {
            Some("users_email") => {
                AppError::conflict("there is an account with this email already; invite them instead")
            }
            _ => error.into(),
        }
    })?;
    let id = seat(&mut tx, user, ready.role, by.actor(), &origin).await?;
    tx.commit().await?;
    let Ready { email, name, role, .. } = ready;
    let email = email.to_string();
    let joined_at = by.now();
    let made = MemberOut { id, user, name, email, role, joined_at, seen_at: None, suspended_at: None };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes a person a member, with an account of their own if they have none: for the command line and the demo. Somebody who
/// has an account keeps its name and password.
pub async fn add(kernel: &Kernel, org: OrgId, new: NewMember) -> Result<MemberId, AppError> {
    let known = match Email::parse(&new.email) {
        Ok(email) => system::user_by_email(&kernel.db, email.as_str()).await?,
        Err(reason) => return Err(AppError::field("email", reason)),
    };
    let role = new.role;
    let ready = if known.is_some() { None } else { Some(prepare(&Hasher::default(), new).await?) };
    let mut tx = kernel.db.begin(org).await?;
    let user = match (known, ready) {
        (None, Some(ready)) => members::add_user(&mut tx, &ready.email, &ready.name, &ready.hash).await?,
        (Some(person), _) => person.id,
        (None, None) => return Err(AppError::internal(anyhow::anyhow!("a person is known or made ready"))),
    };
    let member = seat(&mut tx, user, role, Actor::System, &Origin::default()).await?;
    tx.commit().await?;
    Ok(member)
}

/// Gives a person their place, with the fact and the row in the audit log.
pub(crate) async fn seat(
    tx: &mut OrgTx,
    user: UserId,
    role: Role,
    by: Actor,
    origin: &Origin,
) -> Result<MemberId, AppError> {
    let member = members::add(tx, user, role).await.map_err(|error| match members::constraint(&error) {
        Some("members_once") => AppError::conflict("this person is a member already"),
        _ => error.into(),
    })?;
    tx.append(Event::new(Subject::Member(member), by, Fact::MemberJoined { member, role: role.to_string() }));
    let entry = AuditEntry::new(by, "member.joined").about(member).detail(json!({ "role": role })).from_ip(origin.ip);
    audit::record(tx, entry).await?;
    Ok(member)
}

async fn prepare(hasher: &Hasher, new: NewMember) -> Result<Ready, AppError> {
    let NewMember { email, name, password, role } = new;
    let mut check = Check::default();
    let email = check.email("email", &email);
    let name = check.name("name", &name);
    let password = check.password("password", &password);
    check.done()?;
    Ok(Ready { email, name, hash: hasher.hash(password).await?, role })
}
