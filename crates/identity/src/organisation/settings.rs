//! `GET` and `PATCH /v2/organisation`: name and time zone.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::ledger::{Event, Fact, Subject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::{ManagePeople, View};
use shell::{Allowed, AppError, Json};
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;

/// The organisation.
#[derive(Clone, Debug, FromRow, Serialize, ToSchema)]
pub(crate) struct OrganisationOut {
    pub(crate) id: OrgId,
    #[schema(example = "Northwind Dental & Aesthetics")]
    pub(crate) name: String,
    #[schema(example = "Europe/Berlin")]
    pub(crate) time_zone: String,
    /// The plan's word.
    pub(crate) plan: String,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct OrganisationPatch {
    /// Absent keeps it.
    pub(crate) name: Option<String>,
    /// A name of the time zone database; absent keeps it.
    #[schema(example = "Europe/Berlin")]
    pub(crate) time_zone: Option<String>,
}

/// Show the organisation.
#[utoipa::path(get, path = "/v2/organisation", tag = "organisation", responses((status = 200, body = OrganisationOut)))]
pub(crate) async fn get(by: Allowed<View>) -> Result<Json<OrganisationOut>, AppError> {
    Ok(Json(show(&mut by.tx().await?, "").await?))
}

/// Change the organisation's name or time zone.
#[utoipa::path(patch, path = "/v2/organisation", tag = "organisation", request_body = OrganisationPatch,
    responses((status = 200, body = OrganisationOut)))]
pub(crate) async fn patch(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(patch): Json<OrganisationPatch>,
) -> Result<Json<OrganisationOut>, AppError> {
    Ok(Json(change(&identity, &by, patch, &origin).await?))
}

/// The organisation's row; `lock` may hold it.
pub(crate) async fn show(tx: &mut OrgTx, lock: &str) -> Result<OrganisationOut, AppError> {
    let query = format!("select id, name, time_zone, plan, created_at from organisations where id = $1{lock}");
    let row = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).fetch_optional(tx.conn()).await?;
    row.ok_or_else(|| AppError::not_found("organisation"))
}

pub(crate) async fn change(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    patch: OrganisationPatch,
    origin: &Origin,
) -> Result<OrganisationOut, AppError> {
    let OrganisationPatch { name, time_zone } = patch;
    let mut check = Check::default();
    let name = name.map(|name| check.name("name", &name));
    if let Some(zone) = &time_zone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        check.complain("time_zone", "is not a time zone such as Europe/Berlin");
    }
    check.done()?;
    let mut tx = by.tx().await?;
    let before = show(&mut tx, " for update").await?;
    let after = OrganisationOut {
        name: name.unwrap_or_else(|| before.name.clone()),
        time_zone: time_zone.unwrap_or_else(|| before.time_zone.clone()),
        ..before.clone()
    };
    if (&after.name, &after.time_zone) == (&before.name, &before.time_zone) {
        return Ok(after);
    }
    sqlx::query("update organisations set name = $2, time_zone = $3 where id = $1")
        .bind(tx.org())
        .bind(&after.name)
        .bind(&after.time_zone)
        .execute(tx.conn())
        .await?;
    let values = |row: &OrganisationOut| json!({ "name": row.name, "time_zone": row.time_zone });
    let entry =
        AuditEntry::new(by.actor(), "organisation.changed").about(by.org()).change(values(&before), values(&after));
    let fact = Fact::SettingsChanged { group: "organisation".to_owned() };
    tx.append(Event::new(Subject::Org(by.org()), by.actor(), fact));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    // Pages show the name from what is known of the session.
    identity.doorkeeper().forget();
    Ok(after)
}
