//! From a proven outside identity to a member with a session, or a refusal that says what to do.
//!
//! [`decide`] is the whole policy and touches nothing; [`arrive`] gathers what it needs, does what it says and writes it down.

use kernel::audit::{self, AuditEntry};
use kernel::db::system::Person;
use kernel::db::{OrgTx, system};
use kernel::ids::{OrgId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::json;
use shell::{AppError, Role};

use super::{Proof, domain_of};
use crate::input::Email;
use crate::invites::accept::join_team;
use crate::members::add::seat;
use crate::origin::Origin;
use crate::sessions::open::{self, Cookie};
use crate::store::invites::{self, Invite};
use crate::store::members;
use crate::store::sso::connections::Connection;
use crate::store::sso::domains;
use crate::store::sso::links::{self, Place};
use crate::{Identity, passwords};

/// The longest subject; OpenID Connect allows no more.
const LONGEST_SUBJECT: usize = 255;

/// What is known when somebody arrives.
#[derive(Debug, Default)]
struct Known {
    /// The person this account was linked to, with their place if they have one.
    linked: Option<(UserId, Option<Place>)>,
    /// The person with the proven email, and whether another account of this provider is linked to them.
    account: Option<(UserId, bool, Option<Place>)>,
    /// Whether the organisation proved that the domain is its own: the domain of the linked person's account, else of the
    /// proven email.
    own_domain: bool,
    /// An open invitation to the proven email.
    invite: Option<Invite>,
    /// The person was a member and was removed, or left.
    former: bool,
}

/// What to do with somebody who may come in.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// They are a member; the role, when it changes.
    Enter(UserId, Option<(Place, Role)>),
    /// They have an account and get a place.
    Join(UserId, Role),
    /// They get an account and a place.
    Create(Role),
}

/// Why somebody may not come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    NoSubject,
    NoEmail,
    Unverified,
    Domain,
    OtherAccount,
    Removed,
    Suspended,
    NotInvited,
    NoGroup,
}

impl Denied {
    /// A stable word for the audit log.
    fn word(&self) -> &'static str {
        match self {
            Self::NoSubject => "no_subject",
            Self::NoEmail => "no_email",
            Self::Unverified => "email_not_verified",
            Self::Domain => "domain_not_verified",
            Self::OtherAccount => "other_account_linked",
            Self::Removed => "removed",
            Self::Suspended => "suspended",
            Self::NotInvited => "not_invited",
            Self::NoGroup => "no_group",
        }
    }

    /// What the person reads.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::NoSubject => "your provider did not say which account signed in; ask whoever administers it",
            Self::NoEmail => {
                "your provider did not send an email address; whoever administers it has to release the email to Recoup"
            }
            Self::Unverified => {
                "your provider says that your email address is not verified; verify it there, then sign in again"
            }
            Self::Domain => {
                "the domain of your email address is not verified by this organisation, so its provider cannot vouch for you; \
                 an administrator verifies it under Settings, Single sign-on"
            }
            Self::OtherAccount => {
                "another account of your provider is linked with your email address; an administrator can remove that link \
                 under Settings, Single sign-on"
            }
            Self::Removed => {
                "you are not a member of this organisation any more; ask an administrator for an invitation"
            }
            Self::Suspended => "your membership of this organisation is suspended; ask an administrator",
            Self::NotInvited => "you are not a member of this organisation yet; ask an administrator for an invitation",
            Self::NoGroup => "none of your groups has access to Recoup; ask whoever administers your provider",
        }
    }
}

