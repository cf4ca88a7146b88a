//! The domains of the overview: adding, looking again, giving up.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Form};

use super::{done, overview};
use crate::Identity;
use crate::origin::Origin;
use crate::sso::domains::api;

#[derive(Deserialize)]
pub(crate) struct Which {
    domain: String,
}

pub(crate) async fn add(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(Which { domain }): Form<Which>,
) -> Result<Response, AppError> {
    match api::add(&by, &domain, &origin).await {
        Ok(claimed) => Ok(done(format!("Now put the record of {} into its DNS", claimed.name), "/settings/sso")),
        Err(error) => overview::problem(&by, error).await,
    }
}

pub(crate) async fn verify(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(Which { domain }): Form<Which>,
) -> Result<Response, AppError> {
    match api::verify_now(&by, &domain, &origin).await {
        Ok(verified) => Ok(done(format!("{} is verified", verified.name), "/settings/sso")),
        Err(error) => overview::problem(&by, error).await,
    }
}

pub(crate) async fn remove(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(Which { domain }): Form<Which>,
) -> Result<Response, AppError> {
    match api::remove(&identity, &by, &domain, &origin).await {
        Ok(()) => Ok(done(format!("{domain} is given up"), "/settings/sso")),
        Err(error) => overview::problem(&by, error).await,
    }
}
