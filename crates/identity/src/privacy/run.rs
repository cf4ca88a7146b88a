//! Hiding, restoring and erasing a contact, whoever asks: the API, a page, the clock or the operator.

use chrono::{DateTime, Duration, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ErasureId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::privacy::{Holders, Removed, Traces};
use serde::{Deserialize, Serialize};
use shell::AppError;
use sqlx::types::Json;

use crate::Identity;
use crate::origin::Origin;

/// How long a hidden contact can be brought back.
pub(crate) const GRACE: Duration = Duration::days(30);

/// What one holder removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Erased {
    /// The room that kept it.
    pub holder: String,
    /// The table, or another place.
    pub place: String,
    /// How many rows.
    pub rows: u64,
}

/// Hides a contact everywhere and writes down when it is to be gone.
pub async fn request(
    identity: &Identity,
    tx: &mut OrgTx,
    contact: ContactId,
    by: Actor,
    origin: &Origin,
) -> Result<ErasureId, AppError> {
    let holders = identity.holders();
    if !holders.know(tx, contact).await.map_err(AppError::internal)? {
        return Err(AppError::not_found("contact"));
    }
    tx.see_hidden().await?;
    let traces = holders.gather(tx, contact).await.map_err(AppError::internal)?;
    if held(tx, &traces).await? {
        return Err(AppError::conflict("a legal hold keeps this contact: nothing was hidden; release the hold first"));
    }
    hide(holders, tx, &traces).await.map_err(AppError::internal)?;
    let (id, now) = (ErasureId::new(tx.clock()), tx.clock().now());
    sqlx::query(
        "insert into privacy_erasures (org_id, id, contact_id, by_actor, at, due_at, ids) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(contact)
    .bind(by.to_string())
    .bind(now)
    .bind(now + GRACE)
    .bind(Json(&traces))
    .execute(tx.conn())
    .await?;
    tx.append(Event::new(Subject::Contact(contact), by, Fact::ContactHidden { contact }));
    let entry = AuditEntry::new(by, "erasure.requested").about(contact).from_ip(origin.ip);
    audit::record(tx, entry.detail(serde_json::json!({ "erasure": id, "due_at": now + GRACE }))).await?;
    Ok(id)
}

pub(super) async fn hide(holders: &Holders, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
    for holder in holders.iter() {
        holder.hide(tx, traces).await?;
    }
    Ok(())
}

/// Brings a hidden contact back as it was.
pub(super) async fn cancel(
    identity: &Identity,
    tx: &mut OrgTx,
    id: ErasureId,
    by: Actor,
    origin: &Origin,
) -> Result<ContactId, AppError> {
    let contact: Option<ContactId> = sqlx::query_scalar(
        "update privacy_erasures set state = 'cancelled', cancelled_at = $3, cancelled_by = $4 \
         where org_id = $1 and id = $2 and state = 'hidden' returning contact_id",
    )
    .bind(tx.org())
    .bind(id)
    .bind(tx.clock().now())
    .bind(by.to_string())
    .fetch_optional(tx.conn())
    .await?;
    let contact = contact.ok_or_else(|| AppError::not_found("erasure that could be taken back"))?;
    tx.see_hidden().await?;
    let holders = identity.holders();
    let traces = holders.gather(tx, contact).await.map_err(AppError::internal)?;
    for holder in holders.iter() {
        holder.restore(tx, &traces).await.map_err(AppError::internal)?;
    }
    tx.append(Event::new(Subject::Contact(contact), by, Fact::ContactRestored { contact }));
    let entry = AuditEntry::new(by, "erasure.cancelled").about(contact).from_ip(origin.ip);
    audit::record(tx, entry.detail(serde_json::json!({ "erasure": id }))).await?;
    Ok(contact)
}

/// Whether a legal hold keeps somebody of these. The row is locked, so that a hold placed now is seen.
pub(super) async fn held(tx: &mut OrgTx, traces: &Traces) -> Result<bool, sqlx::Error> {
    let found: Option<i32> = sqlx::query_scalar(
        "select 1 from legal_holds where org_id = $1 and contact_id = any($2) and released_at is null limit 1",
    )
    .bind(tx.org())
    .bind(traces.contact_ids())
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}

/// Removes a hidden contact for good, in one transaction; nothing when it is not hidden any more or a hold keeps it.
pub async fn erase_requested(
    identity: &Identity,
    org: OrgId,
    id: ErasureId,
    by: Actor,
) -> anyhow::Result<Option<Vec<Erased>>> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let found: Option<(ContactId, DateTime<Utc>)> = sqlx::query_as(
        "select contact_id, at from privacy_erasures where org_id = $1 and id = $2 and state = 'hidden' for update",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some((contact, _)) = found else { return Ok(None) };
    tx.see_hidden().await?;
    let traces = identity.holders().gather(&mut tx, contact).await?;
    if held(&mut tx, &traces).await? {
        return Ok(None);
    }
    let erased = remove(identity.holders(), &mut tx, &traces, id).await?;
    sqlx::query(
        "update privacy_erasures set state = 'erased', erased_at = $3, erased_by = $4, ids = $5, removed = $6 \
         where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(tx.clock().now())
    .bind(by.to_string())
    .bind(Json(&traces))
    .bind(Json(&erased))
    .execute(tx.conn())
    .await?;
    tx.append(Event::new(Subject::Contact(contact), by, Fact::ContactErased { contact }));
    let entry = AuditEntry::new(by, "erasure.done").about(contact);
    audit::record(&mut tx, entry.detail(serde_json::json!({ "erasure": id }))).await?;
    tx.commit().await?;
    Ok(Some(erased))
}

/// Removes what was under way when a contact was erased: rows that a job or a follower wrote a moment later.
pub(super) async fn sweep(identity: &Identity, org: OrgId, id: ErasureId) -> anyhow::Result<()> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let ids: Option<Json<Traces>> = sqlx::query_scalar(
        "select ids from privacy_erasures where org_id = $1 and id = $2 and state = 'erased' and swept_at is null for update",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(Json(traces)) = ids else { return Ok(()) };
    tx.see_hidden().await?;
    remove(identity.holders(), &mut tx, &traces, id).await?;
    sqlx::query("update privacy_erasures set swept_at = $3 where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .bind(tx.clock().now())
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn remove(holders: &Holders, tx: &mut OrgTx, traces: &Traces, id: ErasureId) -> anyhow::Result<Vec<Erased>> {
    let mut all = Vec::new();
    for holder in holders.iter() {
        let removed = holder.erase(tx, traces, id.uuid()).await?;
        all.extend(removed.into_iter().map(|Removed { place, rows }| Erased {
            holder: holder.name().to_owned(),
            place,
            rows,
        }));
    }
    Ok(all)
}

/// Erases a contact at once: for the operator. A hold still stops it.
pub async fn erase_now(
    identity: &Identity,
    org: OrgId,
    contact: ContactId,
) -> anyhow::Result<(ErasureId, Vec<Erased>)> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let open: Option<ErasureId> = sqlx::query_scalar(
        "select id from privacy_erasures where org_id = $1 and contact_id = $2 and state = 'hidden'",
    )
    .bind(org)
    .bind(contact)
    .fetch_optional(tx.conn())
    .await?;
    let id = match open {
        Some(id) => id,
        None => request(identity, &mut tx, contact, Actor::System, &Origin::default())
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?,
    };
    tx.commit().await?;
    let erased = erase_requested(identity, org, id, Actor::System).await?;
    let erased = erased
        .ok_or_else(|| anyhow::anyhow!("a legal hold keeps this contact: it stays hidden; release the hold first"))?;
    Ok((id, erased))
}