/// Lets a proven person in: links or makes their account when the rules allow it, settles their role, opens a session.
pub(crate) async fn arrive(
    identity: &Identity,
    org: OrgId,
    connection: &Connection,
    proof: &Proof,
    origin: &Origin,
) -> Result<Cookie, AppError> {
    let email = proof.email.as_deref().and_then(|text| Email::parse(text).ok());
    let account = match &email {
        Some(email) => system::user_by_email(&identity.kernel().db, email.as_str()).await?,
        None => None,
    };
    let mut tx = identity.kernel().db.begin(org).await?.called_from(origin.caller());
    let known = gather(&mut tx, connection, proof, email.as_ref(), account).await?;
    let step = match decide(&known, connection, proof, email.as_ref()) {
        Ok(step) => step,
        Err(denied) => return Err(refuse(tx, connection, denied, origin).await?),
    };
    let new_link = known.linked.is_none();
    let role_changes = matches!(step, Step::Enter(_, Some(_)));
    let user = carry_out(&mut tx, step, known.invite, (email.as_ref(), proof), origin).await?;
    let address = email.as_ref().map_or("", Email::as_str);
    if new_link {
        links::add(&mut tx, connection.id, &proof.subject, user, address).await.map_err(at_once)?;
        let entry = AuditEntry::new(Actor::User(user), "sso.linked").about(connection.id);
        audit::record(&mut tx, entry.detail(json!({ "email": address })).from_ip(origin.ip)).await?;
    } else {
        links::seen(&mut tx, connection.id, &proof.subject, address).await?;
    }
    let cookie = open::vouched(&mut tx, user, origin, connection.id).await?;
    tx.commit().await?;
    if role_changes {
        identity.doorkeeper().forget();
    }
    Ok(cookie)
}

async fn gather(
    tx: &mut OrgTx,
    connection: &Connection,
    proof: &Proof,
    email: Option<&Email>,
    account: Option<Person>,
) -> Result<Known, AppError> {
    let mut known = Known::default();
    let mut domain = email.map(|email| domain_of(email.as_str()).to_owned());
    if let Some(user) = links::find(tx, connection.id, &proof.subject).await? {
        let place = links::place(tx, user).await?;
        if let Some((_, own)) = &place {
            domain = Some(domain_of(own).to_owned());
        }
        known.former = links::is_former(tx, user).await?;
        known.linked = Some((user, place.map(|(place, _)| place)));
    } else if let Some(person) = account {
        let other = links::has(tx, connection.id, person.id).await?;
        let place = links::place(tx, person.id).await?.map(|(place, _)| place);
        known.former = links::is_former(tx, person.id).await?;
        known.account = Some((person.id, other, place));
    }
    if let Some(domain) = domain {
        known.own_domain = domains::is_verified(tx, &domain).await?;
    }
    if let Some(email) = email {
        known.invite = invites::open_for(tx, email).await?;
    }
    Ok(known)
}

/// The policy of arrivals, without any effect.
fn decide(known: &Known, connection: &Connection, proof: &Proof, email: Option<&Email>) -> Result<Step, Denied> {
    let subject = &proof.subject;
    if subject.trim().is_empty() || subject.len() > LONGEST_SUBJECT || subject.contains(char::is_control) {
        return Err(Denied::NoSubject);
    }
    let mapped = mapped(connection, &proof.groups);
    match &known.linked {
        Some((_, Some(_))) if !known.own_domain => Err(Denied::Domain),
        Some((user, Some(place))) => settled(*user, *place, connection, mapped),
        Some((user, None)) => match &known.invite {
            _ if email.is_none() => Err(Denied::Removed),
            _ if proof.email_verified == Some(false) => Err(Denied::Unverified),
            _ if !known.own_domain => Err(Denied::Domain),
            Some(invite) => Ok(Step::Join(*user, invite.role)),
            None => Err(Denied::Removed),
        },
        None => first(known, connection, proof, email, mapped),
    }
}

/// Somebody whose account is not linked yet: the email finds them, and the domain must be ours for it to count.
fn first(
    known: &Known,
    connection: &Connection,
    proof: &Proof,
    email: Option<&Email>,
    mapped: Option<Role>,
) -> Result<Step, Denied> {
    if email.is_none() {
        return Err(Denied::NoEmail);
    }
    if proof.email_verified == Some(false) {
        return Err(Denied::Unverified);
    }
    if !known.own_domain {
        return Err(Denied::Domain);
    }
    let newcomer = |invite: &Option<Invite>| match (invite, known.former, connection.just_in_time, mapped) {
        (Some(invite), ..) => Ok(invite.role),
        (None, true, ..) => Err(Denied::Removed),
        (None, false, false, _) => Err(Denied::NotInvited),
        (None, false, true, None) => Err(Denied::NoGroup),
        (None, false, true, Some(role)) => Ok(role),
    };
    match &known.account {
        Some((_, true, _)) => Err(Denied::OtherAccount),
        Some((user, false, Some(place))) => settled(*user, *place, connection, mapped),
        Some((user, false, None)) => Ok(Step::Join(*user, newcomer(&known.invite)?)),
        None => Ok(Step::Create(newcomer(&known.invite)?)),
    }
}

