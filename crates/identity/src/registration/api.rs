//! `POST /v2/auth/register`.

use axum::extract::State;
use axum::http::StatusCode;
use shell::{AppError, Json};

use super::NewOrganisation;
use crate::Identity;
use crate::origin::Origin;
use crate::sessions::open::{self, Arrival, TokensOut};

/// Register an organisation and sign its first owner in.
#[utoipa::path(post, path = "/v2/auth/register", tag = "auth", request_body = NewOrganisation, security(()),
    responses((status = 201, body = TokensOut), (status = 409, description = "There is an account with this email already."),
        (status = 422, description = "Fields are not valid.")))]
pub(crate) async fn register(
    State(identity): State<Identity>,
    origin: Origin,
    Json(new): Json<NewOrganisation>,
) -> Result<(StatusCode, Json<TokensOut>), AppError> {
    let kernel = identity.kernel();
    let ready = super::prepare(kernel, identity.hasher(), new).await?;
    let mut tx = kernel.db.begin(ready.org).await?.called_from(origin.caller());
    let (name, email, org_name) = (ready.name.clone(), ready.email.to_string(), ready.organisation.clone());
    let made = super::write(&mut tx, ready).await?;
    let opened = open::tokens(&mut tx, made.user, &origin).await?;
    tx.commit().await?;
    let arrival = Arrival { user: made.user, name, email, org: made.org, org_name };
    Ok((StatusCode::CREATED, Json(open::grant(&identity, arrival, opened).await?)))
}
