//! `POST /v2/contacts/{id}/merge` and `DELETE /v2/contacts/merges/{id}`: two contacts become one, and two again.
//!
//! A merge is always a person's decision. It writes down exactly what it moved, so that undoing it leaves every row as it was:
//! what happened meanwhile stays with the contact that was kept. Conversations follow by the ledger.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, LeadId, uuid_at};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Json, Path};
use sqlx::types::Json as Stored;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Field;
use crate::core::Core;

/// Whom to take in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeIn {
    /// The contact that becomes part of the one in the address.
    other: ContactId,
}

/// A merge that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergeOut {
    /// What undoes it: `DELETE /v2/contacts/merges/{id}`.
    id: String,
    kept: ContactId,
    merged: ContactId,
}

/// What a merge moved, as its row keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Moved {
    /// As their rows hold them.
    identities: Vec<(ChannelId, String)>,
    leads: Vec<LeadId>,
    /// Open leads that were closed because the kept contact had one already.
    closed: Vec<LeadId>,
    /// Columns that the kept contact lacked and took over.
    filled: Vec<String>,
}

/// A contact as far as merging goes.
#[derive(sqlx::FromRow)]
struct Side {
    id: ContactId,
    merged_into: Option<ContactId>,
    name: Option<Vec<u8>>,
    username: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
}

impl Side {
    fn sealed(&self, field: Field) -> Option<&[u8]> {
        match field {
            Field::Name => self.name.as_deref(),
            Field::Username => self.username.as_deref(),
            Field::Email => self.email.as_deref(),
            Field::Phone => self.phone.as_deref(),
        }
    }
}

/// Make two contacts one: the accounts, conversations and leads of the other come to this one.
#[utoipa::path(post, path = "/v2/contacts/{id}/merge", tag = "contacts", request_body = MergeIn, responses((status = 201, body = MergeOut)))]
pub(crate) async fn merge_contacts(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(kept): Path<ContactId>,
    Json(given): Json<MergeIn>,
) -> Result<(StatusCode, Json<MergeOut>), AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let id = merge(&mut tx, &vault, kept, given.other, by.actor()).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(MergeOut { id: id.to_string(), kept, merged: given.other })))
}

