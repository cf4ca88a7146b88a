//! The second step of the sign-in: the password was right, and the person has a second factor.
//!
//! Rules: until the second step there is no session, only a pending sign-in of five minutes behind a random token. Nothing here
//! answers to anybody who did not give the right password first, so nobody learns who has a factor. A pending sign-in is used
//! once; wrong codes are counted by person, however many pending sign-ins they are spread over.

use axum::extract::State;
use chrono::Duration;
use kernel::db::system::{self, Factors, PendingRow};
use kernel::ids::{OrgId, UserId};
use serde::Deserialize;
use serde_json::Value;
use shell::{App, AppError, Json, Need};
use utoipa::ToSchema;

use crate::factors::{self, Given};
use crate::origin::Origin;
use crate::passkeys::{self, Purpose};
use crate::sessions::open::{self, Arrival, TokensOut};
use crate::{Identity, secrets};

/// How long the second step may take.
pub(crate) const LASTS: Duration = Duration::minutes(5);

/// The pending sign-in and one of the three.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SecondFactorIn {
    /// What the answer of `/v2/auth/login` gave as `pending`.
    pending: String,
    /// The code of an authenticator app.
    #[schema(example = "123456")]
    code: Option<String>,
    /// A recovery code.
    #[schema(example = "abcd-efgh-ijkl-mnop")]
    recovery_code: Option<String>,
    /// What `navigator.credentials.get` gave for the options, as JSON.
    #[schema(value_type = Option<Object>)]
    passkey: Option<Value>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PendingIn {
    /// What the answer of `/v2/auth/login` gave as `pending`.
    pending: String,
}

/// The one thing somebody proves themselves by.
pub(crate) fn given(
    code: Option<String>,
    recovery_code: Option<String>,
    passkey: Option<Value>,
) -> Result<Given, AppError> {
    match (code, recovery_code, passkey) {
        (Some(code), None, None) => Ok(Given::Code(code)),
        (None, Some(code), None) => Ok(Given::RecoveryCode(code)),
        (None, None, Some(passkey)) => Ok(Given::Passkey(passkey)),
        _ => Err(AppError::unprocessable("send one of code, recovery_code and passkey")),
    }
}

/// Ask for the options with which a browser uses a passkey as the second factor.
#[utoipa::path(post, path = "/v2/auth/login/second-factor/options", tag = "auth", request_body = PendingIn, security(()),
    responses((status = 200, description = "For `navigator.credentials.get`.", body = Object),
        (status = 401, description = "The sign-in is over.")))]
pub(crate) async fn options(
    State(identity): State<Identity>,
    State(app): State<App>,
    Json(PendingIn { pending }): Json<PendingIn>,
) -> Result<Json<Value>, AppError> {
    let row = find(&identity, &pending).await?;
    Ok(Json(passkeys::for_use(&identity, &app, Purpose::SecondStep, Some(row.user_id)).await?))
}

/// Finish a sign-in whose password was right with the second factor.
#[utoipa::path(post, path = "/v2/auth/login/second-factor", tag = "auth", request_body = SecondFactorIn, security(()),
    responses((status = 200, body = TokensOut), (status = 401, description = "The factor is not right, or the sign-in is over."),
        (status = 429, description = "Too many attempts; see `Retry-After`.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    origin: Origin,
    Json(body): Json<SecondFactorIn>,
) -> Result<Json<TokensOut>, AppError> {
    let SecondFactorIn { pending, code, recovery_code, passkey } = body;
    let row = finish(&identity, &app, &pending, given(code, recovery_code, passkey)?, &origin).await?;
    let seat = super::seat(&identity, row.user_id, row.wanted).await?;
    let mut tx = identity.kernel().db.begin(seat.org).await?.called_from(origin.caller());
    let opened = open::tokens(&mut tx, row.user_id, &origin).await?;
    tx.commit().await?;
    let person = super::named(&identity, row.user_id).await?;
    let arrival = Arrival::at(&seat, row.user_id, person.name, person.email);
    Ok(Json(open::grant(&identity, arrival, opened).await?))
}

/// Begins the second step for somebody whose password was right, if they have a second factor; gives its token.
pub(crate) async fn begin(
    identity: &Identity,
    user: UserId,
    wanted: Option<OrgId>,
) -> Result<Option<(String, Factors)>, AppError> {
    let kernel = identity.kernel();
    let factors = factors::of(identity, user).await?;
    if !factors.any() {
        return Ok(None);
    }
    let token = secrets::fresh("rp_")?;
    let now = kernel.clock.now();
    let row = PendingRow { user_id: user, wanted };
    system::add_pending(&kernel.db, &secrets::hash(&token), row, (now, now + LASTS)).await?;
    Ok(Some((token, factors)))
}

/// The answer to a program whose password was right.
pub(crate) fn outstanding(pending: &str, factors: &Factors) -> AppError {
    let ways = [
        (factors.totp_at.is_some(), "code"),
        (factors.passkeys > 0, "passkey"),
        (factors.recovery_left > 0, "recovery_code"),
    ];
    let ways: Vec<&str> = ways.into_iter().filter_map(|(has, way)| has.then_some(way)).collect();
    AppError::needs(Need::SecondFactor).and("pending", pending).and("ways", ways.join(" "))
}

/// The sign-in behind a token.
pub(crate) async fn find(identity: &Identity, pending: &str) -> Result<PendingRow, AppError> {
    let kernel = identity.kernel();
    system::pending_by_token(&kernel.db, &secrets::hash(pending), kernel.clock.now()).await?.ok_or_else(over)
}

/// Proves the second factor of a pending sign-in and uses the sign-in up.
pub(crate) async fn finish(
    identity: &Identity,
    app: &App,
    pending: &str,
    given: Given,
    origin: &Origin,
) -> Result<PendingRow, AppError> {
    let row = find(identity, pending).await?;
    factors::prove(identity, app, (Purpose::SecondStep, row.user_id), given, origin).await?;
    let kernel = identity.kernel();
    if system::use_pending(&kernel.db, &secrets::hash(pending), kernel.clock.now()).await? {
        Ok(row)
    } else {
        Err(over())
    }
}

fn over() -> AppError {
    AppError::unauthenticated("this sign-in took too long or is over; begin again with your password")
}
