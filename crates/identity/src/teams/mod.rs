//! Teams: named sets of members. An identity provider knows them as groups and keeps them by SCIM.
//!
//! A team gives nobody a right; roles do. Its name is unique in the organisation, whatever the case of its letters.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fellows;
pub(crate) mod list;
pub(crate) mod membership;
pub(crate) mod page;
pub(crate) mod show;

use chrono::{DateTime, Utc};
use kernel::ids::{MemberId, TeamId};
use serde::Serialize;
use shell::AppError;
use utoipa::ToSchema;

use crate::input::Check;
use crate::store::members;
use crate::store::teams::{Fellow, Team};

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamOut {
    pub(crate) id: TeamId,
    #[schema(example = "Front desk")]
    pub(crate) name: String,
    /// The id by which the identity provider knows it; null for a team made here.
    pub(crate) external_id: Option<String>,
    /// How many members are in it.
    pub(crate) size: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
}

impl From<Team> for TeamOut {
    fn from(team: Team) -> Self {
        let Team { id, name, external_id, version: _, created_at, changed_at, size } = team;
        Self { id, name, external_id, size, created_at, changed_at }
    }
}

/// Somebody in a team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FellowOut {
    pub(crate) id: MemberId,
    #[schema(example = "Dana Whitfield")]
    pub(crate) name: String,
    #[schema(example = "dana@example.com")]
    pub(crate) email: String,
}

impl From<Fellow> for FellowOut {
    fn from(fellow: Fellow) -> Self {
        let Fellow { id, name, email } = fellow;
        Self { id, name, email }
    }
}

/// A name a person typed.
fn checked_name(text: &str) -> Result<String, AppError> {
    let mut check = Check::default();
    let name = check.name("name", text);
    check.done()?;
    Ok(name)
}

/// A name that another team has is a complaint about the field.
pub(crate) fn taken(error: sqlx::Error) -> AppError {
    match members::constraint(&error) {
        Some("teams_name") => AppError::conflict("there is a team with this name already"),
        _ => error.into(),
    }
}
