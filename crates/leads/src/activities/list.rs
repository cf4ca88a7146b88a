//! `GET /v2/leads/{id}/activities` and `GET /v2/leads/{id}/meetings`.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ActivityId, LeadId};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};

use super::ActivityOut;
use crate::desk::store;

type Key = (DateTime<Utc>, ActivityId);

/// Activities of a lead, newest first, of one kind or all.
pub(crate) async fn read(
    tx: &mut OrgTx,
    lead: LeadId,
    kind: Option<&str>,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<ActivityOut>, sqlx::Error> {
    sqlx::query_as(
        "select id, lead_id, kind, title, body, starts_at, ends_at, by_actor, at from activities \
         where org_id = $1 and lead_id = $2 and ($3::text is null or kind = $3) \
         and ($4::timestamptz is null or (at, id) < ($4, $5)) order by at desc, id desc limit $6",
    )
    .bind(tx.org())
    .bind(lead)
    .bind(kind)
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

async fn page_of(
    by: &Allowed<View>,
    lead: LeadId,
    kind: Option<&str>,
    page: Page<Key>,
) -> Result<Json<Listed<ActivityOut>>, AppError> {
    let mut tx = by.tx().await?;
    store::find(&mut tx, lead).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let rows = read(&mut tx, lead, kind, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| (row.at, row.id))?))
}

/// List what was done with a lead, newest first.
#[utoipa::path(get, path = "/v2/leads/{id}/activities", tag = "leads", params(PageParams),
    responses((status = 200, body = Listed<ActivityOut>)))]
pub(crate) async fn list_activities(
    by: Allowed<View>,
    page: Page<Key>,
    Path(id): Path<LeadId>,
) -> Result<Json<Listed<ActivityOut>>, AppError> {
    page_of(&by, id, None, page).await
}

/// List a lead's meetings, the one planned last first.
#[utoipa::path(get, path = "/v2/leads/{id}/meetings", tag = "leads", params(PageParams),
    responses((status = 200, body = Listed<ActivityOut>)))]
pub(crate) async fn list_meetings(
    by: Allowed<View>,
    page: Page<Key>,
    Path(id): Path<LeadId>,
) -> Result<Json<Listed<ActivityOut>>, AppError> {
    page_of(&by, id, Some("meeting"), page).await
}
