//! Groups: teams, as an identity provider keeps them.
//!
//! A group's version is counted, not hashed: a group of 10,000 is not read to know whether it changed. Members are users of the
//! organisation; groups in groups are refused.

mod columns;
mod create;
mod delete;
mod draft;
mod list;
mod patch;
mod replace;
mod resource;
mod show;

pub(crate) use create::post;
pub(crate) use delete::delete;
pub(crate) use list::{get as list, page, search};
pub(crate) use patch::patch;
pub(crate) use replace::put;
pub(crate) use show::get;

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, TeamId};
use kernel::ledger::Actor;
use serde_json::json;

use super::ScimError;
use super::etag::Versions;
use crate::origin::Origin;
use crate::store::members;
use crate::store::teams::{self, Team};

/// The team an id names, locked, if it is as the caller knows it.
async fn lock(tx: &mut OrgTx, id: &str, versions: &Versions) -> Result<Team, ScimError> {
    let id: TeamId = id.parse().map_err(|_| ScimError::missing("group"))?;
    let team = teams::lock(tx, id).await?.ok_or_else(|| ScimError::missing("group"))?;
    versions.require(&resource::version(&team))?;
    Ok(team)
}

/// Refuses ids that are nobody's.
async fn known(tx: &mut OrgTx, members: &[MemberId]) -> Result<(), ScimError> {
    match teams::strangers(tx, members).await?.first() {
        Some(stranger) => Err(ScimError::bad("invalidValue", format!("there is no user {stranger}"))),
        None => Ok(()),
    }
}

/// What a change of a group comes to.
#[derive(Debug, Default)]
struct Tally {
    added: u64,
    removed: u64,
    named: bool,
}

/// Writes that a group changed, with its row in the audit log; nothing when nothing did.
async fn finish(
    tx: &mut OrgTx,
    before: &Team,
    (name, external_id): (&str, Option<&str>),
    tally: Tally,
    by: Actor,
    origin: &Origin,
) -> Result<(), ScimError> {
    let Tally { added, removed, named } = tally;
    if added == 0 && removed == 0 && !named {
        return Ok(());
    }
    teams::write(tx, before.id, name, external_id).await.map_err(taken)?;
    let detail = json!({ "added": added, "removed": removed, "name": name });
    audit::record(tx, AuditEntry::new(by, "team.provisioned").about(before.id).detail(detail).from_ip(origin.ip))
        .await?;
    Ok(())
}

fn taken(error: sqlx::Error) -> ScimError {
    match members::constraint(&error) {
        Some("teams_name") => ScimError::taken("another group has this displayName"),
        _ => error.into(),
    }
}
