//! Making a member what a provider wants, within one transaction: role, suspension, account, attributes, audit log.

use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::db::{OrgTx, system};
use kernel::ids::MemberId;
use kernel::ledger::Actor;
use serde_json::{Map, Value, json};
use shell::Role;

use super::draft::{Draft, Wanted};
use super::resource::editable;
use crate::members::{role, suspension};
use crate::origin::Origin;
use crate::scim::ScimError;
use crate::store::keys;
use crate::store::members::{self, Member};
use crate::store::provisioned::{self, Provisioned, Written};

/// Who does it, and what is done besides the attributes.
pub(super) struct Hand<'a> {
    pub(super) by: Actor,
    pub(super) origin: &'a Origin,
    /// The provider said everything it has to say (`POST`, `PUT`): its role counts even if it is the one it said before.
    pub(super) whole: bool,
}

/// The member, locked against other changes, and the owners with it.
pub(super) async fn lock(tx: &mut OrgTx, id: MemberId) -> Result<(Member, usize), ScimError> {
    let owners = members::lock_owners(tx).await?;
    let member = members::lock(tx, id).await?.ok_or_else(|| ScimError::missing("user"))?;
    Ok((member, owners))
}

/// An owner is demoted, suspended and removed by a key that an owner or the operator made, as everywhere: an administrator does
/// not come by it through provisioning.
pub(super) async fn may_touch(tx: &mut OrgTx, member: &Member, by: Actor) -> Result<(), ScimError> {
    if member.role != Role::Owner || keys::is_an_owners(tx, by).await? {
        return Ok(());
    }
    Err(ScimError::told(
        StatusCode::FORBIDDEN,
        None,
        "an owner is changed by a token that an owner made; have an owner make the token of this connection",
    ))
}

/// Writes a draft over a locked member; false when nothing changed.
pub(super) async fn write(
    tx: &mut OrgTx,
    before: &Provisioned,
    (mut member, mut owners): (Member, usize),
    draft: &Draft,
    hand: &Hand<'_>,
) -> Result<bool, ScimError> {
    let old = editable(before);
    let mut changed = false;
    let demoted = matches!(draft.role(Some(member.role))?, Wanted::Role(wanted) if wanted != member.role);
    if demoted || draft.active.is_some_and(|active| active == member.suspended_at.is_some()) {
        may_touch(tx, &member, hand.by).await?;
    }
    if let Wanted::Role(wanted) = draft.role(Some(member.role))?
        && (hand.whole || old.get("roles") != draft.attributes.get("roles"))
    {
        changed |= role::set(tx, &mut member, wanted, owners, hand.by, hand.origin).await?;
        owners = members::lock_owners(tx).await?;
    }
    if let Some(active) = draft.active {
        changed |= suspension::set(tx, &mut member, !active, owners, hand.by, hand.origin).await?;
    }
    changed |= account(tx, &member, draft).await?;
    let scim = kept(draft, hand);
    let same = before.scim.as_ref() == Some(&scim)
        && before.user_name.as_deref() == Some(&draft.user_name)
        && before.external_id == draft.external_id;
    if same {
        return Ok(changed);
    }
    let names = differing(&old, draft);
    let new = Written {
        user_name: &draft.user_name,
        external_id: draft.external_id.as_deref(),
        emails: draft.emails_lower(),
        scim: &scim,
    };
    provisioned::write(tx, member.id, new).await.map_err(taken)?;
    let entry = AuditEntry::new(hand.by, "member.provisioned").about(member.id).detail(json!({ "attributes": names }));
    audit::record(tx, entry.from_ip(hand.origin.ip)).await?;
    Ok(true)
}

/// The attributes as they are kept; a null for `active` when a patch took it away.
fn kept(draft: &Draft, hand: &Hand<'_>) -> Value {
    let mut kept = draft.attributes.clone();
    if draft.active.is_none() && !hand.whole {
        kept.insert("active".into(), Value::Null);
    }
    kept.into()
}

/// The person's account follows the provider, where it is this organisation's to change.
///
/// A provider that says no name or no email any more takes none away: somebody signs in with it.
async fn account(tx: &mut OrgTx, member: &Member, draft: &Draft) -> Result<bool, ScimError> {
    let new_name = draft.name().filter(|name| *name != member.name);
    let new_email = draft.email().map(|email| email.to_string()).filter(|email| *email != member.email);
    if new_name.is_none() && new_email.is_none() {
        return Ok(false);
    }
    if new_email.is_some() && member.role == Role::Owner {
        return Err(ScimError::bad(
            "mutability",
            "the email of an owner is not changed by SCIM; the owner can change it",
        ));
    }
    let done =
        system::change_person(tx, member.user, new_name.as_deref(), new_email.as_deref()).await.map_err(taken)?;
    if !done && new_email.is_some() {
        let theirs = "this person belongs to another organisation too; their email is theirs to change";
        return Err(ScimError::bad("mutability", theirs));
    }
    // A name that was not changed is theirs; what the provider calls them is kept with its attributes.
    Ok(done)
}

/// Names of the attributes that changed: the audit log does not repeat what is in them.
fn differing(old: &Map<String, Value>, draft: &Draft) -> Vec<String> {
    let mut new = draft.attributes.clone();
    new.insert("userName".into(), draft.user_name.as_str().into());
    if let Some(external_id) = &draft.external_id {
        new.insert("externalId".into(), external_id.as_str().into());
    }
    let mut names: Vec<String> = old
        .keys()
        .chain(new.keys())
        .filter(|key| *key != "active" && old.get(*key) != new.get(*key))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Says which of the things that are one person's alone somebody else has.
pub(super) fn taken(error: sqlx::Error) -> ScimError {
    match members::constraint(&error) {
        Some("members_user_name") => ScimError::taken("another user has this userName"),
        Some("users_email") => ScimError::taken("there is an account with this email already"),
        _ => error.into(),
    }
}
