//! `/v2/privacy/erasures`: hiding a contact at once and removing it after thirty days.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ErasureId};
use serde::{Deserialize, Serialize};
use shell::auth::permission::ErasePersonalData;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use super::certificate::Signed;
use super::run::{self, Erased};
use crate::Identity;
use crate::origin::Origin;

/// Whom to erase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureIn {
    /// The contact. Whoever was merged with it goes too.
    contact_id: ContactId,
}

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasureOut {
    pub id: ErasureId,
    pub contact_id: ContactId,
    /// `hidden` (and can be taken back), `cancelled` or `erased`.
    pub state: String,
    /// Who asked.
    pub by: String,
    pub at: DateTime<Utc>,
    /// When it is removed for good, unless it is taken back or held.
    pub due_at: DateTime<Utc>,
    /// Whether a legal hold stops it.
    pub held: bool,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub erased_at: Option<DateTime<Utc>>,
    /// What was removed, by room and table.
    pub removed: Option<Vec<Erased>>,
    /// Whether its certificate is signed.
    pub certified: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ErasureId,
    contact_id: ContactId,
    state: String,
    by_actor: String,
    at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    held: bool,
    cancelled_at: Option<DateTime<Utc>>,
    erased_at: Option<DateTime<Utc>>,
    removed: Option<sqlx::types::Json<Vec<Erased>>>,
    certified: bool,
}

impl From<Row> for ErasureOut {
    fn from(row: Row) -> Self {
        let Row { id, contact_id, state, by_actor, at, due_at, held, cancelled_at, erased_at, removed, certified } =
            row;
        let removed = removed.map(|removed| removed.0);
        Self { id, contact_id, state, by: by_actor, at, due_at, held, cancelled_at, erased_at, removed, certified }
    }
}

macro_rules! columns {
    () => {
        "select e.id, e.contact_id, e.state, e.by_actor, e.at, e.due_at, e.cancelled_at, e.erased_at, e.removed, \
           e.certificate is not null as certified, e.state = 'hidden' and exists (select 1 from legal_holds h \
             where h.org_id = e.org_id and h.contact_id = e.contact_id and h.released_at is null) as held \
         from privacy_erasures e where e.org_id = $1 "
    };
}

/// Erasures before a cursor, newest first.
pub(super) async fn rows(
    tx: &mut OrgTx,
    before: Option<ErasureId>,
    limit: i64,
) -> Result<Vec<ErasureOut>, sqlx::Error> {
    let rows: Vec<Row> =
        sqlx::query_as(concat!(columns!(), "and ($2::uuid is null or e.id < $2) order by e.id desc limit $3"))
            .bind(tx.org())
            .bind(before)
            .bind(limit)
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(ErasureOut::from).collect())
}

/// One erasure.
pub(super) async fn find(tx: &mut OrgTx, id: ErasureId) -> Result<ErasureOut, AppError> {
    let row: Option<Row> =
        sqlx::query_as(concat!(columns!(), "and e.id = $2")).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    row.map(ErasureOut::from).ok_or_else(|| AppError::not_found("erasure"))
}

/// List erasures, newest first.
#[utoipa::path(get, path = "/v2/privacy/erasures", tag = "privacy", params(PageParams),
    responses((status = 200, body = Listed<ErasureOut>)))]
pub(crate) async fn list(
    by: Allowed<ErasePersonalData>,
    page: Page<ErasureId>,
) -> Result<Json<Listed<ErasureOut>>, AppError> {
    let found = rows(&mut by.tx().await?, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, found, |row| row.id)?))
}

/// Erase a contact: hidden everywhere at once, removed after 30 days.
#[utoipa::path(post, path = "/v2/privacy/erasures", tag = "privacy", request_body = ErasureIn,
    responses((status = 202, body = ErasureOut), (status = 409, description = "A legal hold keeps the contact.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Json(given): Json<ErasureIn>,
) -> Result<(StatusCode, Json<ErasureOut>), AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    let id = run::request(&identity, &mut tx, given.contact_id, by.actor(), &origin).await?;
    let out = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(out)))
}

/// An erasure.
#[utoipa::path(get, path = "/v2/privacy/erasures/{id}", tag = "privacy", params(("id" = ErasureId, Path,)),
    responses((status = 200, body = ErasureOut)))]
pub(crate) async fn get(
    by: Allowed<ErasePersonalData>,
    Path(id): Path<ErasureId>,
) -> Result<Json<ErasureOut>, AppError> {
    Ok(Json(find(&mut by.tx().await?, id).await?))
}

/// Take an erasure back: everything is as it was. Who wrote meanwhile stays a contact of their own.
#[utoipa::path(delete, path = "/v2/privacy/erasures/{id}", tag = "privacy", params(("id" = ErasureId, Path,)),
    responses((status = 200, body = ErasureOut), (status = 404, description = "It is not hidden any more.")))]
pub(crate) async fn delete(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Path(id): Path<ErasureId>,
) -> Result<Json<ErasureOut>, AppError> {
    let mut tx = by.tx().await?;
    run::cancel(&identity, &mut tx, id, by.actor(), &origin).await?;
    let out = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(out))
}

/// The signed certificate of an erasure.
#[utoipa::path(get, path = "/v2/privacy/erasures/{id}/certificate", tag = "privacy", params(("id" = ErasureId, Path,)),
    responses((status = 200, body = Signed), (status = 404, description = "It is not erased, or a CRM has not answered yet.")))]
pub(crate) async fn certificate(
    by: Allowed<ErasePersonalData>,
    Path(id): Path<ErasureId>,
) -> Result<Json<Signed>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(signed(&mut tx, id).await?.ok_or_else(|| AppError::not_found("certificate yet"))?))
}

/// The certificate with its signature, when there is one.
pub(super) async fn signed(tx: &mut OrgTx, id: ErasureId) -> Result<Option<Signed>, sqlx::Error> {
    let row: Option<(String, Vec<u8>, String, Vec<u8>)> = sqlx::query_as(
        "select certificate, signature, kid, public_key from privacy_erasures where org_id = $1 and id = $2 and certificate is not null",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|(certificate, signature, kid, key)| Signed::new(certificate, &signature, kid, &key)))
}
