//! `GET /scim/v2/Users/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::{found, rendered};
use crate::scim::answer::{self, Answer};
use crate::scim::etag::Versions;
use crate::scim::projection::Projection;
use crate::scim::schema::USERS;
use crate::scim::{Base, version};

pub(crate) async fn get(
    State(base): State<Base>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    versions: Versions,
    projection: Projection,
) -> Answer {
    let mut tx = by.tx().await?;
    let member = found(&mut tx, &id).await?;
    let user = rendered(&mut tx, &member, base.as_str()).await?;
    if versions.is_known(version(&user)) {
        return Ok(answer::not_modified(version(&user)));
    }
    Ok(answer::cut(StatusCode::OK, user, &projection, &USERS))
}
