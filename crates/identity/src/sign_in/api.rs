//! `POST /v2/auth/login`: a session for a program.

use axum::extract::State;
use kernel::ids::OrgId;
use serde::Deserialize;
use shell::{AppError, Json};
use utoipa::ToSchema;

use crate::Identity;
use crate::origin::Origin;
use crate::sessions::open::{self, Arrival, TokensOut};

#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginIn {
    #[schema(example = "dana@example.com")]
    email: String,
    #[schema(format = Password)]
    password: String,
    /// Which organisation, for a person who belongs to several; absent, the one used last.
    organisation: Option<OrgId>,
}

/// Sign in. Somebody who has a second factor gets 401 with the code `second_factor_required` and, in the details, `pending`:
/// send it with the factor to `/v2/auth/login/second-factor` within five minutes.
#[utoipa::path(post, path = "/v2/auth/login", tag = "auth", request_body = LoginIn, security(()),
    responses((status = 200, body = TokensOut), (status = 401, description = "The email or the password is not right."),
        (status = 429, description = "Too many attempts; see `Retry-After`.")))]
pub(crate) async fn login(
    State(identity): State<Identity>,
    origin: Origin,
    Json(LoginIn { email, password, organisation }): Json<LoginIn>,
) -> Result<Json<TokensOut>, AppError> {
    let person = super::prove(&identity, &email, &password, &origin).await?;
    if let Some((pending, factors)) = super::second::begin(&identity, person.id, organisation).await? {
        return Err(super::second::outstanding(&pending, &factors));
    }
    let seat = super::seat(&identity, person.id, organisation).await?;
    let mut tx = identity.kernel().db.begin(seat.org).await?;
    let opened = open::tokens(&mut tx, person.id, &origin).await?;
    tx.commit().await?;
    let arrival = Arrival::at(&seat, person.id, person.name, person.email);
    Ok(Json(open::grant(&identity, arrival, opened).await?))
}
