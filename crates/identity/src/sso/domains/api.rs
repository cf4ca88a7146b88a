//! `/v2/sso/domains`: claiming, verifying and giving up email domains.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Query};
use utoipa::{IntoParams, ToSchema};

use super::{claim, look_up, parse, proved, record};
use crate::Identity;
use crate::origin::Origin;
use crate::store::sso::domains::{self, Domain};

/// An email domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainOut {
    #[schema(example = "example.com")]
    domain: String,
    /// The TXT record that proves the domain is yours.
    #[schema(example = "recoup-verification=Zm9vYmFy")]
    record: String,
    created_at: DateTime<Utc>,
    /// Null while it is not verified: providers vouch for nobody on it.
    verified_at: Option<DateTime<Utc>>,
    /// `dns` or `operator`.
    verified_by: Option<String>,
}

impl From<Domain> for DomainOut {
    fn from(domain: Domain) -> Self {
        let record = record(&domain);
        let Domain { name: domain, token: _, created_at, verified_at, verified_by } = domain;
        Self { domain, record, created_at, verified_at, verified_by }
    }
}

/// Email domains.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainsOut {
    data: Vec<DomainOut>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DomainIn {
    #[schema(example = "example.com")]
    domain: String,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct Which {
    domain: String,
}

/// List the email domains.
#[utoipa::path(get, path = "/v2/sso/domains", tag = "sso", operation_id = "list_sso_domains",
    responses((status = 200, body = DomainsOut)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<DomainsOut>, AppError> {
    let all = domains::list(&mut by.tx().await?).await?;
    Ok(Json(DomainsOut { data: all.into_iter().map(DomainOut::from).collect() }))
}

/// Claim an email domain, or look again for the record of one that is claimed.
#[utoipa::path(post, path = "/v2/sso/domains", tag = "sso", operation_id = "claim_sso_domain", request_body = DomainIn,
    responses((status = 200, body = DomainOut), (status = 201, body = DomainOut, description = "Newly claimed."),
        (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 422, description = "It is no domain, or its record is not there yet.")))]
pub(crate) async fn post(
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(DomainIn { domain }): Json<DomainIn>,
) -> Result<(StatusCode, Json<DomainOut>), AppError> {
    let known = domains::find(&mut by.tx().await?, &parse(&domain)?).await?;
    if known.is_some() {
        return Ok((StatusCode::OK, Json(verify_now(&by, &domain, &origin).await?.into())));
    }
    Ok((StatusCode::CREATED, Json(add(&by, &domain, &origin).await?.into())))
}

/// Give a domain up: providers vouch for nobody on it any more.
#[utoipa::path(delete, path = "/v2/sso/domains", tag = "sso", operation_id = "remove_sso_domain", params(Which),
    responses((status = 204, description = "It is given up.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Query(Which { domain }): Query<Which>,
) -> Result<StatusCode, AppError> {
    remove(&identity, &by, &domain, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn add(by: &Allowed<ManagePeople>, domain: &str, origin: &Origin) -> Result<Domain, AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    let claimed = claim(&mut tx, domain, by.actor(), origin).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// Looks for the record now; the answer waits for the domain name system.
pub(crate) async fn verify_now(by: &Allowed<ManagePeople>, domain: &str, origin: &Origin) -> Result<Domain, AppError> {
    by.fresh()?;
    let domain = parse(domain)?;
    let none = || AppError::not_found("domain");
    let known = domains::find(&mut by.tx().await?, &domain).await?.ok_or_else(none)?;
    if known.verified_at.is_some() {
        return Ok(known);
    }
    look_up(by.kernel(), &known).await?;
    let mut tx = by.tx().await?;
    proved(&mut tx, &domain, "dns", by.actor(), origin).await?;
    let now = domains::find(&mut tx, &domain).await?.ok_or_else(none)?;
    tx.commit().await?;
    Ok(now)
}

pub(crate) async fn remove(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    domain: &str,
    origin: &Origin,
) -> Result<(), AppError> {
    by.fresh()?;
    let domain = parse(domain)?;
    let mut tx = by.tx().await?;
    if !domains::remove(&mut tx, &domain).await? {
        return Err(AppError::not_found("domain"));
    }
    let entry = AuditEntry::new(by.actor(), "sso.domain_removed").about("sso").detail(json!({ "domain": domain }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(())
}
