//! `PUT /scim/v2/Groups/{id}`: the group is what the body says.

use axum::extract::State;
use axum::http::StatusCode;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::draft::{Draft, ids};
use super::resource::render;
use super::{Tally, finish, known, lock};
use crate::origin::Origin;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::etag::Versions;
use crate::scim::projection::Projection;
use crate::scim::schema::GROUPS;
use crate::scim::{Base, ScimError};
use crate::store::teams;

pub(crate) async fn put(
    State(base): State<Base>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    (origin, versions, projection): (Origin, Versions, Projection),
    Object(body): Object,
) -> Answer {
    let mut tx = by.tx().await?;
    let before = lock(&mut tx, &id, &versions).await?;
    let draft = Draft::read(&body)?;
    let listed = ids(&draft.members);
    known(&mut tx, &listed).await?;
    let removed = teams::keep_only(&mut tx, before.id, &listed).await?;
    let added = teams::put_named(&mut tx, before.id, &draft.members, true).await?;
    let named = before.name != draft.name || before.external_id != draft.external_id;
    let names = (draft.name.as_str(), draft.external_id.as_deref());
    finish(&mut tx, &before, names, Tally { added, removed, named }, by.actor(), &origin).await?;
    let team = teams::find(&mut tx, before.id).await?.ok_or_else(|| ScimError::missing("group"))?;
    tx.commit().await?;
    let group = render(&team, Some(&draft.members), base.as_str());
    Ok(answer::cut(StatusCode::OK, group, &projection, &GROUPS))
}
