//! `PATCH /scim/v2/Users/{id}`: all operations or none.

use axum::extract::State;
use axum::http::StatusCode;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::draft::Draft;
use super::resource::editable;
use super::write::Hand;
use super::{changed, found};
use crate::origin::Origin;
use crate::scim::Provider;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::etag::Versions;
use crate::scim::patch;
use crate::scim::projection::Projection;
use crate::scim::schema::USERS;

pub(crate) async fn patch(
    State(provider): State<Provider>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    (origin, versions, projection): (Origin, Versions, Projection),
    Object(body): Object,
) -> Answer {
    let mut tx = by.tx().await?;
    let id = found(&mut tx, &id).await?.id;
    let operations = patch::operations(&body)?;
    let hand = Hand { by: by.actor(), origin: &origin, whole: false };
    let user = changed(&provider, tx, id, &versions, &hand, |before| {
        let mut fields = editable(before);
        operations.iter().try_for_each(|op| patch::apply(&mut fields, op, &USERS))?;
        Draft::of(fields)
    })
    .await?;
    Ok(answer::cut(StatusCode::OK, user, &projection, &USERS))
}
