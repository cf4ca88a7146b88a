//! `DELETE /scim/v2/Users/{id}`: they are no member any more; the person stays one elsewhere.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::{found, rendered, write};
use crate::members::remove::gone;
use crate::origin::Origin;
use crate::scim::answer::Answer;
use crate::scim::etag::Versions;
use crate::scim::{Provider, version};

pub(crate) async fn delete(
    State(provider): State<Provider>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    origin: Origin,
    versions: Versions,
) -> Answer {
    let mut tx = by.tx().await?;
    let id = found(&mut tx, &id).await?.id;
    let (member, owners) = write::lock(&mut tx, id).await?;
    write::may_touch(&mut tx, &member, by.actor()).await?;
    let before = found(&mut tx, &id.to_string()).await?;
    versions.require(version(&rendered(&mut tx, &before, provider.base.as_str()).await?))?;
    gone(&mut tx, id, owners, by.actor(), &origin, |_| Ok(())).await?;
    tx.commit().await?;
    provider.identity.doorkeeper().forget();
    Ok(StatusCode::NO_CONTENT.into_response())
}
