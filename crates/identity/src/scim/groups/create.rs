//! `POST /scim/v2/Groups`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use serde_json::json;
use shell::Allowed;
use shell::auth::permission::Scim;

use super::draft::{Draft, ids};
use super::resource::render;
use super::{known, taken};
use crate::origin::Origin;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::projection::Projection;
use crate::scim::schema::GROUPS;
use crate::scim::{Base, ScimError};
use crate::store::teams;

pub(crate) async fn post(
    State(base): State<Base>,
    by: Allowed<Scim>,
    origin: Origin,
    projection: Projection,
    Object(body): Object,
) -> Answer {
    let draft = Draft::read(&body)?;
    let mut tx = by.tx().await?;
    known(&mut tx, &ids(&draft.members)).await?;
    let id = teams::add(&mut tx, &draft.name, draft.external_id.as_deref()).await.map_err(taken)?;
    let added = teams::put_named(&mut tx, id, &draft.members, true).await?;
    let entry = AuditEntry::new(by.actor(), "team.created").about(id);
    let entry = entry.detail(json!({ "name": draft.name, "added": added })).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    let team = teams::find(&mut tx, id).await?.ok_or_else(|| ScimError::missing("group"))?;
    tx.commit().await?;
    let group = render(&team, Some(&draft.members), base.as_str());
    Ok(answer::cut(StatusCode::CREATED, group, &projection, &GROUPS))
}
