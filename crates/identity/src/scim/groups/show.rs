//! `GET /scim/v2/Groups/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::TeamId;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::resource::{render, version};
use crate::scim::answer::{self, Answer};
use crate::scim::etag::Versions;
use crate::scim::projection::Projection;
use crate::scim::schema::GROUPS;
use crate::scim::{Base, ScimError};
use crate::store::teams;

pub(crate) async fn get(
    State(base): State<Base>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    versions: Versions,
    projection: Projection,
) -> Answer {
    let id: TeamId = id.parse().map_err(|_| ScimError::missing("group"))?;
    let mut tx = by.tx().await?;
    let team = teams::find(&mut tx, id).await?.ok_or_else(|| ScimError::missing("group"))?;
    if versions.is_known(&version(&team)) {
        return Ok(answer::not_modified(&version(&team)));
    }
    let members = if projection.gives("members") { Some(teams::named(&mut tx, id).await?) } else { None };
    let group = render(&team, members.as_deref(), base.as_str());
    Ok(answer::cut(StatusCode::OK, group, &projection, &GROUPS))
}