/// Undo a merge: both contacts are as they were.
#[utoipa::path(delete, path = "/v2/contacts/merges/{id}", tag = "contacts", responses((status = 204)))]
pub(crate) async fn unmerge_contacts(by: Allowed<Reply>, Path(id): Path<Uuid>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    unmerge(&mut tx, id, by.actor()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn merge(
    tx: &mut OrgTx,
    vault: &OrgVault,
    kept: ContactId,
    other: ContactId,
    by: Actor,
) -> Result<Uuid, AppError> {
    if kept == other {
        return Err(AppError::field("other", "is the same contact"));
    }
    let (into, from) = both(tx, kept, other).await?;
    if into.merged_into.is_some() || from.merged_into.is_some() {
        return Err(AppError::conflict(
            "one of them is part of another contact already: undo that merge, or merge with the contact that was kept",
        ));
    }
    let filled = fill(tx, vault, &into, &from).await?;
    let identities = sqlx::query_as(
        "update contact_identities set contact_id = $3 where org_id = $1 and contact_id = $2 returning channel_id, platform_id",
    )
    .bind(tx.org())
    .bind(other)
    .bind(kept)
    .fetch_all(tx.conn())
    .await?;
    let (leads, closed) = move_leads(tx, kept, other).await?;
    set_merged_into(tx, other, Some(kept)).await?;
    let moved = Moved { identities, leads, closed, filled };
    let id = uuid_at(tx.clock().now());
    sqlx::query("insert into contact_merges (org_id, id, kept_id, merged_id, moved, by_actor, at) values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(tx.org())
        .bind(id)
        .bind(kept)
        .bind(other)
        .bind(Stored(&moved))
        .bind(by.to_string())
        .bind(tx.clock().now())
        .execute(tx.conn())
        .await?;
    audit::record(tx, AuditEntry::new(by, "contact.merged").about(kept)).await?;
    tx.append(Event::new(Subject::Contact(kept), by, Fact::ContactMerged { kept, merged: other }));
    Ok(id)
}

async fn unmerge(tx: &mut OrgTx, id: Uuid, by: Actor) -> Result<(), AppError> {
    let row: Option<(ContactId, ContactId, Stored<Moved>)> = sqlx::query_as(
        "update contact_merges set undone_at = $3 where org_id = $1 and id = $2 and undone_at is null returning kept_id, merged_id, moved",
    )
    .bind(tx.org())
    .bind(id)
    .bind(tx.clock().now())
    .fetch_optional(tx.conn())
    .await?;
    let (kept, merged, Stored(moved)) = row.ok_or_else(|| AppError::not_found("merge that could be undone"))?;
    let (into, from) = both(tx, kept, merged).await?;
    if into.merged_into.is_some() || from.merged_into != Some(kept) {
        return Err(AppError::conflict(
            "the contact that was kept became part of another one since: undo that merge first",
        ));
    }
    give_back(tx, kept, merged, &moved).await?;
    set_merged_into(tx, merged, None).await?;
    audit::record(tx, AuditEntry::new(by, "contact.unmerged").about(kept)).await?;
    tx.append(Event::new(Subject::Contact(kept), by, Fact::ContactUnmerged { kept, restored: merged }));
    Ok(())
}

/// Locks both contacts, in one order for everybody.
async fn both(tx: &mut OrgTx, kept: ContactId, other: ContactId) -> Result<(Side, Side), AppError> {
    let mut sides: Vec<Side> = sqlx::query_as(
        "select id, merged_into, name, username, email, phone from contacts \
         where org_id = $1 and id = any($2) and erased_at is null order by id for update",
    )
    .bind(tx.org())
    .bind([kept.uuid(), other.uuid()])
    .fetch_all(tx.conn())
    .await?;
    let mut take = |id: ContactId| {
        let place = sides.iter().position(|side| side.id == id).ok_or_else(|| AppError::not_found("contact"))?;
        Ok::<_, AppError>(sides.swap_remove(place))
    };
    Ok((take(kept)?, take(other)?))
}

/// Gives the kept contact what it lacks and the other has; says which columns.
async fn fill(tx: &mut OrgTx, vault: &OrgVault, into: &Side, from: &Side) -> Result<Vec<String>, AppError> {
    let mut filled = Vec::new();
    for field in [Field::Name, Field::Username, Field::Email, Field::Phone] {
        let lacking = into.sealed(field).is_none();
        let Some(value) = field.open(vault, from.id, from.sealed(field)).filter(|_| lacking) else { continue };
        let (sealed, index) = field.seal(vault, into.id, &value).map_err(AppError::internal)?;
        let column = field.word();
        let sql = format!("update contacts set {column} = $3, {column}_index = $4 where org_id = $1 and id = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tx.org())
            .bind(into.id)
            .bind(sealed)
            .bind(index)
            .execute(tx.conn())
            .await?;
        filled.push(column.to_owned());
    }
    for column in ["company", "language"] {
        let sql = format!(
            "update contacts k set {column} = o.{column} from contacts o where k.org_id = $1 and k.id = $2 and o.org_id = $1 and o.id = $3 \
             and k.{column} is null and o.{column} is not null"
        );
        let done =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(into.id).bind(from.id).execute(tx.conn()).await?;
        if done.rows_affected() > 0 {
            filled.push(column.to_owned());
        }
    }
    Ok(filled)
}

/// Moves the other's leads; where both have an open one, the other's is closed: one open lead a contact.
async fn move_leads(
    tx: &mut OrgTx,
    kept: ContactId,
    other: ContactId,
) -> Result<(Vec<LeadId>, Vec<LeadId>), sqlx::Error> {
    let closed = sqlx::query_scalar(
        "update leads l set closed_at = $4 where org_id = $1 and contact_id = $2 and closed_at is null and exists \
           (select 1 from leads k where k.org_id = $1 and k.contact_id = $3 and k.closed_at is null) returning id",
    )
    .bind(tx.org())
    .bind(other)
    .bind(kept)
    .bind(tx.clock().now())
    .fetch_all(tx.conn())
    .await?;
    let moved =
        sqlx::query_scalar("update leads set contact_id = $3 where org_id = $1 and contact_id = $2 returning id")
            .bind(tx.org())
            .bind(other)
            .bind(kept)
            .fetch_all(tx.conn())
            .await?;
    Ok((moved, closed))
}

/// Gives back what was moved and takes away what was filled, unless it was changed since.
async fn give_back(tx: &mut OrgTx, kept: ContactId, merged: ContactId, moved: &Moved) -> Result<(), AppError> {
    let (channels, ids): (Vec<Uuid>, Vec<&str>) =
        moved.identities.iter().map(|(channel, id)| (channel.uuid(), id.as_str())).unzip();
    sqlx::query(
        "update contact_identities i set contact_id = $3 from unnest($4::uuid[], $5::text[]) as m (channel_id, platform_id) \
         where i.org_id = $1 and i.contact_id = $2 and i.channel_id = m.channel_id and i.platform_id = m.platform_id",
    )
    .bind(tx.org())
    .bind(kept)
    .bind(merged)
    .bind(channels)
    .bind(ids)
    .execute(tx.conn())
    .await?;
    let uuids = |leads: &[LeadId]| leads.iter().map(|lead| lead.uuid()).collect::<Vec<Uuid>>();
    sqlx::query(
        "update leads set contact_id = $3, closed_at = case when id = any($5) then null else closed_at end \
         where org_id = $1 and contact_id = $2 and id = any($4)",
    )
    .bind(tx.org())
    .bind(kept)
    .bind(merged)
    .bind(uuids(&moved.leads))
    .bind(uuids(&moved.closed))
    .execute(tx.conn())
    .await?;
    for column in &moved.filled {
        // Fingerprints of equal values are equal, whosever row they are in.
        let (sets, same) = match column.as_str() {
            "name" | "username" | "email" | "phone" => {
                (format!("{column} = null, {column}_index = null"), format!("k.{column}_index = o.{column}_index"))
            }
            "company" | "language" => (format!("{column} = null"), format!("k.{column} = o.{column}")),
            _ => continue,
        };
        let sql = format!(
            "update contacts k set {sets} from contacts o where k.org_id = $1 and k.id = $2 and o.org_id = $1 and o.id = $3 and {same}"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(kept).bind(merged).execute(tx.conn()).await?;
    }
    Ok(())
}

async fn set_merged_into(tx: &mut OrgTx, contact: ContactId, into: Option<ContactId>) -> Result<(), sqlx::Error> {
    sqlx::query("update contacts set merged_into = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(contact)
        .bind(into)
        .execute(tx.conn())
        .await?;
    Ok(())
}
