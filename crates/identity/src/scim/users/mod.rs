//! Users: people who are members of the organisation.
//!
//! Rules: an email that another organisation knows is not taken over; a person of several organisations keeps their name and
//! email; an owner's email is theirs, and nobody becomes an owner from outside; the last owner stays. A password is never taken.

mod columns;
mod create;
mod delete;
mod draft;
mod list;
mod patch;
mod replace;
mod resource;
mod show;
mod write;

pub(crate) use create::post;
pub(crate) use delete::delete;
pub(crate) use list::{get as list, page, search};
pub(crate) use patch::patch;
pub(crate) use replace::put;
pub(crate) use show::get;

use kernel::db::OrgTx;
use kernel::ids::MemberId;
use serde_json::Value;

use super::etag::Versions;
use super::{Provider, ScimError, version};
use crate::store::provisioned::{self, Provisioned};
use crate::store::teams;

/// The member an id names.
async fn found(tx: &mut OrgTx, id: &str) -> Result<Provisioned, ScimError> {
    let id: MemberId = id.parse().map_err(|_| ScimError::missing("user"))?;
    provisioned::find(tx, id).await?.ok_or_else(|| ScimError::missing("user"))
}

/// Changes a member to what `decide` makes of them, if they are as the caller knows them, and commits.
async fn changed(
    provider: &Provider,
    mut tx: OrgTx,
    id: MemberId,
    versions: &Versions,
    hand: &write::Hand<'_>,
    decide: impl FnOnce(&Provisioned) -> Result<draft::Draft, ScimError>,
) -> Result<Value, ScimError> {
    let locked = write::lock(&mut tx, id).await?;
    // Read again under the lock: what is decided on is what is changed.
    let before = found(&mut tx, &id.to_string()).await?;
    let shown = rendered(&mut tx, &before, provider.base.as_str()).await?;
    versions.require(version(&shown))?;
    let draft = decide(&before)?;
    if !write::write(&mut tx, &before, locked, &draft, hand).await? {
        return Ok(shown);
    }
    let after = found(&mut tx, &id.to_string()).await?;
    let user = rendered(&mut tx, &after, provider.base.as_str()).await?;
    tx.commit().await?;
    provider.identity.doorkeeper().forget();
    Ok(user)
}

/// A member as a resource, teams included.
async fn rendered(tx: &mut OrgTx, member: &Provisioned, base: &str) -> Result<Value, ScimError> {
    let groups = teams::of_members(tx, &[member.id]).await?;
    let groups: Vec<_> = groups.iter().map(|(_, team, name)| (*team, name.as_str())).collect();
    Ok(resource::render(member, &groups, base))
}
