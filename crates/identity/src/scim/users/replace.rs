//! `PUT /scim/v2/Users/{id}`: the user is what the body says. Okta writes every change like this.

use axum::extract::State;
use axum::http::StatusCode;
use shell::auth::permission::Scim;
use shell::{Allowed, Path};

use super::draft::Draft;
use super::write::Hand;
use super::{changed, found};
use crate::origin::Origin;
use crate::scim::Provider;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::attributes;
use crate::scim::etag::Versions;
use crate::scim::projection::Projection;
use crate::scim::schema::USERS;

pub(crate) async fn put(
    State(provider): State<Provider>,
    by: Allowed<Scim>,
    Path(id): Path<String>,
    (origin, versions, projection): (Origin, Versions, Projection),
    Object(body): Object,
) -> Answer {
    let mut tx = by.tx().await?;
    let id = found(&mut tx, &id).await?.id;
    let draft = Draft::of(attributes::read(&body, &USERS)?)?;
    let hand = Hand { by: by.actor(), origin: &origin, whole: true };
    let user = changed(&provider, tx, id, &versions, &hand, |_| Ok(draft)).await?;
    Ok(answer::cut(StatusCode::OK, user, &projection, &USERS))
}
