//! Registering an organisation with its first owner, in one transaction: all of it exists or nothing.

pub(crate) mod api;
pub(crate) mod page;

use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, OrgId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::FirstKey;
use serde::Deserialize;
use shell::{AppError, Role};
use utoipa::ToSchema;

use crate::input::{Check, Email};
use crate::passwords::Hasher;
use crate::store::members;

/// What is asked of somebody who registers an organisation.
#[derive(Clone, Deserialize, ToSchema)]
pub struct NewOrganisation {
    /// The organisation's name.
    #[schema(example = "Northwind Dental & Aesthetics")]
    pub organisation: String,
    /// The first owner's name.
    #[schema(example = "Dana Whitfield")]
    pub name: String,
    /// The first owner's email.
    #[schema(example = "dana@example.com")]
    pub email: String,
    /// The first owner's password: at least 8 characters.
    #[schema(format = Password)]
    pub password: String,
}

/// What registering made.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The organisation.
    pub org: OrgId,
    /// Its first owner.
    pub user: UserId,
    /// The owner's membership.
    pub member: MemberId,
}

/// A registration whose fields were checked and whose password is hashed.
pub(crate) struct Ready {
    pub(crate) organisation: String,
    pub(crate) name: String,
    pub(crate) email: Email,
    hash: String,
    /// The new organisation and its first data key, which a far master key may have wrapped.
    pub(crate) org: OrgId,
    key: FirstKey,
}

/// Registers an organisation: for the command line and the demo.
pub async fn register(kernel: &Kernel, new: NewOrganisation) -> Result<Registered, AppError> {
    let ready = prepare(kernel, &Hasher::default(), new).await?;
    let mut tx = kernel.db.begin(ready.org).await?;
    let registered = write(&mut tx, ready).await?;
    tx.commit().await?;
    Ok(registered)
}

/// Checks the fields, hashes the password and makes the data key.
pub(crate) async fn prepare(kernel: &Kernel, hasher: &Hasher, new: NewOrganisation) -> Result<Ready, AppError> {
    let NewOrganisation { organisation, name, email, password } = new;
    let mut check = Check::default();
    let organisation = check.name("organisation", &organisation);
    let name = check.name("name", &name);
    let email = check.email("email", &email);
    let password = check.password("password", &password);
    check.done()?;
    let hash = hasher.hash(password).await?;
    let org = OrgId::new(&kernel.clock);
    let key = kernel.vault.first_key(org).await?;
    Ok(Ready { organisation, name, email, hash, org, key })
}

/// Writes the organisation, its data key, its owner and the facts, on a transaction of the new organisation's id.
pub(crate) async fn write(tx: &mut OrgTx, ready: Ready) -> Result<Registered, AppError> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("insert into organisations (id, name, created_at) values ($1, $2, $3)")
        .bind(org)
        .bind(&ready.organisation)
        .bind(now)
        .execute(tx.conn())
        .await?;
    ready.key.keep(tx).await?;
    let user = members::add_user(tx, &ready.email, &ready.name, &ready.hash).await.map_err(known_email)?;
    let member = members::add(tx, user, Role::Owner).await?;
    let actor = Actor::User(user);
    let cause = tx.append(Event::new(Subject::Org(org), actor, Fact::OrgRegistered {}));
    let joined = Fact::MemberJoined { member, role: Role::Owner.to_string() };
    tx.append(Event::new(Subject::Member(member), actor, joined).caused_by(cause));
    audit::record(tx, AuditEntry::new(actor, "org.registered").about(org)).await?;
    Ok(Registered { org, user, member })
}

/// An email that somebody has already is a conflict that says what to do.
pub(crate) fn known_email(error: sqlx::Error) -> AppError {
    match members::constraint(&error) {
        Some("users_email") => AppError::conflict("there is an account with this email already; sign in instead"),
        _ => error.into(),
    }
}
