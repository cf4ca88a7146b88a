//! `/v2/security/second-factor`: whether everybody needs a second factor, and from when.
//!
//! The rule is carried by every principal (see [`shell::Principal::factor_due`]), so enforcing it costs a request nothing.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::origin::Origin;
use crate::store::factor_rules::{self, FactorRule};
use crate::{Identity, factors};

/// The longest patience, in days.
const LONGEST_GRACE: i32 = 90;
/// The patience when none is given, in days.
pub(crate) const USUAL_GRACE: i32 = 7;

/// Whether everybody needs a second factor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleOut {
    required: bool,
    /// Days that members have to set one up, from when the rule was made or they joined.
    #[schema(example = 7)]
    grace_days: i32,
    /// Whether members who come in through single sign-on need one too.
    sso_too: bool,
    /// Since when it is required.
    required_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct RuleIn {
    /// Whether everybody needs a second factor.
    pub(crate) required: bool,
    /// Days that members have to set one up: 0 to 90, 7 when absent.
    pub(crate) grace_days: Option<i32>,
    /// Whether members who come in through single sign-on need one too.
    #[serde(default)]
    pub(crate) sso_too: bool,
}

impl From<Option<FactorRule>> for RuleOut {
    fn from(rule: Option<FactorRule>) -> Self {
        match rule {
            Some(FactorRule { required_at, grace_days, sso_too }) => {
                Self { required: true, grace_days, sso_too, required_at: Some(required_at) }
            }
            None => Self { required: false, grace_days: USUAL_GRACE, sso_too: false, required_at: None },
        }
    }
}

/// Show whether everybody needs a second factor.
#[utoipa::path(get, path = "/v2/security/second-factor", tag = "members", responses((status = 200, body = RuleOut)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<RuleOut>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(factor_rules::get(&mut tx).await?.into()))
}

/// Ask everybody for a second factor, or stop asking. Needs a fresh proof; whoever asks has one themselves.
#[utoipa::path(put, path = "/v2/security/second-factor", tag = "members", request_body = RuleIn,
    responses((status = 200, body = RuleOut), (status = 403, description = "`step_up_required`."),
        (status = 409, description = "Set up a second factor of your own first.")))]
pub(crate) async fn put(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(rule): Json<RuleIn>,
) -> Result<Json<RuleOut>, AppError> {
    Ok(Json(set(&identity, &by, rule, &origin).await?.into()))
}

/// Sets the rule.
pub(crate) async fn set(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    RuleIn { required, grace_days, sso_too }: RuleIn,
    origin: &Origin,
) -> Result<Option<FactorRule>, AppError> {
    by.fresh()?;
    let grace_days = grace_days.unwrap_or(USUAL_GRACE);
    if !(0..=LONGEST_GRACE).contains(&grace_days) {
        return Err(AppError::field("grace_days", "must be from 0 to 90"));
    }
    let Actor::User(user) = by.actor() else {
        return Err(AppError::forbidden("a key has no second factor, so it cannot ask for them; sign in to do it"));
    };
    if required && !factors::of(identity, user).await?.any() {
        return Err(AppError::conflict("set up a second factor of your own first, so that you are not locked out"));
    }
    let mut tx = by.tx().await?;
    let rule = if required {
        Some(factor_rules::set(&mut tx, grace_days, sso_too, by.actor()).await?)
    } else {
        factor_rules::remove(&mut tx).await?;
        None
    };
    let detail = json!({ "required": required, "grace_days": grace_days, "sso_too": sso_too });
    let entry = AuditEntry::new(by.actor(), "security.second_factor").about(by.org()).detail(detail);
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(rule)
}
