//! `POST /v2/sso/connections/{id}/test`: what exactly is wrong, step by step.

use axum::extract::State;
use kernel::ids::SsoId;
use serde::Serialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Path};
use utoipa::ToSchema;

use super::list::find;
use crate::sso::oidc::check::Step;
use crate::sso::oidc::{callback_url, check};
use crate::sso::saml;
use crate::store::sso::connections::{self, Kind};
use crate::store::sso::domains;

/// What a test found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestOut {
    /// Whether every step went well.
    pub(crate) ok: bool,
    /// The steps, up to the first that fails.
    pub(crate) steps: Vec<Step>,
}

/// Test a connection: asks the provider for all that a sign-in needs.
#[utoipa::path(post, path = "/v2/sso/connections/{id}/test", tag = "sso", operation_id = "test_sso_connection",
    params(("id" = SsoId, Path,)), responses((status = 200, body = TestOut)))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
) -> Result<Json<TestOut>, AppError> {
    Ok(Json(test(&app, &by, id).await?))
}

pub(crate) async fn test(app: &App, by: &Allowed<ManagePeople>, id: SsoId) -> Result<TestOut, AppError> {
    let connection = find(by, id).await?;
    let callback = callback_url(&app.settings().public_url, id);
    let mut steps = match connection.kind {
        Kind::Oidc => check::run(by.kernel(), by.org(), &connection, &callback).await?,
        Kind::Saml => saml::check::run(by.kernel(), by.org(), &connection).await?,
    };
    let mut tx = by.tx().await?;
    if steps.iter().all(|step| step.ok) {
        steps.push(domains_step(&domains::list(&mut tx).await?));
    }
    let kept = serde_json::to_value(&steps).map_err(AppError::internal)?;
    connections::set_test(&mut tx, id, &kept).await?;
    tx.commit().await?;
    Ok(TestOut { ok: steps.iter().all(|step| step.ok), steps })
}

/// Without a verified domain the provider vouches for nobody.
fn domains_step(all: &[domains::Domain]) -> Step {
    let verified: Vec<&str> = all.iter().filter(|one| one.verified_at.is_some()).map(|one| one.name.as_str()).collect();
    let ok = !verified.is_empty();
    let text = if ok { verified.join(", ") } else { "no email domain is verified yet: nobody can arrive".to_owned() };
    Step { name: "Email domains".into(), ok, text }
}