/// A member's role at this arrival: what the groups say, if they say anything. An owner stays one.
fn settled(user: UserId, place: Place, connection: &Connection, mapped: Option<Role>) -> Result<Step, Denied> {
    if place.suspended {
        return Err(Denied::Suspended);
    }
    if connection.group_roles.is_empty() || place.role == Role::Owner {
        return Ok(Step::Enter(user, None));
    }
    let role = mapped.ok_or(Denied::NoGroup)?;
    Ok(Step::Enter(user, (role != place.role).then_some((place, role))))
}

/// The role of the first line whose group the person has, else the default. Never owner, whatever the table says.
fn mapped(connection: &Connection, groups: &[String]) -> Option<Role> {
    let line = connection.group_roles.iter().find(|line| groups.contains(&line.group));
    line.map(|line| line.role).or(connection.default_role).filter(|role| *role != Role::Owner)
}

/// Does what was decided and gives the person.
async fn carry_out(
    tx: &mut OrgTx,
    step: Step,
    invite: Option<Invite>,
    (email, proof): (Option<&Email>, &Proof),
    origin: &Origin,
) -> Result<UserId, AppError> {
    let (user, role) = match step {
        Step::Enter(user, None) => return Ok(user),
        Step::Enter(user, Some((place, role))) => {
            change_role(tx, user, place, role, origin).await?;
            return Ok(user);
        }
        Step::Join(user, role) => (user, role),
        Step::Create(role) => {
            // `decide` makes nobody without an email.
            let email = email.ok_or_else(|| AppError::internal(anyhow::anyhow!("somebody new has an email")))?;
            let name = name(proof, email);
            (members::add_user(tx, email, &name, passwords::NO_PASSWORD).await.map_err(at_once)?, role)
        }
    };
    if let Some(invite) = &invite
        && !invites::accept(tx, invite.id).await?
    {
        return Err(AppError::conflict("your invitation was used or taken back at this moment; sign in again"));
    }
    let member = seat(tx, user, role, Actor::User(user), origin).await?;
    if let Some(invite) = invite {
        join_team(tx, invite.id, member, user, origin).await?;
    }
    Ok(user)
}

async fn change_role(tx: &mut OrgTx, user: UserId, place: Place, role: Role, origin: &Origin) -> Result<(), AppError> {
    members::set_role(tx, place.member, role).await?;
    let (from, to) = (place.role.to_string(), role.to_string());
    let detail = json!({ "from": from, "to": to, "by": "groups" });
    let entry = AuditEntry::new(Actor::User(user), "member.role_changed").about(place.member).detail(detail);
    let fact = Fact::MemberRoleChanged { member: place.member, from, to };
    tx.append(Event::new(Subject::Member(place.member), Actor::System, fact));
    audit::record(tx, entry.from_ip(origin.ip)).await?;
    Ok(())
}

/// What the provider calls the person, on one line and short; else the front of their address.
fn name(proof: &Proof, email: &Email) -> String {
    let given: String =
        proof.name.as_deref().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    let front = email.as_str().split('@').next().unwrap_or_default();
    if given.trim().is_empty() { front.to_owned() } else { given.trim().to_owned() }
}

/// Writes the refusal down and makes it an error; nothing else is kept.
async fn refuse(mut tx: OrgTx, connection: &Connection, denied: Denied, origin: &Origin) -> Result<AppError, AppError> {
    let entry = AuditEntry::new(Actor::System, "sso.refused").about(connection.id);
    audit::record(&mut tx, entry.detail(json!({ "why": denied.word() })).from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(AppError::forbidden(denied.text()))
}

/// Two first arrivals of one person race; the second one finds everything in place when it tries again.
fn at_once(error: sqlx::Error) -> AppError {
    match members::constraint(&error) {
        Some("users_email" | "sso_links_pkey" | "sso_links_person") => {
            AppError::conflict("you signed in twice at the same moment; sign in again")
        }
        _ => error.into(),
    }
}
