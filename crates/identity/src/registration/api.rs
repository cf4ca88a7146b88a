//! `POST /v2/auth/register`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::OrgId;
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
    let ready = super::prepare(identity.hasher(), new).await?;
    let mut tx = kernel.db.begin(OrgId::new(&kernel.clock)).await?.called_from(origin.caller());
    let made = super::write(kernel, &mut tx, &ready).await?;
    let opened = open::tokens(&mut tx, made.user, &origin).await?;
    tx.commit().await?;
    let arrival = Arrival {
        user: made.user,
        name: ready.name,
        email: ready.email.to_string(),
        org: made.org,
        org_name: ready.organisation,
    };
    Ok((StatusCode::CREATED, Json(open::grant(&identity, arrival, opened).await?)))
}
