//! `/v2/privacy/holds`: legal holds. While one lasts, neither erasure nor retention removes anything of the contact.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, HoldId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use shell::auth::permission::ErasePersonalData;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;

/// A hold to place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldIn {
    contact_id: ContactId,
    /// Why, for those who will ask; at most 100 characters. It goes with the contact.
    reason: String,
}

/// A legal hold.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct HoldOut {
    pub id: HoldId,
    pub contact_id: ContactId,
    pub reason: String,
    pub placed_by: String,
    pub placed_at: DateTime<Utc>,
    pub released_at: Option<DateTime<Utc>>,
}

/// Holds before a cursor, newest first; ended ones too.
pub(super) async fn rows(
    tx: &mut OrgTx,
    before: Option<HoldId>,
    limit: i64,
    open_only: bool,
) -> Result<Vec<HoldOut>, sqlx::Error> {
    sqlx::query_as(
        "select id, contact_id, reason, placed_by, placed_at, released_at from legal_holds where org_id = $1 \
         and ($2::uuid is null or id < $2) and (not $4 or released_at is null) order by id desc limit $3",
    )
    .bind(tx.org())
    .bind(before)
    .bind(limit)
    .bind(open_only)
    .fetch_all(tx.conn())
    .await
}

/// List legal holds, newest first.
#[utoipa::path(get, path = "/v2/privacy/holds", tag = "privacy", params(PageParams),
    responses((status = 200, body = Listed<HoldOut>)))]
pub(crate) async fn list(
    by: Allowed<ErasePersonalData>,
    page: Page<HoldId>,
) -> Result<Json<Listed<HoldOut>>, AppError> {
    let found = rows(&mut by.tx().await?, page.after, page.fetch(), false).await?;
    Ok(Json(Listed::new(&page, found, |row| row.id)?))
}

/// Place a legal hold on a contact, also on one that is hidden and waits for its erasure.
#[utoipa::path(post, path = "/v2/privacy/holds", tag = "privacy", request_body = HoldIn,
    responses((status = 201, body = HoldOut), (status = 409, description = "There is one already.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Json(given): Json<HoldIn>,
) -> Result<(StatusCode, Json<HoldOut>), AppError> {
    let mut tx = by.tx().await?;
    let held = place(&identity, &mut tx, given.contact_id, &given.reason, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(held)))
}

/// Places a hold.
pub(super) async fn place(
    identity: &Identity,
    tx: &mut OrgTx,
    contact: ContactId,
    reason: &str,
    by: Actor,
    origin: &Origin,
) -> Result<HoldOut, AppError> {
    let mut check = Check::default();
    let reason = check.name("reason", reason);
    check.done()?;
    tx.see_hidden().await?;
    if !identity.holders().know(tx, contact).await.map_err(AppError::internal)? {
        return Err(AppError::not_found("contact"));
    }
    // Waits for an erasure under way, which looks for holds after it locked its row.
    sqlx::query("select 1 from privacy_erasures where org_id = $1 and contact_id = $2 and state = 'hidden' for update")
        .bind(tx.org())
        .bind(contact)
        .execute(tx.conn())
        .await?;
    let held: Option<HoldOut> = sqlx::query_as(
        "insert into legal_holds (org_id, id, contact_id, reason, placed_by, placed_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, contact_id) where released_at is null do nothing \
         returning id, contact_id, reason, placed_by, placed_at, released_at",
    )
    .bind(tx.org())
    .bind(HoldId::new(tx.clock()))
    .bind(contact)
    .bind(reason)
    .bind(by.to_string())
    .bind(tx.clock().now())
    .fetch_optional(tx.conn())
    .await?;
    let held = held.ok_or_else(|| AppError::conflict("a legal hold keeps this contact already"))?;
    let entry = AuditEntry::new(by, "hold.placed").about(contact).from_ip(origin.ip);
    audit::record(tx, entry.detail(serde_json::json!({ "hold": held.id }))).await?;
    Ok(held)
}

/// Release a legal hold: what waited for it goes on.
#[utoipa::path(delete, path = "/v2/privacy/holds/{id}", tag = "privacy", params(("id" = HoldId, Path,)),
    responses((status = 204, description = "It does not hold any more.")))]
pub(crate) async fn delete(
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Path(id): Path<HoldId>,
) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    end(&mut tx, id, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Releases a hold.
pub(super) async fn end(tx: &mut OrgTx, id: HoldId, by: Actor, origin: &Origin) -> Result<(), AppError> {
    let contact: Option<ContactId> = sqlx::query_scalar(
        "update legal_holds set released_at = $3, released_by = $4 where org_id = $1 and id = $2 and released_at is null \
         returning contact_id",
    )
    .bind(tx.org())
    .bind(id)
    .bind(tx.clock().now())
    .bind(by.to_string())
    .fetch_optional(tx.conn())
    .await?;
    let contact = contact.ok_or_else(|| AppError::not_found("legal hold"))?;
    let entry = AuditEntry::new(by, "hold.released").about(contact).from_ip(origin.ip);
    audit::record(tx, entry.detail(serde_json::json!({ "hold": id }))).await?;
    Ok(())
}
